//! The demo's people, works and ninety days of use, told through the same deeds people do in the
//! browser and machines do at the gate, with a clock that is moved along.
//!
//! Always true: the same program makes the same world, but for ids, keys and secrets.

mod cast;
mod dice;
mod made;
mod shelves;
mod site;
mod use_history;
mod works;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        access_token::{TokenSecret, TypedLimits},
        actor::{Actor, Member, Role, Who},
        asset::ContentId,
        identity::ProvenIdentity,
        ids::{AssetId, LicenseId, OrgId, PersonId, TokenId},
        pricing::TypedTiers,
        terms::{self, Scope},
    },
    services::{
        Clock, Error, Result, Services, assets,
        content::Staged,
        gate::{
            Keeper, Settings,
            attempts::{AttemptKey, Attempts, Client},
        },
        identity::{self, Invite, NewOrganization},
        licenses::{self, Acceptance},
        mint,
        offers::{self, NewOffer},
        tokens::{self, NewToken},
    },
};

use crate::sandbox::authorization_server::SandboxPerson;
use works::Work;

/// The world begins so many days ago.
const DAYS: i64 = 90;
/// Before that the creators register their works, for so many days.
const STOCKING: i64 = 32;

/// What the crawlers of the two buyers one can sign in as call themselves.
const COBALT_AGENT: &str = "CobaltCrawler/4.0 (+https://cobalt.example/crawler)";
const OSTRAVA_AGENT: &str = "ostrava-reader/1.2";

/// Who can sign in.
pub fn people() -> Vec<SandboxPerson> {
    let person = |subject: &str, name: &str, about: &str| SandboxPerson {
        subject: subject.to_owned(),
        name: name.to_owned(),
        email: format!("{subject}@imprimatur.example"),
        about: about.to_owned(),
    };
    vec![
        person("mira", "Mira Okafor", "owner of Hollow Fen Press, a creator"),
        person("jonas", "Jonas Weber", "owner of Cobalt Research, a buyer"),
        person("ada", "Ada Lindqvist", "owner of Ostrava Labs, creator and buyer"),
        person("tomas", "Tomás Rivera", "viewer at Hollow Fen Press, finance at Cobalt Research"),
        person("noor", "Noor Haddad", "new here: no organization yet"),
    ]
}

/// A clock that the story moves.
struct StoryClock(AtomicI64);

