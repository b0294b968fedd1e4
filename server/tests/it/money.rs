//! From a delivery to an invoice and to a statement, on the pages that show them.

use chrono::TimeDelta;
use imprimatur::{
    domain::{
        actor::{Actor, Who},
        asset::ContentId,
        money::{Currency, Money},
        month::Month,
    },
    services::{
        billing::{self, Paid},
        ledger, mint, payouts,
    },
};
use sqlx::PgPool;

use crate::{
    visitor::{Tier, Visitor, shown, unescaped},
    world::World,
};

/// The address of the first link on a page that begins so.
fn link(page: &str, begins: &str) -> String {
    let found = page.split("href=\"").skip(1).find(|rest| unescaped(rest).starts_with(begins));
    let found = found.unwrap_or_else(|| panic!("no link to {begins} in {page}"));
    unescaped(found.split('"').next().unwrap())
}

async fn follow(visitor: &mut Visitor, from: &str, begins: &str) -> (String, String) {
    let page = visitor.open(from).await;
    let path = link(&page, begins);
    let page = visitor.open(&path).await;
    (path, shown(&page))
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_amount_leads_to_the_deliveries_behind_it_in_three_clicks(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    assert!(mira.open("/earnings").await.contains("No statements yet"));
    assert!(mira.open("/payouts").await.contains("Nothing was paid out yet"));
    assert!(acme.open("/invoices").await.contains("No invoices yet"));
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    acme.fetch_until(&ContentId::of(b"Salt."), &token.secret, 200).await;
    world.gate.settled().await;

    let services = &world.services;
    let system = Actor { who: Who::System, request_id: mint() };
    let month = Month::of(services.now());
    while services.now() < month.until() + TimeDelta::hours(2) {
        world.clock.advance(TimeDelta::days(7));
        // Who looks in every week stays signed in.
        for visitor in [&mut mira, &mut acme] {
            visitor.open("/overview").await;
        }
    }
    let closed = billing::close_last_month(services, &system).await.unwrap().unwrap();
    assert_eq!((closed.invoices, closed.refused.len()), (1, 0));
    assert!(billing::close_last_month(services, &system).await.unwrap().is_none());

    // A buyer: invoices, one of them, its deliveries, a receipt.
    let invoices = billing::invoices(services, &acme.actor().await).await.unwrap();
    let total = invoices[0].total;
    let (invoice, page) = follow(&mut acme, "/invoices", "/invoices/0").await;
    assert!(page.contains(&total.to_string()) && page.contains("Fee for the month"), "{page}");
    let (feed, page) = follow(&mut acme, &invoice, "/feed?").await;
    assert!(page.contains("The Salt Roads"), "{page}");
    follow(&mut acme, &feed, "/feed/0").await;

    // A creator: earnings, a statement, its deliveries, a receipt.
    let net = Money::new(total.micros / 10 * 9, Currency::Usd);
    let (statement, page) = follow(&mut mira, "/earnings", "/earnings/2026-03").await;
    assert!(page.contains(&format!("{net} after the platform's fee")), "{page}");
    assert!(page.contains("Invoice not paid yet"), "{page}");
    let (feed, page) = follow(&mut mira, &statement, "/feed?").await;
    assert!(page.contains("The Salt Roads"), "{page}");
    follow(&mut mira, &feed, "/feed/0").await;
    let csv = mira.open("/earnings.csv?month=2026-03").await;
    assert!(csv.contains(&license_id.to_string()) && csv.contains(&net.decimal()), "{csv}");

    // Paid, and seven days later available; nobody said where it should go, and the page says so.
    let paid = Paid {
        invoice_id: invoices[0].invoice_id,
        external_id: "py_1".into(),
        sum: total,
        paid_at: services.now(),
    };
    billing::payment_received(services, &system, &paid).await.unwrap();
    world.clock.advance(TimeDelta::days(8));
    assert_eq!(billing::mature(services).await.unwrap(), 1);
    assert_eq!(payouts::run(services, &system).await.unwrap().skipped, 1);
    let page = shown(&mira.open("/payouts").await);
    let why = format!("{net} waits for you: set up payouts to have it sent.");
    assert!(unescaped(&page).contains(&why), "{page}");
    let answer = mira.post("/payouts", &[("form", "request"), ("currency", "USD")]).await;
    assert_eq!(answer.status, 409);
    assert!(unescaped(&shown(&answer.body)).contains(&why));
    let answer = mira.post("/payouts", &[("form", "schedule"), ("schedule", "monthly")]).await;
    assert_eq!(answer.status, 303);
    assert!(mira.open("/payouts?done=schedule").await.contains("Saved."));

    for check in ledger::check(&services.pool).await.unwrap() {
        assert!(check.faults.is_empty(), "{check}: {:?}", check.faults);
    }
    world.gate.close().await;
}
