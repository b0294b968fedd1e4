//! What is drawn: hills by day and by night, maps with their contours, woven patterns.

use super::{
    Piece,
    png::{Canvas, Colour},
    seed, slug,
};
use crate::commands::demo::seed::dice::Dice;

const WIDTH: usize = 480;
const HEIGHT: usize = 320;

const HILLS: [&str; 20] = [
    "Fells before rain",
    "Seven ridges, morning",
    "The pass in October",
    "Low sun on the wold",
    "Moonrise over slate",
    "Ember evening",
    "The long valley",
    "Haze, after harvest",
    "First frost",
    "Summer, past nine",
    "Where the road turns",
    "Blue hour, north side",
    "Heather",
    "Before the storm",
    "Quarry hill",
    "Winter wheat",
    "The far range",
    "Dust road, noon",
    "Violet ridge",
    "Last light on the tarn",
];

/// Sky, sun, and the farthest and the nearest ridge.
const HOURS: [[Colour; 4]; 5] = [
    [[246, 232, 211], [224, 122, 75], [214, 190, 170], [58, 62, 80]],
    [[222, 234, 238], [250, 214, 140], [178, 200, 204], [36, 74, 84]],
    [[40, 46, 74], [238, 232, 208], [70, 80, 112], [14, 18, 34]],
    [[250, 220, 190], [196, 60, 60], [226, 160, 140], [70, 30, 50]],
    [[238, 240, 226], [240, 180, 60], [190, 206, 170], [40, 68, 48]],
];

/// A print: ridges behind ridges under a sun or a moon.
pub fn print(number: usize) -> Piece {
    let mut dice = Dice::new(seed(6, number));
    let [sky, sun, far, near] = HOURS[number % HOURS.len()];
    let ridges: u8 = 7;
    let mut palette = vec![sky, sun];
    palette.extend((0..ridges).map(|ridge| between(far, near, ridge.into(), (ridges - 1).into())));
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    canvas.disc((dice.within(70, 410), dice.within(50, 110)), dice.within(18, 34), 1);
    for ridge in 0..ridges {
        let base = 110 + 30 * i64::from(ridge);
        let (phase, other) = (dice.within(0, 4096), dice.within(0, 4096));
        let (long, short) = (dice.within(9, 16), dice.within(31, 57));
        for x in 0..WIDTH {
            let along = i64::try_from(x).unwrap_or(0);
            let swell = wave(along * long + phase) * 26 / 1024;
            let bumps = wave(along * short + other) * (4 + i64::from(ridge)) / 1024;
            let grain = dice.within(0, 2);
            canvas.column(x, usize::try_from(base + swell + bumps + grain).unwrap_or(0), ridge + 2);
        }
    }
    let title = HILLS[number].to_owned();
    Piece {
        file_name: format!("{}.png", slug(&title)),
        description: format!(
            "A print in {} colours from the series Ridgelines, sheet {} of {}. Drawn for screens at 480 by 320.",
            palette.len(),
            number + 1,
            HILLS.len()
        ),
        title,
        kind: "image",
        tags: "landscape, print, ridgelines".into(),
        language: "",
        bytes: canvas.png(&palette),
    }
}

const ISLANDS: [&str; 20] = [
    "Skerra",
    "Holm of Ire",
    "Vesper Rock",
    "Great Aldry",
    "Little Aldry",
    "Tarn Isle",
    "Mewstone",
    "Kelda",
    "The Anvil",
    "Orrin",
    "Gull Bank",
    "Sula Head",
    "Fenna",
    "Brough Holm",
    "Longstrand",
    "Hesper",
    "Calder Isle",
    "Noup",
    "Stack of Ru",
    "Ward Holm",
];

/// A map: an island with its heights in steps, and the line between two steps.
pub fn map(number: usize) -> Piece {
    const STEPS: i64 = 7;
    let mut dice = Dice::new(seed(7, number));
    let palette: [Colour; 9] = [
        [206, 222, 230],
        [222, 232, 226],
        [232, 232, 206],
        [222, 218, 180],
        [206, 196, 152],
        [188, 170, 126],
        [168, 142, 104],
        [148, 116, 88],
        [96, 84, 72],
    ];
    let hills: Vec<(i64, i64, i64, i64)> = (0..7)
        .map(|_| {
            (dice.within(90, 390), dice.within(70, 250), dice.within(50, 120), dice.within(30, 90))
        })
        .collect();
    let height = |x: i64, y: i64| {
        let raised: i64 = hills
            .iter()
            .map(|&(cx, cy, reach, top)| {
                let away = (x - cx).pow(2) + (y - cy).pow(2);
                let reach = reach * reach;
                if away >= reach { 0 } else { top * (reach - away) / reach }
            })
            .sum();
        let rough = (wave(x * 23 + wave(y * 11)) + wave(y * 29 + wave(x * 13))) * 4 / 1024;
        raised + rough - 14
    };
    let step = |height: i64| (height.max(-1) + 21).div_euclid(21).clamp(0, STEPS);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let mut above = vec![0; WIDTH];
    for y in 0..HEIGHT {
        let mut left = 0;
        for (x, above) in above.iter_mut().enumerate() {
            let at = |of: usize| i64::try_from(of).unwrap_or(0);
            let here = step(height(at(x), at(y)));
            let line = x > 0 && y > 0 && (here != left || here != *above);
            canvas.dot(x, y, if line { 8 } else { u8::try_from(here).unwrap_or(0) });
            (left, *above) = (here, here);
        }
    }
    let title = format!("{}, sheet {}", ISLANDS[number], number + 1);
    Piece {
        file_name: format!("{}.png", slug(&title)),
        description: format!(
            "A relief map of an island that is in no atlas, with contours every {} metres. Made for games and for teaching how to read heights.",
            dice.within(1, 5) * 10
        ),
        title,
        kind: "image",
        tags: "map, contours, relief".into(),
        language: "",
        bytes: canvas.png(&palette),
    }
}

