//! Offers on a real database: one stands at a time, and what was published never changes.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        license::State,
        pricing::{Overrun, PriceModel},
        terms::{TypedTerms, template},
    },
    services::{
        catalogue,
        licenses::{self, Acceptance},
        mint,
        terms::{self, NewTerms},
        testing::{self, code, offer, offered, owner, work},
    },
};

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
    let old = terms::by_digest(&services, &mira, &first.terms.digest).await.unwrap();
    assert_eq!(old.published.terms, first.terms.terms, "whoever holds the digest finds the terms");
    let live = terms::list(&services, &mira).await.unwrap();
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
        terms::list(&services, &mira).await.unwrap().len(),
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
    let terms = template("training").unwrap().terms;
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

#[sqlx::test]
async fn an_offer_may_stand_on_ones_own_terms(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let typed =
        TypedTerms { name: "Ours".into(), ..TypedTerms::of(&template("answers").unwrap().terms) };
    let new = NewTerms { terms_id: mint(), typed, replaces: String::new() };
    let digest = terms::publish(&services, &mira, new).await.unwrap();
    let asset_id = work(&services, &mira, "Salt.").await;
    publish(&services, &mira, offer(asset_id, &digest)).await.unwrap();
    let standing = current(&services, asset_id).await.unwrap().unwrap();
    assert_eq!(
        (standing.terms.digest.as_str(), standing.terms.terms.name.as_str()),
        (digest.as_str(), "Ours")
    );
    let own = work(&services, &theo, "Pepper.").await;
    let refused = publish(&services, &theo, offer(own, &digest)).await;
    assert_eq!(code(refused), "invalid_field", "the terms of others are not listed");
}

fn priced(asset_id: AssetId, template: &str, model: &str) -> NewOffer {
    let new = offer(asset_id, template);
    let tiers = TypedTiers {
        model: model.into(),
        per: "1000".into(),
        rolls_over: model == "prepaid",
        paid_price: "2.50".into(),
        paid_share: "7.5".into(),
        paid_overrun: if model == "prepaid" { "charge" } else { "stop" }.into(),
        paid_overage: if model == "prepaid" { "5" } else { "" }.into(),
        paid_units: "500".into(),
        ..new.tiers.clone()
    };
    NewOffer { tiers, ..new }
}

#[sqlx::test]
async fn every_price_model_reads_back_as_it_was_published(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let asset_id = work(&services, &mira, "Salt.").await;
    let answers = template("answers").unwrap().terms;
    for model in PriceModel::ALL {
        let mut new = priced(asset_id, "answers", model.as_str());
        for quota in ["500", ""] {
            if quota.is_empty() {
                if matches!(model, PriceModel::Subscription | PriceModel::Prepaid) {
                    continue;
                }
                (new.offer_id, new.tiers.paid_units) = (mint(), String::new());
            }
            let expected = new.tiers.parse(&answers).unwrap();
            let again = NewOffer {
                terms: "answers".into(),
                buyer: String::new(),
                tiers: new.tiers.clone(),
                ..new
            };
            publish(&services, &mira, again).await.unwrap();
            let tiers = current(&services, asset_id).await.unwrap().unwrap().tiers;
            let tiers: Vec<Tier> = tiers.into_iter().map(|offered| offered.tier).collect();
            assert_eq!(tiers, expected, "{model}");
        }
    }
}

#[sqlx::test]
async fn a_contract_is_seen_and_accepted_by_its_buyer_alone(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let (acme, other) = (owner(&services, "acme").await, owner(&services, "other").await);
    let asset_id = work(&services, &mira, "Salt.").await;
    let mut contract = NewOffer { buyer: "acme".into(), ..offer(asset_id, "training") };
    contract.tiers.free_units = String::new();
    contract.tiers.paid_base = "900".into();
    publish(&services, &mira, contract).await.unwrap();

    let seen = |actor: &Actor| {
        let (services, actor) = (services.clone(), actor.clone());
        async move { catalogue::work(&services, &actor, asset_id).await }
    };
    assert_eq!(code(seen(&other).await), "not_found");
    assert!(current(&services, asset_id).await.unwrap().is_none(), "the gate offers it to nobody");
    assert!(testing::catalogue(&services, &other).await.unwrap().works.is_empty());
    assert_eq!(testing::catalogue(&services, &acme).await.unwrap().works.len(), 1);

    // A public offer beside it is for everybody else.
    publish(&services, &mira, offer(asset_id, "answers")).await.unwrap();
    let (theirs, public) = (seen(&acme).await.unwrap(), seen(&other).await.unwrap());
    assert!(theirs.offer.contract && !public.offer.contract);
    assert_eq!((theirs.offer.tiers.len(), public.offer.tiers.len()), (1, 2));
    assert_eq!(testing::catalogue(&services, &acme).await.unwrap().works.len(), 1);
    let acceptance = |work: &catalogue::WorkDetail| Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: work.offer.tiers.last().unwrap().tier_id,
        terms_digest: work.offer.terms.digest.clone(),
        agreed: true,
    };
    let sneaked = licenses::accept(&services, &other, acceptance(&theirs)).await;
    assert!(sneaked.is_err(), "a contract is for its buyer alone");
    licenses::accept(&services, &acme, acceptance(&theirs)).await.unwrap();
    licenses::accept(&services, &other, acceptance(&public)).await.unwrap();
    assert_eq!(list(&services, &mira, Some(asset_id)).await.unwrap().len(), 2);
    for buyer in ["nobody", "mira", "acme'"] {
        let new = NewOffer { buyer: buyer.into(), ..offer(asset_id, "training") };
        assert_eq!(code(publish(&services, &mira, new).await), "invalid_field", "{buyer}");
    }
}

