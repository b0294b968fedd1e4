//! What is programmed: small modules that convert old measures, and readers of gauges.

use super::{Piece, seed};
use crate::commands::demo::seed::dice::Dice;

/// A measure, and how many thousandths of which unit one of it is.
const MEASURES: [(&str, &str, u64); 20] = [
    ("fathom", "metre", 1_829),
    ("furlong", "metre", 201_168),
    ("chain", "metre", 20_117),
    ("league", "metre", 4_828_032),
    ("cable", "metre", 185_200),
    ("ell", "metre", 1_143),
    ("hand", "millimetre", 101_600),
    ("rod", "metre", 5_029),
    ("acre", "square_metre", 4_046_856),
    ("rood", "square_metre", 1_011_714),
    ("bushel", "litre", 36_369),
    ("peck", "litre", 9_092),
    ("gallon", "litre", 4_546),
    ("gill", "millilitre", 142_065),
    ("firkin", "litre", 40_915),
    ("stone", "kilogram", 6_350),
    ("pennyweight", "milligram", 1_555_174),
    ("grain", "milligram", 64_799),
    ("knot", "metre_per_hour", 1_852_000),
    ("hogshead", "litre", 245_489),
];

/// A module of Rust.
pub fn rust(number: usize) -> Piece {
    let mut dice = Dice::new(seed(4, number));
    let (measure, unit, thousandths) = MEASURES[number];
    let words = unit.replace('_', " ");
    let count = dice.within(3, 40).unsigned_abs();
    let text = format!(
        "//! The {measure}, in whole thousandths of a {words}: no rounding until the end.\n\n\
         /// Thousandths of a {words} in one {measure}.\n\
         pub const PER_{upper}: u64 = {thousandths};\n\n\
         /// So many of them, in thousandths of a {words}; nothing where that is too many to count.\n\
         pub const fn to_thousandths(count: u64) -> Option<u64> {{\n    count.checked_mul(PER_{upper})\n}}\n\n\
         /// How many whole ones are in so many thousandths, and what is left over.\n\
         pub const fn from_thousandths(thousandths: u64) -> (u64, u64) {{\n    (thousandths / PER_{upper}, thousandths % PER_{upper})\n}}\n\n\
         #[cfg(test)]\nmod tests {{\n    use super::*;\n\n    #[test]\n    fn there_and_back() {{\n        \
         assert_eq!(to_thousandths({count}), Some({product}));\n        \
         assert_eq!(from_thousandths({over}), ({count}, {left}));\n        \
         assert_eq!(to_thousandths(u64::MAX), None);\n    }}\n}}\n",
        upper = measure.to_uppercase(),
        product = count * thousandths,
        over = count * thousandths + count,
        left = count,
    );
    Piece {
        title: format!("measures-{measure}"),
        description: format!(
            "Converts the {measure} to the {words} in whole numbers, with tests. One file of Rust, no dependencies."
        ),
        file_name: format!("{measure}.rs"),
        kind: "code",
        tags: "rust, measures, conversion".into(),
        language: "",
        bytes: text.into_bytes(),
    }
}

/// An instrument, what it reads, its unit, and the least and the most it can read.
const GAUGES: [(&str, &str, &str, i64, i64); 20] = [
    ("rain", "depth", "mm", 0, 400),
    ("stage", "level", "cm", -80, 620),
    ("anemometer", "speed", "kn", 0, 120),
    ("barometer", "pressure", "hPa", 930, 1060),
    ("thermograph", "temperature", "degC", -30, 48),
    ("hygrometer", "humidity", "percent", 0, 100),
    ("turbidity", "cloudiness", "NTU", 0, 4000),
    ("conductivity", "conductivity", "uS/cm", 0, 60_000),
    ("piezometer", "head", "cm", 0, 900),
    ("snow", "depth", "cm", 0, 300),
    ("sunshine", "minutes", "min", 0, 1020),
    ("evaporation", "loss", "mm", 0, 20),
    ("flow", "discharge", "l/s", 0, 90_000),
    ("oxygen", "saturation", "percent", 0, 200),
    ("frost", "depth", "cm", 0, 150),
    ("noise", "level", "dB", 20, 130),
    ("seismometer", "velocity", "um/s", 0, 5000),
    ("counter", "vehicles", "per hour", 0, 4000),
    ("scale", "mass", "g", 0, 30_000),
    ("strain", "strain", "ppm", -2000, 2000),
];

/// A script of Python.
pub fn python(number: usize) -> Piece {
    let (gauge, reads, unit, least, most) = GAUGES[number];
    let text = format!(
        "\"\"\"Reads the log of a {gauge} gauge and says what is in it.\n\n\
         A line is a time, a comma and the {reads} in {unit}. What the gauge cannot have read\n\
         is counted and left out.\n\"\"\"\n\n\
         import sys\nfrom datetime import datetime\n\n\
         LEAST, MOST = {least}, {most}  # {unit}\n\n\n\
         def readings(lines):\n    \"\"\"Pairs of time and {reads}, and how many lines were bad.\"\"\"\n    \
         good, bad = [], 0\n    for line in lines:\n        try:\n            \
         at, value = line.strip().split(\",\")\n            \
         value = float(value)\n            if not LEAST <= value <= MOST:\n                raise ValueError(value)\n            \
         good.append((datetime.fromisoformat(at), value))\n        except ValueError:\n            bad += 1\n    \
         return good, bad\n\n\n\
         def by_day(good):\n    \"\"\"The {reads} of each day, in the order of time.\"\"\"\n    days = {{}}\n    \
         for at, value in sorted(good):\n        days.setdefault(at.date(), []).append(value)\n    return days\n\n\n\
         def main():\n    good, bad = readings(sys.stdin)\n    for day, values in by_day(good).items():\n        \
         mean = sum(values) / len(values)\n        \
         print(f\"{{day}}  {{min(values):8.1f}} {{mean:8.1f}} {{max(values):8.1f}} {unit}\")\n    \
         if bad:\n        print(f\"{{bad}} lines were left out\", file=sys.stderr)\n\n\n\
         if __name__ == \"__main__\":\n    main()\n"
    );
    Piece {
        title: format!("gauge-{gauge}"),
        description: format!(
            "Reads the log of a {gauge} gauge from standard input: least, mean and most {reads} of each day. Python, nothing to install."
        ),
        file_name: format!("{gauge}.py"),
        kind: "code",
        tags: "python, instruments, logs".into(),
        language: "",
        bytes: text.into_bytes(),
    }
}
