//! The demo's site: Hollow Fen Press also publishes a paper on the web.

use async_trait::async_trait;
use imprimatur::{
    domain::{
        asset::Particulars,
        ids::AssetId,
        pricing::TypedTiers,
        site::{Challenge, Ground, Origin, ProvenBy, SiteHost},
    },
    services::{
        Result,
        licenses::{self, Acceptance},
        mint,
        offers::{self, NewOffer},
        sites::{self, NewSite, Prober},
    },
};

use super::{Hero, Story};
use crate::sandbox::gazette;

/// The host is nobody's, so whoever claims it first has it.
struct Believing;

#[async_trait]
impl Prober for Believing {
    async fn prove(&self, _host: &str, _challenge: &Challenge) -> Option<ProvenBy> {
        Some(ProvenBy::Dns)
    }
}

/// Claims the paper's host, puts its pages on offer and licenses them to a buyer.
pub(super) async fn publish(
    story: &Story,
    creator: Hero,
    buyer: Hero,
    origin: &str,
) -> Result<AssetId> {
    let services = &story.services;
    let actor = story.acting(creator).await?;
    let ground = Ground { own_host: "localhost", sandbox: true };
    let new = NewSite {
        asset_id: mint(),
        particulars: Particulars::of_site(
            "The Harbour Gazette",
            "Every page of the paper, as it is on the web today.",
            "The Harbour Gazette, Hollow Fen Press",
        )?,
        host: SiteHost::parse(gazette::HOST, ground)?,
        origin: Origin::parse(origin, ground)?,
    };
    let asset_id = sites::claim(services, &actor, new).await?;
    sites::verify(services, &actor, &Believing, asset_id).await?;
    let tiers = TypedTiers {
        currency: "USD".into(),
        free_units: "100".into(),
        free_rate: "10".into(),
        paid_name: "Crawl".into(),
        paid_base: "900".into(),
        paid_units: "10000".into(),
        paid_overage: "9".into(),
        paid_rate: "100".into(),
        ..TypedTiers::default()
    };
    let new = NewOffer {
        offer_id: mint(),
        asset_id,
        terms: "training".into(),
        tiers,
        buyer: String::new(),
    };
    offers::publish(services, &actor, new).await?;

    let Some(offer) = offers::current(services, asset_id).await? else { return Ok(asset_id) };
    let Some(paid) = offer.tiers.last() else { return Ok(asset_id) };
    let acceptance = Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: paid.tier_id,
        terms_digest: offer.terms.digest,
        agreed: true,
    };
    licenses::accept(services, &story.acting(buyer).await?, acceptance).await?;
    Ok(asset_id)
}