impl StoryClock {
    fn told(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn forward(&self, by: TimeDelta) {
        self.set(self.told() + by);
    }

    fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> DateTime<Utc> {
        self.told()
    }
}

/// Somebody in the story.
#[derive(Clone, Copy)]
struct Hero {
    person_id: PersonId,
    org_id: OrgId,
}

/// A licensed work, a token for it, and the machine that holds it.
struct Held {
    buyer: Hero,
    license_id: LicenseId,
    content_id: ContentId,
    bytes: u64,
    scopes: Vec<Scope>,
    secret: TokenSecret,
    client: Client,
    /// When it was licensed.
    since: DateTime<Utc>,
    /// How much it is used, beside the others.
    weight: i64,
}

struct Story {
    services: Services,
    clock: Arc<StoryClock>,
    issuer: String,
}

/// Fills an empty database. `gazette` is where the pages of the demo's site come from; clients are
/// told apart under `attempt_key`.
pub async fn fill(
    services: Services,
    settings: Settings,
    attempt_key: AttemptKey,
    issuer: &str,
    gazette: &str,
) -> Result<()> {
    let now = services.now();
    let begin = now - TimeDelta::days(DAYS + 1);
    let founded = begin - TimeDelta::days(STOCKING);
    let clock = Arc::new(StoryClock(AtomicI64::new(founded.timestamp_micros())));
    let services = Services { clock: clock.clone(), ..services };
    let story = Story { services, clock, issuer: issuer.to_owned() };

    let (hollow_fen, cobalt, ostrava) = story.found().await?;
    let listed = story.stock(hollow_fen, ostrava).await?;
    let mut on_offer = Vec::new();
    for (at, work) in (0..).zip(works::HOLLOW_FEN) {
        story.clock.set(begin + TimeDelta::hours(2 + at));
        on_offer.push((story.register(hollow_fen, work).await?, work));
    }
    for work in works::OSTRAVA {
        on_offer.push((story.register(ostrava, work).await?, work));
    }
    story.clock.set(begin + TimeDelta::hours(11));
    site::publish(&story, hollow_fen, cobalt, gazette).await?;
    story.clock.set(begin + TimeDelta::minutes(11 * 60 + 30));
    story.introduce().await?;
    story.clock.set(begin + TimeDelta::hours(12));
    let mut held = Vec::new();
    for (asset_id, work) in &on_offer {
        for buyer in [cobalt, ostrava] {
            held.extend(
                story.license(buyer, *asset_id, work, buyer.org_id == cobalt.org_id).await?,
            );
        }
    }
    held.extend(story.trade(&listed, [(cobalt, COBALT_AGENT), (ostrava, OSTRAVA_AGENT)]).await?);
    let keeper = Keeper::open(story.services.clone(), settings).await?;
    let attempts = Attempts::open(keeper.backroom(), attempt_key);
    let told = use_history::tell(&story, &keeper, &attempts, &held, now).await;
    attempts.close().await;
    keeper.close().await;
    told
}

impl Story {
    async fn found(&self) -> Result<(Hero, Hero, Hero)> {
        let mira = self.person("mira").await?;
        let jonas = self.person("jonas").await?;
        let ada = self.person("ada").await?;
        let tomas = self.person("tomas").await?;
        let hollow_fen = self.organization(mira, "Hollow Fen Press", true, false).await?;
        let cobalt = self.organization(jonas, "Cobalt Research", false, true).await?;
        let ostrava = self.organization(ada, "Ostrava Labs", true, true).await?;
        self.join(hollow_fen, tomas, Role::Viewer).await?;
        self.join(cobalt, tomas, Role::Finance).await?;
        Ok((hollow_fen, cobalt, ostrava))
    }

    async fn person(&self, subject: &str) -> Result<PersonId> {
        let known = people().into_iter().find(|person| person.subject == subject);
        let known = known.ok_or_else(|| Error::fault("seeding", "nobody has this subject"))?;
        self.arrive(&known.subject, &known.name).await
    }

    /// Somebody whom nobody can sign in as.
    async fn newcomer(&self, name: &str) -> Result<PersonId> {
        let ascii = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let subject: String = name.to_lowercase().chars().map(ascii).collect();
        self.arrive(&subject, name).await
    }

    async fn arrive(&self, subject: &str, name: &str) -> Result<PersonId> {
        let email = format!("{subject}@imprimatur.example");
        let proven = ProvenIdentity::new(&self.issuer, subject, Some(name), Some(&email))?;
        Ok(identity::sign_in(&self.services, &act(Who::Visitor), proven).await?.person_id)
    }

    async fn organization(
        &self,
        person_id: PersonId,
        name: &str,
        creator: bool,
        buyer: bool,
    ) -> Result<Hero> {
        let new = NewOrganization {
            org_id: mint(),
            name: name.to_owned(),
            creator,
            buyer,
            person_name: None,
        };
        let actor = act(Who::Person(person_id));
        let org_id = identity::found_organization(&self.services, &actor, new).await?.org_id;
        Ok(Hero { person_id, org_id })
    }

    async fn join(&self, host: Hero, person_id: PersonId, role: Role) -> Result<()> {
        let actor = self.acting(host).await?;
        let invite = Invite { invitation_id: mint(), role };
        if let Some(code) = identity::invite(&self.services, &actor, invite).await?.code {
            let guest = act(Who::Person(person_id));
            identity::accept_invitation(&self.services, &guest, &code.reveal()).await?;
        }
        Ok(())
    }

    async fn acting(&self, hero: Hero) -> Result<Actor> {
        let member: Option<Member> =
            identity::member_of(&self.services.pool, hero.person_id, hero.org_id).await?;
        let member =
            member.ok_or_else(|| Error::fault("seeding", "nobody acts for the organization"))?;
        Ok(act(Who::Member(member)))
    }