#[sqlx::test]
async fn a_withdrawn_offer_leaves_its_licenses(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let standing = current(&services, asset_id).await.unwrap().unwrap();
    let acceptance = Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: standing.tiers[1].tier_id,
        terms_digest: standing.terms.digest.clone(),
        agreed: true,
    };
    let license_id = licenses::accept(&services, &acme, acceptance).await.unwrap();
    assert_eq!(list(&services, &mira, None).await.unwrap()[0].licenses, 1);
    assert_eq!(code(withdraw(&services, &acme, standing.offer_id).await), "not_found");
    for _ in 0..2 {
        assert_eq!(withdraw(&services, &mira, standing.offer_id).await.unwrap(), asset_id);
    }
    assert!(current(&services, asset_id).await.unwrap().is_none());
    assert!(list(&services, &mira, None).await.unwrap().is_empty());
    let license = licenses::get(&services, &acme, license_id).await.unwrap();
    assert_eq!(license.state, State::Active);
    let withdrawn = sqlx::query_scalar!(
        r#"select count(*) as "count!" from event where name = 'offer.withdrawn'"#
    );
    assert_eq!(withdrawn.fetch_one(&services.pool).await.unwrap(), 1);
}

#[sqlx::test]
async fn a_withdrawn_offer_is_put_back_unless_another_stands(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let first = current(&services, asset_id).await.unwrap().unwrap().offer_id;
    let restored = async |offer_id| restore(&services, &mira, offer_id).await;
    assert_eq!(restored(first).await.unwrap(), asset_id, "it stands already");
    withdraw(&services, &mira, first).await.unwrap();
    assert_eq!(code(restore(&services, &acme, first).await), "not_found");
    for _ in 0..2 {
        assert_eq!(restored(first).await.unwrap(), asset_id);
    }
    assert_eq!(current(&services, asset_id).await.unwrap().unwrap().offer_id, first);

    // A contract for one buyer takes no other's place.
    let contract = NewOffer { buyer: "acme".into(), ..offer(asset_id, "training") };
    let contract = publish(&services, &mira, contract).await.unwrap();
    withdraw(&services, &mira, first).await.unwrap();
    assert_eq!(restored(first).await.unwrap(), asset_id);
    withdraw(&services, &mira, contract).await.unwrap();
    assert_eq!(restored(contract).await.unwrap(), asset_id);

    withdraw(&services, &mira, first).await.unwrap();
    let second = publish(&services, &mira, offer(asset_id, "training")).await.unwrap();
    assert_eq!(code(restored(first).await), "offer_replaced");
    assert_eq!(current(&services, asset_id).await.unwrap().unwrap().offer_id, second);
    let put_back = sqlx::query_scalar!(
        r#"select count(*) as "count!" from event where name = 'offer.restored'"#
    );
    assert_eq!(put_back.fetch_one(&services.pool).await.unwrap(), 3);
}

#[sqlx::test]
async fn a_preview_rates_last_month_by_what_the_tiers_count(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "all-uses").await;
    let standing = current(&services, asset_id).await.unwrap().unwrap();
    let acceptance = Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: standing.tiers[1].tier_id,
        terms_digest: standing.terms.digest.clone(),
        agreed: true,
    };
    let license_id = licenses::accept(&services, &acme, acceptance).await.unwrap();
    // The clock stands in March 2026.
    for (bucket, scope, calls, billable, bytes) in [
        ("2026-02-01T00:00:00Z", "training", 60_000_i64, 50_000_i64, 7_i64),
        ("2026-02-01T00:00:00Z", "inference", 1, 1, 4_000),
        ("2026-02-01T00:00:00Z", "preview", 99, 0, 99),
        ("2026-03-01T00:00:00Z", "training", 5, 5, 5),
    ] {
        sqlx::query(
            "insert into usage_month (bucket, license_id, scope, region, model, consumer_class, org_id,
                                      creator_org_id, asset_id, calls, pages, tokens, bytes,
                                      training_examples, inference_requests, billable_units,
                                      cache_hits, attribution_sum, attribution_count)
             values ($1::timestamptz, $2, $3, '', '', '', $4, $5, $6, $7, 0, 0, $9, 0, 0, $8, 0, 0, 0)",
        )
        .bind(bucket.parse::<DateTime<Utc>>().unwrap())
        .bind(license_id.uuid())
        .bind(scope)
        .bind(acme.org_id().unwrap().uuid())
        .bind(mira.org_id().unwrap().uuid())
        .bind(asset_id.uuid())
        .bind(calls)
        .bind(billable)
        .bind(bytes)
        .execute(&services.pool)
        .await
        .unwrap();
    }
    let subscription = offer(asset_id, "training").tiers;
    let shown = preview(&services, &mira, asset_id, "all-uses", &subscription).await.unwrap();
    assert_eq!(shown.month.to_string(), "2026-02");
    assert_eq!((shown.lines.len(), shown.lines[0].units), (1, 50_001));
    assert_eq!(shown.total.to_string(), "$2,505.00", "50,001 requests cost $2,505.00");

    let by_byte = priced(asset_id, "answers", "per_use").tiers;
    let by_byte = TypedTiers { unit: "byte".into(), paid_units: String::new(), ..by_byte };
    let shown = preview(&services, &mira, asset_id, "answers", &by_byte).await.unwrap();
    assert_eq!(
        shown.total.to_string(),
        "$135.00",
        "50,000 trainings and 4,000 bytes at $2.50 per 1,000"
    );
    let theirs = preview(&services, &acme, asset_id, "training", &subscription).await;
    assert_eq!(code(theirs), "not_found", "only one's own works are rated");
}
