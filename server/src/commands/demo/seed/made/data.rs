//! What is counted: a year of weather at a station, and questions with their one right answer.

use std::fmt::Write as _;

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::{Value, json};

use super::{Piece, seed, slug};
use crate::commands::demo::seed::dice::Dice;

/// A station, and its height in metres.
const STATIONS: [(&str, i64); 20] = [
    ("Harbour wall", 4),
    ("Lock house", 7),
    ("Mill hill", 61),
    ("Upper moor", 412),
    ("Orchard end", 38),
    ("Ferry landing", 3),
    ("Quarry rim", 188),
    ("Chapel yard", 54),
    ("North dunes", 9),
    ("Signal box", 22),
    ("Pine ridge", 530),
    ("Allotments", 19),
    ("Reservoir", 240),
    ("Old airfield", 76),
    ("Salt works", 2),
    ("Castle mound", 97),
    ("Peat cutting", 12),
    ("Lighthouse", 31),
    ("Water tower", 83),
    ("Seed barn", 45),
];

/// A year of a station's weather, a row a day.
pub fn weather(number: usize) -> Piece {
    let mut dice = Dice::new(seed(11, number));
    let (station, height) = STATIONS[number];
    let year = 2004 + i32::try_from(number).unwrap_or(0);
    let mut text = String::from("date,mean_c,rain_mm,wind_kn,pressure_hpa,note\n");
    let begin = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let (mut drift, mut pressure) = (0, 10_130);
    for date in (0..366).filter_map(|day| begin.checked_add_days(Days::new(day))) {
        if date.year() != year {
            break;
        }
        // Coldest in the middle of January, warmest half a year later; tenths of a degree.
        let from_cold = (i64::from(date.ordinal()) - 15).rem_euclid(365);
        let arch = from_cold * (365 - from_cold) * 160 / 33_306;
        drift = drift * 8 / 10 + dice.within(-25, 26);
        pressure = (pressure + dice.within(-90, 91)).clamp(9_650, 10_480);
        let mean = 25 + arch + drift - height * 65 / 100 / 10;
        let wet = pressure < 10_080 && dice.within(0, 3) > 0;
        let rain = if wet { dice.within(2, 180) } else { 0 };
        let wind = dice.within(2, 14) + if pressure < 9_900 { dice.within(8, 30) } else { 0 };
        let note = match () {
            () if wind > 33 => "gale",
            () if rain > 150 => "flooded path",
            () if mean < 0 => "frost",
            () => "",
        };
        let sign = if mean < 0 { "-" } else { "" };
        let _ = writeln!(
            text,
            "{date},{sign}{}.{},{}.{},{wind},{}.{},{note}",
            mean.abs() / 10,
            mean.abs() % 10,
            rain / 10,
            rain % 10,
            pressure / 10,
            pressure % 10,
        );
    }
    let title = format!("Daily weather, {station}, {year}");
    Piece {
        file_name: format!("{}.csv", slug(&title)),
        description: format!(
            "Mean temperature, rain, wind and pressure for every day of {year}, {height} m above the sea. One row a day, no gaps."
        ),
        title,
        kind: "data",
        tags: "weather, daily, csv".into(),
        language: "en",
        bytes: text.into_bytes(),
    }
}

const LEVELS: [&str; 4] = ["first steps", "everyday", "careful", "hard"];
const SUBJECTS: [&str; 5] = ["Sums", "Weekdays", "Roman numerals", "Clock times", "Change"];

/// Two hundred questions on one subject, as JSON.
pub fn questions(number: usize) -> Piece {
    let mut dice = Dice::new(seed(12, number));
    let (subject, level) = (number % SUBJECTS.len(), number / SUBJECTS.len() % LEVELS.len());
    let size = [20, 100, 1000, 10_000][level];
    let items: Vec<Value> = (1..=200)
        .map(|id| {
            let (question, answer) = question(subject, size, &mut dice);
            json!({ "id": id, "question": question, "answer": answer })
        })
        .collect();
    let title = format!("{}, {}", SUBJECTS[subject], LEVELS[level]);
    let document =
        json!({ "title": title, "license_note": "One right answer each.", "items": items });
    Piece {
        file_name: format!("{}.json", slug(&title)),
        description: "Two hundred questions with one right answer each, worked out and not collected, so none of them is on the web.".into(),
        title,
        kind: "data",
        tags: "questions, evaluation, json".into(),
        language: "en",
        bytes: format!("{document:#}").into_bytes(),
    }
}

fn question(subject: usize, size: i64, dice: &mut Dice) -> (String, String) {
    let (a, b) = (dice.within(1, size), dice.within(1, size));
    match subject {
        0 if dice.within(0, 2) == 0 => (format!("What is {a} times {b}?"), (a * b).to_string()),
        0 => (format!("What is {a} plus {b}?"), (a + b).to_string()),
        1 => {
            let begin = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
            let date = begin + Days::new(a.unsigned_abs() * 7 + b.unsigned_abs());
            let question = format!("Which day of the week is {}?", date.format("%-d %B %Y"));
            (question, date.format("%A").to_string())
        }
        2 => {
            let number = (a * b).rem_euclid(3998) + 1;
            (format!("Write {number} in Roman numerals."), roman(number))
        }
        3 => {
            let (from, minutes) = (a * 7 % 1440, b % 600 + 1);
            let at = |minute: i64| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
            let question = format!("It is {}. What time is it {minutes} minutes later?", at(from));
            (question, at(from + minutes))
        }
        _ => {
            let (price, paid) = (a.min(b), a.max(b));
            let question = format!(
                "Something costs {price} cents and you give {paid}. How much do you get back?"
            );
            (question, format!("{} cents", paid - price))
        }
    }
}

fn roman(mut number: i64) -> String {
    const SIGNS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut written = String::new();
    for (worth, sign) in SIGNS {
        while number >= worth {
            written.push_str(sign);
            number -= worth;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_right() {
        assert_eq!(roman(1994), "MCMXCIV");
        let piece = questions(0);
        let document: Value = serde_json::from_slice(&piece.bytes).unwrap();
        for item in document["items"].as_array().unwrap() {
            let asked = item["question"].as_str().unwrap().trim_end_matches('?');
            let numbers: Vec<i64> = asked.split(' ').filter_map(|word| word.parse().ok()).collect();
            let right = match asked.contains("times") {
                true => numbers[0] * numbers[1],
                false => numbers[0] + numbers[1],
            };
            assert_eq!(item["answer"], right.to_string());
        }
    }
}
