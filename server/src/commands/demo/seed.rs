//! The demo's people, works and thirty days of use, told through the same deeds people do in the
//! browser and machines do at the gate, with a clock that is moved along.
//!
//! Always true: the same program makes the same world, but for ids, keys and secrets.

mod site;
mod use_history;
mod works;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        access_token::{TokenSecret, TypedLimits},
        actor::{Actor, Member, Role, Who},
        identity::ProvenIdentity,
        ids::{AssetId, LicenseId, OrgId, PersonId, TokenId},
        pricing::TypedTiers,
        terms::Scope,
    },
    services::{
        Clock, Error, Result, Services, assets,
        gate::{Keeper, Settings},
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
const DAYS: i64 = 30;

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
    fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Somebody in the story.
#[derive(Clone, Copy)]
struct Hero {
    person_id: PersonId,
    org_id: OrgId,
}

/// A licensed work and a token for it.
struct Held {
    asset: &'static Work,
    secret: TokenSecret,
}

struct Story {
    services: Services,
    clock: Arc<StoryClock>,
    issuer: String,
}

/// Fills an empty database. `gazette` is where the pages of the demo's site come from.
pub async fn fill(
    services: Services,
    settings: Settings,
    issuer: &str,
    gazette: &str,
) -> Result<()> {
    let now = services.now();
    let begin = now - TimeDelta::days(DAYS + 1);
    let clock = Arc::new(StoryClock(AtomicI64::new(begin.timestamp_micros())));
    let services = Services { clock: clock.clone(), ..services };
    let story = Story { services, clock, issuer: issuer.to_owned() };

    let (hollow_fen, cobalt, ostrava) = story.found().await?;
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
    story.clock.set(begin + TimeDelta::hours(12));
    let mut held = Vec::new();
    for (asset_id, work) in &on_offer {
        for buyer in [cobalt, ostrava] {
            if let Some(secret) =
                story.license(buyer, *asset_id, work, buyer.org_id == cobalt.org_id).await?
            {
                held.push(Held { asset: work, secret });
            }
        }
    }
    let keeper = Keeper::open(story.services.clone(), settings).await?;
    let told = use_history::tell(&story, &keeper, &held, now).await;
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
        let proven = ProvenIdentity::new(
            &self.issuer,
            &known.subject,
            Some(&known.name),
            Some(&known.email),
        )?;
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
    ) -> Result<Option<TokenSecret>> {
        let Some(offer) = offers::current(&self.services, asset_id).await? else { return Ok(None) };
        let owned = works::OSTRAVA.iter().any(|own| own.title == work.title);
        if !keen && (owned || work.file_name != works::LICENSED_BY_BOTH) {
            return Ok(None);
        }
        let Some(paid) = offer.tiers.last() else { return Ok(None) };
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
        let scopes: Vec<Scope> = paid.tier.scopes.clone();
        let name = if scopes.contains(&Scope::Training) { "Nightly crawl" } else { "Assistant" };
        let limits = TypedLimits::default();
        let (name, expires_in_days) = (name.into(), None);
        let new = NewToken { token_id, license_id, name, scopes, expires_in_days, limits };
        tokens::create(&self.services, &actor, new).await
    }
}

fn act(who: Who) -> Actor {
    Actor { who, request_id: mint() }
}
