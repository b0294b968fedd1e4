//! What creators say of themselves, what they consent to, and the collections they put together.

use imprimatur::{
    domain::{
        actor::Actor,
        collection::TypedAbout,
        identity,
        ids::AssetId,
        profile::{Consent, Reporting, Said, TypedProfile},
    },
    services::{
        Result,
        assets::{self, AssetRow},
        collections::{self, NewCollection},
        identity::{self as people, EditProfile},
        mint,
    },
};

use super::Story;

/// What an organization says of itself.
struct Portrait {
    org: &'static str,
    jurisdiction: &'static str,
    about: &'static str,
    website: &'static str,
    /// What it says to training, and to commercial use.
    consents: [Said; 2],
}

const GIVEN: [Said; 2] = [Said::Given, Said::Given];
const OPEN: [Said; 2] = [Said::Open, Said::Open];

const PORTRAITS: [Portrait; 9] = [
    Portrait {
        org: "Hollow Fen Press",
        jurisdiction: "GB",
        about: "Essays, letters and records of the fens, edited and printed by two people in a former pumping station.\n\nWe license what we have published since 2011. What is not listed here is not for sale.",
        website: "https://hollowfen.example",
        consents: GIVEN,
    },
    Portrait {
        org: "Ostrava Labs",
        jurisdiction: "CZ",
        about: "Small, well-tested libraries for measuring, and a house that builds assistants with what others wrote.",
        website: "https://ostrava.example",
        consents: GIVEN,
    },
    Portrait {
        org: "Two Rivers Cookery",
        jurisdiction: "PT",
        about: "Recipes for four, cooked twice before they are written down.",
        website: "https://tworivers.example",
        consents: OPEN,
    },
    Portrait {
        org: "Atelier Kestrel",
        jurisdiction: "FR",
        about: "Landscapes in a few flat inks. Margaux Kestrel draws them, and prints each in an edition of forty.",
        website: "https://kestrel.example/prints",
        consents: [Said::Given, Said::Open],
    },
    Portrait {
        org: "Northlight Cartography",
        jurisdiction: "NO",
        about: "Maps of islands that are not there, surveyed as if they were.",
        website: "",
        consents: OPEN,
    },
    Portrait {
        org: "Varga Field Recordings",
        jurisdiction: "HU",
        about: "Weather, water and insects, recorded before people are up.",
        website: "https://varga.example",
        consents: GIVEN,
    },
    Portrait {
        org: "Bellfounders’ Guild of Liesing",
        jurisdiction: "AT",
        about: "The sound of every bell we have cast since 1874.",
        website: "https://liesing.example",
        consents: OPEN,
    },
    Portrait {
        org: "Saltmarsh Weather Office",
        jurisdiction: "IE",
        about: "Daily readings from twenty stations, with no gaps.",
        website: "",
        consents: GIVEN,
    },
    Portrait {
        org: "Meridian Question House",
        jurisdiction: "GH",
        about: "Questions with one right answer, written and checked by teachers.",
        website: "https://meridian.example",
        consents: GIVEN,
    },
];

/// Who sees the use of its works coarsely.
const COARSE: &str = "Bellfounders’ Guild of Liesing";

/// Works that belong together: those with one of these words in their titles.
struct Shelf {
    org: &'static str,
    title: &'static str,
    description: &'static str,
    visibility: &'static str,
    words: &'static [&'static str],
    most: usize,
}

const SHELVES: [Shelf; 8] = [
    Shelf {
        org: "Hollow Fen Press",
        title: "The fens before the pumps",
        description: "How people lived off water: salt, eels, reed and peat, from the accounts they left.\n\nBegin with The Salt Roads.",
        visibility: "listed",
        words: &["salt roads", "eel traps", "reed cutters", "peat diggers", "dyke", "ferrywoman"],
        most: 6,
    },
    Shelf {
        org: "Hollow Fen Press",
        title: "For the spring catalogue",
        description: "Not settled yet.",
        visibility: "private",
        words: &["lock-keeper", "tide tables"],
        most: 4,
    },
    Shelf {
        org: "Two Rivers Cookery",
        title: "A year of soup",
        description: "One pot each, for four.",
        visibility: "listed",
        words: &["soup"],
        most: 8,
    },
    Shelf {
        org: "Two Rivers Cookery",
        title: "Bread that forgives",
        description: "Loaves, rolls and a flatbread that come out well in any oven.",
        visibility: "listed",
        words: &["bread", "loaf", "rolls"],
        most: 8,
    },
    Shelf {
        org: "Atelier Kestrel",
        title: "Hills in four inks",
        description: "Twelve landscapes of one winter, drawn from the same window.",
        visibility: "listed",
        words: &[""],
        most: 12,
    },
    Shelf {
        org: "Varga Field Recordings",
        title: "Water, near and far",
        description: "Rain and surf, with nobody in them.",
        visibility: "listed",
        words: &["rain", "drizzle", "surf", "harbour", "waves", "breakers", "cloudburst"],
        most: 10,
    },
    Shelf {
        org: "Saltmarsh Weather Office",
        title: "Stations by the sea",
        description: "Daily means, rain, wind and pressure from the stations below ten metres. One row a day, the same columns in each.",
        visibility: "listed",
        words: &["harbour", "lock house", "ferry", "sluice", "sea"],
        most: 8,
    },
    Shelf {
        org: "Ostrava Labs",
        title: "Measures, small and tested",
        description: "One unit of measure a crate, no dependencies, the same shape of interface.",
        visibility: "listed",
        words: &["measures"],
        most: 10,
    },
];

impl Story {
    /// Lets creators say who they are, and put works together.
    pub(super) async fn introduce(&self) -> Result<()> {
        for portrait in &PORTRAITS {
            self.portray(portrait).await?;
        }
        let coarse = self.owner_of(COARSE).await?;
        people::choose_reporting(&self.services, &coarse, Reporting::Coarse).await?;
        for shelf in &SHELVES {
            self.shelve(shelf).await?;
        }
        Ok(())
    }

    async fn owner_of(&self, org: &str) -> Result<Actor> {
        people::first_owner(&self.services, &identity::slug(org)).await
    }

    async fn portray(&self, portrait: &Portrait) -> Result<()> {
        let actor = self.owner_of(portrait.org).await?;
        let typed = TypedProfile {
            jurisdiction: portrait.jurisdiction.into(),
            about: portrait.about.into(),
            website: portrait.website.into(),
        };
        people::edit_profile(&self.services, &actor, EditProfile { revision: 0, typed }).await?;
        let said: Vec<_> = Consent::ALL.iter().copied().zip(portrait.consents).collect();
        people::record_consents(&self.services, &actor, &said).await
    }

    async fn shelve(&self, shelf: &Shelf) -> Result<()> {
        let actor = self.owner_of(shelf.org).await?;
        let typed = TypedAbout {
            title: shelf.title.into(),
            description: shelf.description.into(),
            visibility: shelf.visibility.into(),
        };
        let works = assets::list(&self.services, &actor).await?;
        let has = |work: &AssetRow, word: &str| work.title.to_lowercase().contains(word);
        // By the word that comes first, then the oldest first.
        let mut works_in_order: Vec<AssetId> = Vec::new();
        for word in shelf.words {
            let fitting = works.iter().rev().filter(|work| has(work, word));
            for work in fitting {
                if !works_in_order.contains(&work.asset_id) {
                    works_in_order.push(work.asset_id);
                }
            }
        }
        works_in_order.truncate(shelf.most);
        let new = NewCollection { collection_id: mint(), typed, works: works_in_order };
        collections::make(&self.services, &actor, new).await
    }
}
