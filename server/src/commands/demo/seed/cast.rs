//! Who else is in the world: ten creators beside those one can sign in as, six buyers, what they ask
//! for their works and what they license from each other.

use chrono::TimeDelta;
use futures::future::try_join_all;
use imprimatur::{
    domain::{
        asset::TypedParticulars,
        ids::{AssetId, LicenseId},
        pricing::TypedTiers,
    },
    services::{
        Result,
        assets::{self, NewAsset},
        licenses, mint,
        offers::{self, NewOffer},
    },
};

use super::{
    Held, Hero, Story,
    dice::Dice,
    made::{self, PIECES, Piece, Trade},
};

/// A creator, and in which currency it sells.
struct Maker {
    org: &'static str,
    person: &'static str,
    trade: Trade,
    currency: &'static str,
}

const fn maker(
    org: &'static str,
    person: &'static str,
    trade: Trade,
    currency: &'static str,
) -> Maker {
    Maker { org, person, trade, currency }
}

const MAKERS: [Maker; 10] = [
    maker("Two Rivers Cookery", "Ines Caldeira", Trade::Recipes, "USD"),
    maker("Fen and Field Notebooks", "Tamsin Gray", Trade::FieldNotes, "USD"),
    maker("Open Gauge Collective", "Kofi Asante", Trade::PythonCode, "USD"),
    maker("Atelier Kestrel", "Margaux Kestrel", Trade::Prints, "EUR"),
    maker("Northlight Cartography", "Eirik Solheim", Trade::Maps, "EUR"),
    maker("Quarry Lane Weavers", "Bronagh Daly", Trade::Weaves, "USD"),
    maker("Varga Field Recordings", "Júlia Varga", Trade::FieldRecordings, "EUR"),
    maker("Bellfounders’ Guild of Liesing", "Anton Grasl", Trade::Bells, "EUR"),
    maker("Saltmarsh Weather Office", "Priya Nair", Trade::Weather, "USD"),
    maker("Meridian Question House", "Samuel Osei", Trade::Questions, "USD"),
];

/// A buyer, who accepts for it, what its crawler calls itself, and how many works it licenses.
const BUYERS: [(&str, &str, &str, usize); 6] = [
    ("Larkspur AI", "Helen Zhou", "LarkspurBot/2.1", 12),
    ("Pelican Search", "Marco Bellini", "PelicanFetch/5 (+https://pelican.example/bot)", 11),
    ("Fathom Models", "Sade Okonkwo", "fathom-loader/0.9", 10),
    ("Kiln Robotics", "Yuki Tanaka", "kiln-ingest/1.4", 7),
    ("Institut Beaumont", "Claire Beaumont", "beaumont-corpus/3", 8),
    ("Halden Assist", "Lars Halden", "HaldenAssist/7.2", 9),
];

/// How many works Cobalt Research and Ostrava Labs license from these creators.
const HEROES_LICENSE: [usize; 2] = [7, 5];

/// How many works the heroes make beside those they are known for.
const HOLLOW_FEN_MAKES: usize = 16;
const OSTRAVA_MAKES: usize = 19;

/// A creator at work.
struct Shop {
    creator: Hero,
    attribution: String,
    trade: Trade,
    currency: &'static str,
    makes: usize,
}

impl Shop {
    fn particulars(&self, piece: &Piece, number: usize) -> TypedParticulars {
        TypedParticulars {
            title: piece.title.clone(),
            description: piece.description.clone(),
            attribution: self.attribution.clone(),
            kind: piece.kind.into(),
            rights: format!("© {}. All rights not licensed here are kept.", self.attribution),
            tags: piece.tags.clone(),
            language: piece.language.into(),
            visibility: visibility(number).into(),
        }
    }
}

impl Shop {
    /// What it asks for a work: each begins at another model, so that the newest works are a mix.
    fn price(&self, kind: &str, number: usize) -> Option<(&'static str, TypedTiers)> {
        let begin = MAKERS.iter().position(|maker| maker.trade == self.trade).unwrap_or(self.makes);
        let is_private = visibility(number) == "private";
        if is_private { None } else { price(kind, number + 3 * begin, self.currency) }
    }
}