const CLOTHS: [&str; 20] = [
    "Herringbone, rust",
    "Bird’s eye, slate",
    "Twill, madder",
    "Diamond, indigo",
    "Plain check, moss",
    "Broken twill, ochre",
    "Rosepath, brick",
    "Basket, ink",
    "Goose eye, teal",
    "Monk’s belt, plum",
    "Herringbone, pine",
    "Bird’s eye, clay",
    "Twill, walnut",
    "Diamond, wine",
    "Plain check, sea",
    "Broken twill, rose",
    "Rosepath, leaf",
    "Basket, cocoa",
    "Goose eye, steel",
    "Monk’s belt, gold",
];

/// A weave: threads over and under each other as a draft says, with a border now and then.
pub fn weave(number: usize) -> Piece {
    const THREAD: usize = 5;
    let mut dice = Dice::new(seed(8, number));
    let colour = |dice: &mut Dice, low, high| -> Colour {
        [(); 3].map(|()| u8::try_from(dice.within(low, high)).unwrap_or(0))
    };
    let warp = colour(&mut dice, 205, 246);
    let weft = colour(&mut dice, 30, 150);
    let stripe = colour(&mut dice, 90, 200);
    let dark = |c: Colour| c.map(|part| part / 5 * 4);
    let palette = [warp, dark(warp), weft, dark(weft), stripe, dark(stripe)];
    let (turn, every) = (dice.within(5, 13), dice.within(11, 19));
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let thread = |of: usize| i64::try_from(of / THREAD).unwrap_or(0);
            let (end, pick) = (thread(x), thread(y));
            let zigzag = (end.rem_euclid(2 * turn) - turn).abs();
            let over = match number % 5 {
                0 => (zigzag + pick).rem_euclid(4) < 2,
                1 => (zigzag + (pick.rem_euclid(2 * turn) - turn).abs()).rem_euclid(4) < 2,
                2 => (end + pick).rem_euclid(3) == 0,
                3 => (zigzag - (pick.rem_euclid(2 * turn) - turn).abs()).rem_euclid(5) < 2,
                _ => (end / 2 + pick / 2).rem_euclid(2) == 0,
            };
            let striped =
                pick.rem_euclid(every) < 2 || (number >= 10 && end.rem_euclid(every) == 0);
            // The edge of a thread lies in its shadow.
            let edge = u8::from(if over { x % THREAD == 0 } else { y % THREAD == 0 });
            let of = if over {
                0
            } else if striped {
                4
            } else {
                2
            };
            canvas.dot(x, y, of + edge);
        }
    }
    let title = CLOTHS[number].to_owned();
    Piece {
        file_name: format!("{}.png", slug(&title)),
        description: format!(
            "A weaving draft drawn out, thread for thread: {} ends to a repeat. It tiles.",
            2 * turn
        ),
        title,
        kind: "image",
        tags: "textile, pattern, weaving".into(),
        language: "",
        bytes: canvas.png(&palette),
    }
}

/// Up and down between -1024 and 1024, as softly as two parabolas; 4096 is once around.
fn wave(at: i64) -> i64 {
    let phase = at.rem_euclid(4096);
    let half = phase.rem_euclid(2048);
    let arch = half * (2048 - half) / 1024;
    if phase < 2048 { arch } else { -arch }
}

fn between(from: Colour, to: Colour, part: i64, of: i64) -> Colour {
    let mix = |a: u8, b: u8| i64::from(a) + (i64::from(b) - i64::from(a)) * part / of.max(1);
    let mut mixed = from;
    for (at, part) in mixed.iter_mut().enumerate() {
        *part = u8::try_from(mix(from[at], to[at])).unwrap_or(0);
    }
    mixed
}
