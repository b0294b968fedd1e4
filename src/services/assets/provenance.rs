//! Where works come from, as a document to keep.

use serde_json::Value;

use super::read::{get, versions};
use crate::{
    domain::{
        actor::Actor,
        ids::AssetId,
        provenance::{Told, ToldVersion, document},
    },
    services::{Result, Services, catalogue, identity},
};

/// The provenance of one of one's own works.
pub async fn provenance(
    services: &Services,
    actor: &Actor,
    base_url: &str,
    asset_id: AssetId,
) -> Result<Value> {
    let work = get(services, actor, asset_id).await?;
    let creator = identity::organization(services, actor).await?;
    let versions = told(services, asset_id).await?;
    Ok(document(&Told {
        base_url,
        asset_id,
        title: &work.particulars.title,
        attribution: &work.particulars.attribution,
        rights: &work.particulars.rights,
        org_id: creator.org_id,
        creator: &creator.name,
        created_at: work.created_at,
        versions: &versions,
    }))
}

/// The provenance of a work on offer, for whoever may see it in the catalogue.
pub async fn public_provenance(
    services: &Services,
    actor: &Actor,
    base_url: &str,
    asset_id: AssetId,
) -> Result<Value> {
    let work = catalogue::work(services, actor, asset_id).await?;
    let versions = told(services, asset_id).await?;
    Ok(document(&Told {
        base_url,
        asset_id,
        title: &work.title,
        attribution: &work.attribution,
        rights: &work.rights,
        org_id: work.org_id,
        creator: &work.creator,
        created_at: work.created_at,
        versions: &versions,
    }))
}

async fn told(services: &Services, asset_id: AssetId) -> Result<Vec<ToldVersion>> {
    let newest_first = versions(services, asset_id).await?;
    let told = newest_first.into_iter().rev().map(|version| {
        Ok(ToldVersion {
            number: version.number,
            content_id: version.content_id.parse()?,
            bytes: version.bytes,
            media_type: version.media_type,
            registered_at: version.created_at,
        })
    });
    told.collect()
}