/// Nearly everything is listed.
const fn visibility(number: usize) -> &'static str {
    match number {
        18 => "unlisted",
        19 => "private",
        _ => "",
    }
}

/// A work that can be licensed.
pub struct Listed {
    pub asset_id: AssetId,
    creator: Hero,
    piece: Piece,
    terms: &'static str,
    /// Whether each use has its price, and nothing else.
    per_use: bool,
}

impl Story {
    /// Founds the other creators, and lets all of them register and offer their works, one each at
    /// a time, so that the catalogue is mixed.
    pub(super) async fn stock(&self, hollow_fen: Hero, ostrava: Hero) -> Result<Vec<Listed>> {
        let mut shops = vec![
            Shop {
                creator: hollow_fen,
                attribution: "Hollow Fen Press".into(),
                trade: Trade::Essays,
                currency: "USD",
                makes: HOLLOW_FEN_MAKES,
            },
            Shop {
                creator: ostrava,
                attribution: "Ostrava Labs".into(),
                trade: Trade::RustCode,
                currency: "USD",
                makes: OSTRAVA_MAKES,
            },
        ];
        for maker in &MAKERS {
            let person_id = self.newcomer(maker.person).await?;
            let creator = self.organization(person_id, maker.org, true, false).await?;
            let (trade, currency) = (maker.trade, maker.currency);
            let attribution = format!("{}, {}", maker.person, maker.org);
            shops.push(Shop { creator, attribution, trade, currency, makes: PIECES });
        }
        let mut listed = Vec::new();
        for number in 0..PIECES {
            self.clock.forward(TimeDelta::hours(31));
            let busy = shops.iter().filter(|shop| number < shop.makes);
            let made = try_join_all(busy.map(|shop| self.make(shop, number))).await?;
            listed.extend(made.into_iter().flatten());
        }
        self.quarrel(&shops).await?;
        Ok(listed)
    }

    async fn make(&self, shop: &Shop, number: usize) -> Result<Option<Listed>> {
        let actor = self.acting(shop.creator).await?;
        let piece = made::piece(shop.trade, number);
        let asset_id: AssetId = mint();
        let new = NewAsset {
            asset_id,
            particulars: shop.particulars(&piece, number).parse()?,
            file_name: piece.file_name.clone(),
            staged: self.stage(piece.bytes.clone()).await?,
        };
        assets::register(&self.services, &actor, new).await?.work()?;
        let Some((terms, tiers)) = shop.price(piece.kind, number) else {
            return Ok(None);
        };
        let per_use = tiers.model == "per_use";
        let new = NewOffer {
            offer_id: mint(),
            asset_id,
            terms: terms.into(),
            tiers,
            buyer: String::new(),
        };
        offers::publish(&self.services, &actor, new).await?;
        // Shown to people only, it is not fetched at the gate.
        let fetched = terms != "display";
        Ok(fetched.then_some(Listed { asset_id, creator: shop.creator, piece, terms, per_use }))
    }

    /// Somebody registers a file that they were only sent: a claim, which both sides see.
    async fn quarrel(&self, shops: &[Shop]) -> Result<()> {
        let Some(second) = shops.iter().find(|shop| shop.trade == Trade::PythonCode) else {
            return Ok(());
        };
        let theirs = made::piece(Trade::RustCode, 0);
        let piece = Piece { title: "fathoms, our copy".into(), ..theirs };
        let new = NewAsset {
            asset_id: mint(),
            particulars: second.particulars(&piece, 0).parse()?,
            file_name: piece.file_name.clone(),
            staged: self.stage(piece.bytes).await?,
        };
        assets::register(&self.services, &self.acting(second.creator).await?, new).await?;
        Ok(())
    }

