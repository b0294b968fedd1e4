//! Finds what somebody can open, by a few letters of its name: their own works, collections, sites,
//! terms, licenses and tokens, and what is on offer to everybody. Reads only.

use super::{Result, Services};
use crate::domain::{
    actor::Actor,
    ids::{AssetId, CollectionId, LicenseId, OrgId},
};

/// Of one kind, at most so many.
pub const FOUND_MAX: i64 = 6;
/// Longer text finds nothing that the beginning of it does not.
const TEXT_LENGTH_MAX: usize = 100;

/// Something that has a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One's own work.
    Work { asset_id: AssetId, title: String },
    /// One's own collection.
    Collection { collection_id: CollectionId, title: String },
    /// One's own site.
    Site { asset_id: AssetId, host: String },
    /// One's own terms, in their newest version.
    Terms { digest: String, name: String },
    /// One's own license.
    License { license_id: LicenseId, title: String, tier: String },
    /// One's own token, on the page of its license.
    Token { license_id: LicenseId, name: String, title: String },
    /// A work on offer.
    Offered { asset_id: AssetId, title: String, creator: String },
    /// A collection of works on offer.
    OnShow { collection_id: CollectionId, title: String, creator: String },
}

/// What has the text in its name, one's own first. Without text there is nothing to find.
pub async fn find(services: &Services, actor: &Actor, text: &str) -> Result<Vec<Found>> {
    let text: String = text.trim().chars().take(TEXT_LENGTH_MAX).collect();
    if text.is_empty() || text.contains('\0') {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if let Some(org_id) = actor.org_id() {
        found.extend(works(services, org_id, &text).await?);
        found.extend(collections(services, org_id, &text).await?);
        found.extend(sites(services, org_id, &text).await?);
        found.extend(terms(services, org_id, &text).await?);
        found.extend(licenses(services, org_id, &text).await?);
        found.extend(tokens(services, org_id, &text).await?);
    }
    found.extend(offered(services, &text).await?);
    found.extend(on_show(services, &text).await?);
    Ok(found)
}

async fn works(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select asset_id, title from asset
           where org_id = $1 and strpos(lower(title), lower($2)) > 0
           order by strpos(lower(title), lower($2)), asset_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Found::Work { asset_id: row.asset_id, title: row.title })
        .collect())
}

async fn collections(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select collection_id, title from collection
           where org_id = $1 and strpos(lower(title), lower($2)) > 0
           order by strpos(lower(title), lower($2)), collection_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows
        .into_iter()
        .map(|row| Found::Collection { collection_id: row.collection_id, title: row.title });
    Ok(found.collect())
}

async fn sites(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select asset_id, host from site
           where org_id = $1 and strpos(host, lower($2)) > 0
           order by strpos(host, lower($2)), asset_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter();
    Ok(found.map(|row| Found::Site { asset_id: row.asset_id, host: row.host }).collect())
}

async fn terms(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select digest, name from terms
           where org_id = $1 and strpos(lower(name), lower($2)) > 0
             and not exists (select from terms newer where newer.replaces_id = terms.terms_id)
           order by strpos(lower(name), lower($2)), terms_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter();
    Ok(found.map(|row| Found::Terms { digest: row.digest, name: row.name }).collect())
}

async fn licenses(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select license.license_id, asset.title, tier.name as tier
           from license
           join asset on asset.asset_id = license.asset_id
           join tier on tier.tier_id = license.tier_id
           where license.org_id = $1 and strpos(lower(asset.title), lower($2)) > 0
           order by strpos(lower(asset.title), lower($2)), license.license_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter().map(|row| Found::License {
        license_id: row.license_id,
        title: row.title,
        tier: row.tier,
    });
    Ok(found.collect())
}