    async fn register(&self, creator: Hero, work: &Work) -> Result<AssetId> {
        let actor = self.acting(creator).await?;
        let new = work.new_asset(&self.services, mint()).await?;
        let asset_id = assets::register(&self.services, &actor, new).await?.work()?;
        if let Some(offer) = &work.offer {
            let new = NewOffer {
                offer_id: mint(),
                asset_id,
                terms: offer.terms.to_owned(),
                buyer: String::new(),
                tiers: TypedTiers {
                    currency: "USD".into(),
                    free_units: "1000".into(),
                    free_rate: "10".into(),
                    paid_name: offer.tier.to_owned(),
                    paid_base: offer.base.to_owned(),
                    paid_units: offer.units.to_owned(),
                    paid_overage: offer.overage.to_owned(),
                    paid_rate: "100".into(),
                    ..TypedTiers::default()
                },
            };
            offers::publish(&self.services, &actor, new).await?;
        }
        Ok(asset_id)
    }

    /// Licenses a work on its paid tier, unless it is not on offer or the buyer's own.
    async fn license(
        &self,
        buyer: Hero,
        asset_id: AssetId,
        work: &Work,
        keen: bool,
    ) -> Result<Option<Held>> {
        let Some(offer) = &work.offer else { return Ok(None) };
        let owned = works::OSTRAVA.iter().any(|own| own.title == work.title);
        if !keen && (owned || work.file_name != works::LICENSED_BY_BOTH) {
            return Ok(None);
        }
        let scopes = terms::template(offer.terms)?.terms.scopes;
        let name = if scopes.contains(&Scope::Training) { "Nightly crawl" } else { "Assistant" };
        let Some(token) = self.accept(buyer, asset_id, name).await? else { return Ok(None) };
        let (seat, agent) = if keen { (1, COBALT_AGENT) } else { (2, OSTRAVA_AGENT) };
        let weight = if work.file_name == works::LICENSED_BY_BOTH { 0 } else { 36 };
        let bytes = work.bytes().into_bytes();
        self.held((buyer, seat, agent), &bytes, offer.terms, token, weight).map(Some)
    }

    /// Accepts the paid tier of an offer and creates a token; nothing where there is no offer.
    async fn accept(
        &self,
        buyer: Hero,
        asset_id: AssetId,
        token: &str,
    ) -> Result<Option<(LicenseId, TokenSecret)>> {
        let Some(offer) = offers::current(&self.services, asset_id).await? else { return Ok(None) };
        let Some(paid) = offer.tiers.iter().find(|tier| !tier.tier.is_free()) else {
            return Ok(None);
        };
        let actor = self.acting(buyer).await?;
        let license_id: LicenseId = mint();
        let acceptance = Acceptance {
            license_id,
            asset_id,
            tier_id: paid.tier_id,
            terms_digest: offer.terms.digest,
            agreed: true,
        };
        licenses::accept(&self.services, &actor, acceptance).await?;
        let token_id: TokenId = mint();
        let limits = TypedLimits::default();
        let (name, scopes, expires_in_days) = (token.to_owned(), paid.tier.scopes.clone(), None);
        let new = NewToken { token_id, license_id, name, scopes, expires_in_days, limits };
        let secret = tokens::create(&self.services, &actor, new).await?;
        Ok(secret.map(|secret| (license_id, secret)))
    }

    /// What somebody at this seat holds; each seat has a network of its own.
    fn held(
        &self,
        (buyer, seat, agent): (Hero, usize, &str),
        bytes: &[u8],
        terms: &str,
        (license_id, secret): (LicenseId, TokenSecret),
        weight: i64,
    ) -> Result<Held> {
        let address = Ipv4Addr::new(198, 51, 100, u8::try_from(16 * seat % 256).unwrap_or(0));
        Ok(Held {
            buyer,
            license_id,
            content_id: ContentId::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            scopes: terms::template(terms)?.terms.scopes,
            secret,
            client: Client::new(address.into(), agent),
            since: self.clock.told(),
            weight,
        })
    }

    async fn stage(&self, bytes: Vec<u8>) -> Result<Staged> {
        let stream = futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes.into())]);
        self.services.content.stage(stream).await
    }
}

fn act(who: Who) -> Actor {
    Actor { who, request_id: mint() }
}