    /// Everybody licenses works over the first two months; answers what they hold.
    pub(super) async fn trade(
        &self,
        listed: &[Listed],
        heroes: [(Hero, &'static str); 2],
    ) -> Result<Vec<Held>> {
        let mut buyers: Vec<(Hero, &'static str, usize)> = heroes
            .into_iter()
            .zip(HEROES_LICENSE)
            .map(|((hero, agent), count)| (hero, agent, count))
            .collect();
        for (org, person, agent, count) in BUYERS {
            let person_id = self.newcomer(person).await?;
            let buyer = self.organization(person_id, org, false, true).await?;
            buyers.push((buyer, agent, count));
        }
        let mut dice = Dice::new(240);
        let mut deals = Vec::new();
        for (seat, (buyer, agent, count)) in buyers.into_iter().enumerate() {
            let mut works: Vec<&Listed> =
                listed.iter().filter(|work| work.creator.org_id != buyer.org_id).collect();
            for n in 0..count.min(works.len()) {
                let at = dice.within(0, i64::try_from(works.len()).unwrap_or(1));
                let work = works.swap_remove(usize::try_from(at).unwrap_or(0));
                // Each begins with one, so that no first week is empty.
                let day = if n == 0 { 0 } else { dice.within(0, 62) };
                let weight = dice.within(1, 7) * dice.within(1, 7);
                deals.push((day, seat, buyer, agent, work, weight));
            }
        }
        deals.sort_by_key(|deal| (deal.0, deal.1));
        let begin = self.clock.told();
        let mut held = Vec::new();
        for (day, seat, buyer, agent, work, weight) in deals {
            self.clock.set(begin + TimeDelta::days(day));
            let name = if work.terms == "research" { "Corpus 2026" } else { "Production" };
            let Some((license_id, secret)) = self.accept(buyer, work.asset_id, name).await? else {
                continue;
            };
            let one = self.held(
                (buyer, seat + 1, agent),
                &work.piece.bytes,
                work.terms,
                (license_id, secret),
                weight,
            )?;
            if one.weight > 9 && work.per_use {
                self.cap(buyer, license_id).await?;
            }
            held.push(one);
        }
        self.clock.set(begin);
        Ok(held)
    }

    /// A buyer will not spend more than this on a work in a month, and a busy month reaches it.
    async fn cap(&self, buyer: Hero, license_id: LicenseId) -> Result<()> {
        let actor = self.acting(buyer).await?;
        licenses::set_spend_cap(&self.services, &actor, license_id, "2.50").await?;
        Ok(())
    }
}

/// What a creator asks for a work: every price model comes up, one in ten is not on offer.
fn price(kind: &str, number: usize, currency: &str) -> Option<(&'static str, TypedTiers)> {
    let common = TypedTiers {
        currency: currency.into(),
        free_units: "200".into(),
        free_rate: "10".into(),
        paid_name: "Standard".into(),
        paid_rate: "240".into(),
        ..TypedTiers::default()
    };
    let image = kind == "image";
    let per_use = |price: &str, per: &str| TypedTiers {
        model: "per_use".into(),
        unit: if image { "image" } else { "call" }.into(),
        per: per.into(),
        paid_price: price.into(),
        ..common.clone()
    };
    let subscription = |base: &str, units: &str, overage: &str| TypedTiers {
        paid_base: base.into(),
        paid_units: units.into(),
        paid_overage: overage.into(),
        ..common.clone()
    };
    Some(match number % 10 {
        0 => ("training", subscription("320", "20000", "6")),
        1 => ("answers", per_use("2.40", "1000")),
        2 => (
            "all-uses",
            TypedTiers {
                paid_overrun: "upgrade".into(),
                larger_name: "Studio".into(),
                larger_base: "300".into(),
                larger_units: "12000".into(),
                larger_overage: "9".into(),
                larger_rate: "480".into(),
                ..subscription("120", "3000", "")
            },
        ),
        3 => (
            "all-uses",
            TypedTiers {
                model: "upfront".into(),
                per: "1000".into(),
                paid_base: "4000".into(),
                paid_price: "1.50".into(),
                ..common
            },
        ),
        4 => (
            "answers",
            TypedTiers {
                model: "prepaid".into(),
                rolls_over: true,
                ..subscription("1800", "4000", "5")
            },
        ),
        5 => (
            "answers",
            TypedTiers { model: "revenue_share".into(), paid_share: "6.5".into(), ..common },
        ),
        6 => ("search", per_use("0.80", "1000")),
        7 => (
            "evaluation",
            TypedTiers { paid_name: "Trial".into(), ..subscription("25", "1500", "") },
        ),
        8 if image => ("display", per_use("0.05", "1")),
        8 => ("research", subscription("90", "2500", "")),
        _ => return None,
    })
}
