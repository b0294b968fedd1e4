//! Offers on a real database: one stands at a time, and what was published never changes.

use sqlx::PgPool;

use super::*;
use crate::services::testing::{self, code, offer, offered, owner, work};

#[sqlx::test]
async fn another_offer_ends_the_one_before(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = offered(&services, &mira, "training").await;
    let first = current(&services, asset_id).await.unwrap().unwrap();
    let second = publish(&services, &mira, offer(asset_id, "answers")).await.unwrap();
    let standing = current(&services, asset_id).await.unwrap().unwrap();
    assert_eq!(standing.offer_id, second);
    assert_ne!(standing.terms.digest, first.terms.digest);
    let old = terms_by_digest(&services, &first.terms.digest).await.unwrap();
    assert_eq!(old.terms, first.terms.terms, "whoever holds the digest finds the terms");
    let live: Vec<_> = list_terms(&services, &mira).await.unwrap();
    assert_eq!(live.iter().map(|row| row.offers).collect::<Vec<_>>(), [1, 0]);
}

#[sqlx::test]
async fn offers_published_at_once_leave_one_standing(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    let at_once = (0..8).map(|_| publish(&services, &mira, offer(asset_id, "training")));
    for published in futures::future::join_all(at_once).await {
        published.unwrap();
    }
    let standing = sqlx::query_scalar!(
        r#"select count(*) filter (where ended_at is null) as "count!" from offer"#
    );
    assert_eq!(standing.fetch_one(&services.pool).await.unwrap(), 1);
    assert_eq!(
        list_terms(&services, &mira).await.unwrap().len(),
        1,
        "the same terms are kept once"
    );
}

#[sqlx::test]
async fn nobody_publishes_for_another_or_under_their_id(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let asset_id = offered(&services, &mira, "training").await;
    let taken = current(&services, asset_id).await.unwrap().unwrap().offer_id;
    assert_eq!(code(publish(&services, &theo, offer(asset_id, "training")).await), "not_found");
    let own = work(&services, &theo, "Pepper.").await;
    let under = NewOffer { offer_id: taken, ..offer(own, "training") };
    assert_eq!(code(publish(&services, &theo, under).await), "not_found");
    assert!(current(&services, own).await.unwrap().is_none());
}

#[sqlx::test]
async fn a_form_sent_again_for_another_work_is_refused(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = offered(&services, &mira, "training").await;
    let offer_id = current(&services, asset_id).await.unwrap().unwrap().offer_id;
    let again = NewOffer { offer_id, ..offer(asset_id, "training") };
    assert_eq!(publish(&services, &mira, again).await.unwrap(), offer_id);
    let other_id = work(&services, &mira, "Pepper.").await;
    let other = NewOffer { offer_id, ..offer(other_id, "training") };
    assert_eq!(code(publish(&services, &mira, other).await), "form_sent_before");
    assert!(current(&services, other_id).await.unwrap().is_none());
}

#[sqlx::test]
async fn tiers_read_back_as_they_were_published(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    let mut new = offer(asset_id, "training");
    new.tiers.paid_paths.forbidden = "/news/drafts/**".into();
    new.tiers.free_paths.allowed = "/news/*".into();
    let terms = terms::template("training").unwrap().terms;
    let expected = new.tiers.parse(&terms).unwrap();
    publish(&services, &mira, new).await.unwrap();
    let tiers = current(&services, asset_id).await.unwrap().unwrap().tiers;
    let tiers: Vec<Tier> = tiers.into_iter().map(|offered| offered.tier).collect();
    assert_eq!(tiers, expected);
    assert_eq!(tiers[1].overrun, Overrun::Charge);
}

/// The database holds the same rules.
#[sqlx::test]
async fn more_is_charged_exactly_where_it_has_a_price(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    publish(&services, &mira, offer(asset_id, "training")).await.unwrap();
    for (overrun, overage, refused) in [
        ("stop", None, false),
        ("charge", Some(1_i64), false),
        ("charge", None, true),
        ("stop", Some(1), true),
        ("upgrade", Some(1), true),
    ] {
        let inserted = sqlx::query(
            "insert into tier (tier_id, offer_id, position, name, currency, base_micros, included_units,
                               overrun, overage_micros, rate_per_minute, scopes)
             select gen_random_uuid(), offer_id, (select max(position) + 1 from tier), 'T', 'USD', 0, 0,
                    $1, $2, 1, '{preview}' from offer",
        )
        .bind(overrun)
        .bind(overage)
        .execute(&services.pool)
        .await;
        let constraint = inserted.err().and_then(|error| {
            error.into_database_error().and_then(|error| error.constraint().map(str::to_owned))
        });
        let expected = refused.then_some("tier_charge_check");
        assert_eq!(constraint.as_deref(), expected, "{overrun} {overage:?}");
    }
}