async fn tokens(services: &Services, org_id: OrgId, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select license.license_id, access_token.name, asset.title
           from access_token
           join license on license.license_id = access_token.license_id
           join asset on asset.asset_id = license.asset_id
           where license.org_id = $1 and access_token.revoked_at is null
             and strpos(lower(access_token.name), lower($2)) > 0
           order by strpos(lower(access_token.name), lower($2)), access_token.token_id desc limit $3"#,
        org_id.uuid(),
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter().map(|row| Found::Token {
        license_id: row.license_id,
        name: row.name,
        title: row.title,
    });
    Ok(found.collect())
}

async fn offered(services: &Services, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select asset.asset_id, asset.title, organization.name as creator
           from asset
           join organization on organization.org_id = asset.org_id
           where asset.visibility = 'listed'
             and exists (select from offer where offer.asset_id = asset.asset_id and offer.ended_at is null)
             and (strpos(lower(asset.title), lower($1)) > 0
                  or strpos(lower(organization.name), lower($1)) > 0)
           order by strpos(lower(asset.title), lower($1)) = 0, asset.asset_id desc limit $2"#,
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter().map(|row| Found::Offered {
        asset_id: row.asset_id,
        title: row.title,
        creator: row.creator,
    });
    Ok(found.collect())
}

async fn on_show(services: &Services, text: &str) -> Result<Vec<Found>> {
    let rows = sqlx::query!(
        r#"select collection_id as "collection_id!: CollectionId", title as "title!",
                  creator_name as "creator!"
           from collection_on_show
           where strpos(lower(title), lower($1)) > 0 or strpos(lower(creator_name), lower($1)) > 0
           order by strpos(lower(title), lower($1)) = 0, collection_id desc limit $2"#,
        text,
        FOUND_MAX,
    )
    .fetch_all(&services.pool)
    .await?;
    let found = rows.into_iter().map(|row| Found::OnShow {
        collection_id: row.collection_id,
        title: row.title,
        creator: row.creator,
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::{
        domain::{
            actor::Who,
            terms::{TypedTerms, template},
        },
        services::{
            mint, terms,
            terms::NewTerms,
            testing::{self, offered, owner, work},
        },
    };

    #[sqlx::test]
    async fn one_finds_ones_own_and_what_is_on_offer_and_nothing_else(pool: PgPool) {
        let (services, _) = testing::services(pool);
        let (mira, ada) = (owner(&services, "mira").await, owner(&services, "ada").await);
        let hers = work(&services, &mira, "Hidden.").await;
        let on_offer = offered(&services, &ada, "training").await;
        let title: String = sqlx::query_scalar("select title from asset where asset_id = $1")
            .bind(hers.uuid())
            .fetch_one(&services.pool)
            .await
            .unwrap();
        let part = title[..4].to_uppercase();
        let ids = |found: Vec<Found>| -> Vec<AssetId> {
            found
                .into_iter()
                .map(|each| match each {
                    Found::Work { asset_id, .. } | Found::Offered { asset_id, .. } => asset_id,
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(ids(find(&services, &mira, &part).await.unwrap()), [hers, on_offer]);
        let typed = TypedTerms {
            name: "Salt and bread".into(),
            ..TypedTerms::of(&template("answers").unwrap().terms)
        };
        let new = NewTerms { terms_id: mint(), typed, replaces: String::new() };
        let digest = terms::publish(&services, &mira, new).await.unwrap();
        let own = Found::Terms { digest, name: "Salt and bread".to_owned() };
        assert_eq!(find(&services, &mira, "and BREAD").await.unwrap(), [own]);
        assert_eq!(find(&services, &ada, "and bread").await.unwrap(), []);
        let visitor = Actor { who: Who::Visitor, request_id: mint() };
        assert_eq!(ids(find(&services, &visitor, &part).await.unwrap()), [on_offer]);
        assert_eq!(ids(find(&services, &visitor, " ADA ").await.unwrap()), [on_offer]);
        for nothing in ["", "  ", "%", "_", "\\", "a\0b", "no such work"] {
            assert_eq!(find(&services, &mira, nothing).await.unwrap(), [], "{nothing:?}");
        }
    }
}
