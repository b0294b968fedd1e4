//! The works of the demo, with real bytes.

use bytes::Bytes;
use imprimatur::{
    domain::{asset::Particulars, ids::AssetId},
    services::{Result, Services, assets::NewAsset},
};

/// The work that two buyers license.
pub const LICENSED_BY_BOTH: &str = "salt-roads.md";

/// A work, and its offer if it has one.
pub struct Work {
    pub title: &'static str,
    pub description: &'static str,
    pub attribution: &'static str,
    pub kind: &'static str,
    pub file_name: &'static str,
    pub offer: Option<Offer>,
    text: fn() -> String,
}

/// An offer's terms template and its paid tier, as typed.
pub struct Offer {
    pub terms: &'static str,
    pub tier: &'static str,
    pub base: &'static str,
    pub units: &'static str,
    pub overage: &'static str,
}

/// The works of Hollow Fen Press, oldest first.
pub const HOLLOW_FEN: &[Work] = &[
    Work {
        title: "The Salt Roads",
        description: "Three linked essays on the salt trade of the fens, from the weighing house to the last load.\n\nFirst printed in 2019; this is the corrected text of 2024.",
        attribution: "Mira Okafor, The Salt Roads, Hollow Fen Press",
        kind: "text",
        file_name: LICENSED_BY_BOTH,
        offer: Some(Offer {
            terms: "training",
            tier: "Standard",
            base: "2500",
            units: "50000",
            overage: "5",
        }),
        text: || include_str!("texts/salt-roads.md").to_owned(),
    },
    Work {
        title: "Letters to a lock-keeper",
        description: "An epistolary story in three letters. Suited to assistants that quote and name their sources.",
        attribution: "Mira Okafor, Letters to a lock-keeper",
        kind: "text",
        file_name: "lock-keeper.md",
        offer: Some(Offer {
            terms: "answers",
            tier: "Standard",
            base: "400",
            units: "20000",
            overage: "8",
        }),
        text: || include_str!("texts/lock-keeper.md").to_owned(),
    },
    Work {
        title: "Tide tables, annotated, 1890",
        description: "High and low water at the sluice for every day of 1890, with the keeper's marks. One row a tide.",
        attribution: "Hollow Fen Press, Tide tables",
        kind: "data",
        file_name: "tides-1890.csv",
        offer: Some(Offer {
            terms: "all-uses",
            tier: "Premium",
            base: "5000",
            units: "100000",
            overage: "3",
        }),
        text: tide_table,
    },
    Work {
        title: "Readings from the marsh",
        description: "Field notes from nine stations, spring to autumn.",
        attribution: "Mira Okafor, Readings from the marsh",
        kind: "text",
        file_name: "marsh-readings.md",
        offer: None,
        text: || include_str!("texts/marsh-readings.md").to_owned(),
    },
];

/// The works of Ostrava Labs.
pub const OSTRAVA: &[Work] = &[Work {
    title: "tidewater",
    description: "A small Rust library that computes tide heights from harmonic constituents, with tests.",
    attribution: "Ostrava Labs, tidewater",
    kind: "code",
    file_name: "tidewater.rs",
    offer: Some(Offer {
        terms: "open-ended",
        tier: "Standard",
        base: "150",
        units: "5000",
        overage: "",
    }),
    text: || include_str!("texts/tidewater.rs.txt").to_owned(),
}];

impl Work {
    /// Its bytes.
    pub fn bytes(&self) -> String {
        (self.text)()
    }

    /// The work, staged and ready to be registered.
    pub async fn new_asset(&self, services: &Services, asset_id: AssetId) -> Result<NewAsset> {
        let bytes = Bytes::from(self.bytes());
        let stream = futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
        Ok(NewAsset {
            asset_id,
            particulars: Particulars::parse(
                self.title,
                self.description,
                self.attribution,
                self.kind,
            )?,
            file_name: self.file_name.to_owned(),
            staged: services.content.stage(stream).await?,
        })
    }
}

/// High and low water twice a day. Springs and neaps follow the half month, in whole centimetres.
fn tide_table() -> String {
    /// Centimetres the range grows from neaps to springs, day by day of a half month.
    const SPRING: [i32; 15] = [0, 6, 18, 36, 58, 82, 104, 118, 112, 92, 68, 44, 24, 10, 2];
    const MONTHS: [(i32, usize); 12] = [
        (1, 31),
        (2, 28),
        (3, 31),
        (4, 30),
        (5, 31),
        (6, 30),
        (7, 31),
        (8, 31),
        (9, 30),
        (10, 31),
        (11, 30),
        (12, 31),
    ];
    let mut table = String::from("date,time,water,height_cm,keeper\n");
    let mut day_of_year: usize = 0;
    // The tide comes about 50 minutes later each day.
    let mut minutes = 195;
    for (month, days) in MONTHS {
        for day in 1..=days {
            let spring = SPRING[day_of_year % SPRING.len()];
            for tide in 0..4 {
                let at = (minutes + tide * 373) % 1440;
                let high = tide % 2 == 0;
                let height = if high { 310 + spring } else { 120 - spring / 2 };
                let water = if high { "high" } else { "low" };
                let mark = if high && spring > 110 { "over the sill" } else { "" };
                table.push_str(&format!(
                    "1890-{month:02}-{day:02},{:02}:{:02},{water},{height},{mark}\n",
                    at / 60,
                    at % 60
                ));
            }
            minutes = (minutes + 50) % 1440;
            day_of_year += 1;
        }
    }
    table
}
