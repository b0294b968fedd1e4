//! Services for tests: a real database, content in memory, a clock that stands until it is moved.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use object_store::memory::InMemory;
use sqlx::PgPool;

use super::{
    Clock, Result, Services,
    assets::{self, NewAsset},
    catalogue,
    content::ContentStore,
    identity::{self, NewOrganization},
    licenses::Acceptance,
    mint,
    offers::{self, NewOffer},
    reports::CursorKey,
};
use crate::domain::{
    actor::{Actor, Who},
    asset::Particulars,
    catalogue::Search,
    identity::ProvenIdentity,
    ids::AssetId,
    pricing::TypedTiers,
};

/// A folder that goes away with its test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("imprimatur-{}", mint::<AssetId>()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A clock that a test moves; it starts at 2026-03-02 10:00 UTC.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_micros().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Services on this database, and their clock.
pub(crate) fn services(pool: PgPool) -> (Services, Arc<TestClock>) {
    let clock = Arc::new(TestClock(AtomicI64::new(1_772_445_600_000_000)));
    let services = Services {
        pool,
        clock: clock.clone(),
        content: ContentStore::new(Arc::new(InMemory::new()), 1024 * 1024),
        live: false,
    };
    (services, clock)
}

/// The owner of a new organization that sells and buys.
pub(crate) async fn owner(services: &Services, name: &str) -> Actor {
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    let proven = ProvenIdentity::new("https://id.example", name, Some(name), None).unwrap();
    let person_id = identity::sign_in(services, &visitor, proven).await.unwrap().person_id;
    let person = Actor { who: Who::Person(person_id), ..visitor };
    let new = NewOrganization {
        org_id: mint(),
        name: name.into(),
        creator: true,
        buyer: true,
        person_name: None,
    };
    let org_id = identity::found_organization(services, &person, new).await.unwrap().org_id;
    let member = identity::member_of(&services.pool, person_id, org_id).await.unwrap();
    Actor { who: Who::Member(member.unwrap()), ..person }
}

/// A text, uploaded and not registered yet.
pub(crate) async fn uploaded(services: &Services, asset_id: AssetId, text: &str) -> NewAsset {
    let chunk = Ok::<_, std::io::Error>(text.to_owned().into());
    NewAsset {
        asset_id,
        particulars: Particulars::parse("The Salt Roads", "", "Mira Holm", "text").unwrap(),
        file_name: "salt-roads.txt".into(),
        staged: services.content.stage(futures::stream::iter([chunk])).await.unwrap(),
    }
}

/// A registered text.
pub(crate) async fn work(services: &Services, creator: &Actor, text: &str) -> AssetId {
    let new = uploaded(services, mint(), text).await;
    assets::register(services, creator, new).await.unwrap().work().unwrap()
}

/// An offer under a template, as its form would be filled in.
pub(crate) fn offer(asset_id: AssetId, template: &str) -> NewOffer {
    let tiers = TypedTiers {
        currency: "USD".into(),
        free_units: "10".into(),
        free_rate: "10".into(),
        paid_name: "Standard".into(),
        paid_base: "2500".into(),
        paid_units: "50000".into(),
        paid_overage: "5".into(),
        paid_rate: "100".into(),
        ..TypedTiers::default()
    };
    NewOffer { offer_id: mint(), asset_id, terms: template.into(), tiers, buyer: String::new() }
}

/// A registered text on offer.
pub(crate) async fn offered(services: &Services, creator: &Actor, template: &str) -> AssetId {
    let asset_id: AssetId = mint();
    let asset_id = work(services, creator, &asset_id.to_string()).await;
    offers::publish(services, creator, offer(asset_id, template)).await.unwrap();
    asset_id
}

/// The first page of the whole catalogue.
pub(crate) async fn catalogue(services: &Services, actor: &Actor) -> Result<catalogue::Page> {
    let key = CursorKey::new(&[7; 32]);
    catalogue::page(services, &key, actor, &Search::default(), None).await
}

/// The acceptance of the offer that stands, on its paid tier.
pub(crate) async fn acceptance(services: &Services, asset_id: AssetId) -> Acceptance {
    let standing = offers::current(services, asset_id).await.unwrap().unwrap();
    Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: standing.tiers[1].tier_id,
        terms_digest: standing.terms.digest,
        agreed: true,
    }
}

/// The code of the refusal that must have been the answer.
pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T>) -> &'static str {
    answer.unwrap_err().refusal().unwrap().code
}
