use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sqlx::PgPool;

use super::*;
use crate::{
    domain::site::Ground,
    services::testing::{self, code},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The outside, where every host shows every challenge, or none does.
struct Outside(AtomicBool);

#[async_trait]
impl Prober for Outside {
    async fn prove(&self, _host: &str, _challenge: &Challenge) -> Option<ProvenBy> {
        self.0.load(Ordering::SeqCst).then_some(ProvenBy::Dns)
    }
}

fn outside(shows: bool) -> Outside {
    Outside(AtomicBool::new(shows))
}

fn new_site(host: &str) -> NewSite {
    let ground = Ground { own_host: "imprimatur.shop", sandbox: false };
    NewSite {
        asset_id: mint(),
        particulars: Particulars::of_site("The Gazette", "", "The Gazette").unwrap(),
        host: SiteHost::parse(host, ground).unwrap(),
        origin: Origin::parse("https://origin.gazette.org", ground).unwrap(),
    }
}

async fn events(services: &Services) -> Vec<String> {
    let names =
        sqlx::query_scalar("select name from event where name like 'site.%' order by event_id");
    names.fetch_all(&services.pool).await.unwrap()
}

#[sqlx::test]
async fn a_claim_is_served_once_it_is_proved(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = testing::owner(&services, "mira").await;
    let directory = Directory::open(services.clone()).await.unwrap();
    let asset_id = claim(&services, &mira, new_site("gazette.org")).await.unwrap();
    assert_eq!(get(&services, &mira, asset_id).await.unwrap().state, SiteState::Claimed);
    assert_eq!(code(verify(&services, &mira, &outside(false), asset_id).await), "site_not_proved");
    assert_eq!(directory.of("gazette.org"), None);

    for _ in 0..2 {
        let proven = verify(&services, &mira, &outside(true), asset_id).await.unwrap();
        assert_eq!(proven, ProvenBy::Dns);
    }
    let site = get(&services, &mira, asset_id).await.unwrap();
    assert_eq!((site.state, site.verified_by), (SiteState::Verified, Some(ProvenBy::Dns)));
    assert_eq!(events(&services).await, ["site.claimed", "site.verified"]);

    let other = Origin::parse(
        "https://elsewhere.gazette.org",
        Ground { own_host: "imprimatur.shop", sandbox: false },
    );
    change_origin(&services, &mira, asset_id, &other.unwrap()).await.unwrap();
    until(|| directory.of("gazette.org").is_some_and(|s| s.origin.contains("elsewhere"))).await;
    assert!(directory.of("gazette.org").unwrap().verified);
}

#[sqlx::test]
async fn a_claim_sent_twice_is_one_and_a_host_has_one_holder(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = testing::owner(&services, "mira").await;
    let acme = testing::owner(&services, "acme").await;
    let asset_id = claim(&services, &mira, new_site("gazette.org")).await.unwrap();
    let again = NewSite { asset_id, ..new_site("gazette.org") };
    assert_eq!(claim(&services, &mira, again).await.unwrap(), asset_id);
    let other = NewSite { asset_id, ..new_site("herald.org") };
    assert_eq!(code(claim(&services, &mira, other).await), "form_sent_before");
    let foreign = NewSite { asset_id, ..new_site("gazette.org") };
    assert_eq!(code(claim(&services, &acme, foreign).await), "not_found");
    assert_eq!(code(claim(&services, &mira, new_site("gazette.org")).await), "site_claimed");
    assert_eq!(list(&services, &mira).await.unwrap().len(), 1);

    let theirs = claim(&services, &acme, new_site("gazette.org")).await.unwrap();
    verify(&services, &mira, &outside(true), asset_id).await.unwrap();
    assert_eq!(code(verify(&services, &acme, &outside(true), theirs).await), "site_taken");
    assert_eq!(code(verify(&services, &acme, &outside(true), asset_id).await), "not_found");
    let origin = Origin::parse(
        "https://x.gazette.org",
        Ground { own_host: "imprimatur.shop", sandbox: false },
    );
    let changed = change_origin(&services, &acme, asset_id, &origin.unwrap()).await;
    assert_eq!(code(changed), "not_found");
}

#[sqlx::test]
async fn a_site_that_shows_no_proof_for_a_week_lapses_and_can_come_back(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let mira = testing::owner(&services, "mira").await;
    let acme = testing::owner(&services, "acme").await;
    let asset_id = claim(&services, &mira, new_site("gazette.org")).await.unwrap();
    verify(&services, &mira, &outside(true), asset_id).await.unwrap();
    let state = async || get(&services, &mira, asset_id).await.unwrap().state;

    // Nothing is due before a week is over, so nobody is asked.
    clock.advance(DAY * 6);
    check_due(&services, &outside(false)).await.unwrap();
    assert_eq!(get(&services, &mira, asset_id).await.unwrap().failing_since, None);
    clock.advance(DAY);
    for _ in 0..7 {
        assert_eq!(check_due(&services, &outside(false)).await.unwrap(), 0);
        assert_eq!(state().await, SiteState::Verified);
        clock.advance(DAY);
    }
    assert_eq!(check_due(&services, &outside(false)).await.unwrap(), 1);
    assert_eq!(state().await, SiteState::Lapsed);
    assert_eq!(check_due(&services, &outside(true)).await.unwrap(), 0);
    assert_eq!(state().await, SiteState::Lapsed);
    let directory = Directory::open(services.clone()).await.unwrap();
    assert!(!directory.of("gazette.org").unwrap().verified);

    let theirs = claim(&services, &acme, new_site("gazette.org")).await.unwrap();
    verify(&services, &acme, &outside(true), theirs).await.unwrap();
    until(|| directory.of("gazette.org").is_some_and(|site| site.asset_id == theirs)).await;
    assert_eq!(code(verify(&services, &mira, &outside(true), asset_id).await), "site_taken");
}

#[sqlx::test]
async fn one_failure_is_forgotten_by_the_next_success(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let mira = testing::owner(&services, "mira").await;
    let asset_id = claim(&services, &mira, new_site("gazette.org")).await.unwrap();
    verify(&services, &mira, &outside(true), asset_id).await.unwrap();
    clock.advance(DAY * 7);
    check_due(&services, &outside(false)).await.unwrap();
    assert!(get(&services, &mira, asset_id).await.unwrap().failing_since.is_some());
    clock.advance(DAY);
    check_due(&services, &outside(true)).await.unwrap();
    let site = get(&services, &mira, asset_id).await.unwrap();
    assert_eq!((site.failing_since, site.checked_at), (None, Some(services.now())));
}

#[sqlx::test]
async fn the_database_keeps_hosts_to_sites(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = testing::owner(&services, "mira").await;
    let text = testing::work(&services, &mira, "No site.").await;
    let insert = sqlx::query(
        "insert into site (asset_id, org_id, host, origin, challenge, state, claimed_at)
         select asset_id, org_id, 'gazette.org', 'https://gazette.org', repeat('a', 32), 'claimed', now()
         from asset where asset_id = $1",
    );
    let error = insert.bind(text.uuid()).execute(&services.pool).await.unwrap_err();
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("site_asset_fkey"));
}

async fn until(so: impl Fn() -> bool) {
    let asking = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), asking).await.is_ok());
}
