//! What is played: bells, and places one could have stood in. Short WAV files, 16 bits to a sample.

use super::{Piece, seed, slug};
use crate::commands::demo::seed::dice::Dice;

const RATE: usize = 8000;

/// Name, pitch in Hertz, and weight in kilograms.
const BELLS: [(&str, i64, i64); 20] = [
    ("Great Anselm", 98, 4100),
    ("Vigil", 110, 3100),
    ("Old Thomasin", 123, 2300),
    ("The Miller", 131, 1900),
    ("Saint Erhard", 147, 1400),
    ("Curfew", 165, 1050),
    ("Hedwig", 175, 900),
    ("The Tinker", 196, 660),
    ("Passing bell", 208, 560),
    ("Liesl", 220, 480),
    ("The Notary", 233, 410),
    ("Market bell", 247, 350),
    ("Anna of the Mill", 262, 300),
    ("Fire bell", 277, 250),
    ("School bell", 294, 215),
    ("The Sexton", 311, 185),
    ("Ferry bell", 330, 160),
    ("Little Erhard", 349, 135),
    ("Vesper", 370, 115),
    ("Sanctus", 392, 96),
];

/// The partials of a bell, in hundredths of its strike note, and how loud each is.
const PARTIALS: [(i64, i64, usize); 6] =
    [(50, 30, 15), (100, 34, 12), (120, 26, 9), (150, 16, 7), (200, 22, 5), (267, 9, 3)];

/// A bell, struck a few times.
pub fn bell(number: usize) -> Piece {
    let mut dice = Dice::new(seed(10, number));
    let (name, pitch, weight) = BELLS[number];
    let strokes = 2 + number % 3;
    let apart = RATE * 2;
    let mut samples = vec![0_i64; apart * strokes + RATE];
    for stroke in 0..strokes {
        for (ratio, loud, lasts) in PARTIALS {
            let step = pitch * ratio * 65_536 / 100 / i64::try_from(RATE).unwrap_or(1);
            let (mut phase, mut level) = (dice.within(0, 65_536), loud * 200 * 1024);
            // So much of its level a partial loses with each sample.
            let fade = i64::try_from(lasts * RATE / 12).unwrap_or(1).max(1);
            for sample in samples.iter_mut().skip(stroke * apart) {
                *sample += sine(phase) * (level / 1024) / 32_768;
                phase = (phase + step) & 0xffff;
                level -= level / fade;
            }
        }
    }
    let title = format!("{name}, {strokes} strokes");
    Piece {
        file_name: format!("{}.wav", slug(name)),
        description: format!(
            "A bell of {weight} kg with its strike note at {pitch} Hz, from the guild’s index of bells. Mono, dry, no other bell near."
        ),
        title,
        kind: "audio",
        tags: "bell, sample, mono".into(),
        language: "",
        bytes: wav(&samples),
    }
}

const PLACES: [(&str, &str); 20] = [
    ("Rain on a tin roof", "rain"),
    ("Surf, north beach", "surf"),
    ("Crickets, August", "crickets"),
    ("Wind in a keyhole", "wind"),
    ("Drizzle on canvas", "rain"),
    ("Shingle, outgoing", "surf"),
    ("Bush crickets by the canal", "crickets"),
    ("Wind over the ridge", "wind"),
    ("Cloudburst, courtyard", "rain"),
    ("Harbour swell at night", "surf"),
    ("Meadow after ten", "crickets"),
    ("Draught in the bell loft", "wind"),
    ("Gutter, thawing", "rain"),
    ("Waves under a pier", "surf"),
    ("Vineyard, first dark", "crickets"),
    ("Gale at the lighthouse", "wind"),
    ("Rain on the greenhouse", "rain"),
    ("Breakers from the dunes", "surf"),
    ("Hedge crickets", "crickets"),
    ("Wires in the wind", "wind"),
];

/// A place: noise, shaped the way weather, water and insects shape it.
pub fn field_recording(number: usize) -> Piece {
    let mut dice = Dice::new(seed(9, number));
    let (title, what) = PLACES[number];
    let seconds = 5 + number % 4;
    let (swell, chirp) = (dice.within(3, 9), dice.within(2100, 3300));
    let (mut low, mut lower, mut drop) = (0_i64, 0_i64, 0_i64);
    let mut samples = Vec::with_capacity(seconds * RATE);
    for at in 0..i64::try_from(seconds * RATE).unwrap_or(0) {
        let noise = dice.within(-16_384, 16_384);
        low += (noise - low) / 6;
        lower += (noise - lower) / 24;
        let slow = (sine(at * swell * 65_536 / 64_000) + 32_768) / 2;
        samples.push(match what {
            "rain" => {
                if dice.within(0, 900) == 0 {
                    drop = dice.within(6000, 20_000);
                }
                drop -= drop / 40;
                (noise - low) / 5 + if at % 4 < 2 { drop } else { -drop } / 2
            }
            "surf" => low * slow / 14_000 + noise * (slow / 64) / 4096,
            "crickets" => {
                let on = at % 1600 < 900 && at % 200 < 120;
                low / 8 + if on { sine(at * chirp * 65_536 / 8000) / 5 } else { 0 }
            }
            _ => lower * (slow + 6000) / 7000 + sine(at * (180 + slow / 300) * 8) * slow / 400_000,
        });
    }
    Piece {
        file_name: format!("{}.wav", slug(title)),
        description: format!(
            "{seconds} seconds of {what} for films, games and models that should know what it sounds like. Mono, 8 kHz, no voices."
        ),
        title: title.to_owned(),
        kind: "audio",
        tags: format!("field recording, {what}"),
        language: "",
        bytes: wav(&samples),
    }
}

/// Between -32768 and 32768, as softly as two parabolas; 65536 is once around.
fn sine(at: i64) -> i64 {
    let phase = at.rem_euclid(65_536);
    let half = phase.rem_euclid(32_768);
    let arch = half * (32_768 - half) / 8192;
    if phase < 32_768 { arch } else { -arch }
}

/// The file: one channel of whole numbers.
fn wav(samples: &[i64]) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).unwrap_or(0);
    let rate = u32::try_from(RATE).unwrap_or(0);
    let mut file = Vec::with_capacity(samples.len() * 2 + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    for sample in samples {
        let clipped = i16::try_from((*sample).clamp(-32_000, 32_000)).unwrap_or(0);
        file.extend_from_slice(&clipped.to_le_bytes());
    }
    file
}
