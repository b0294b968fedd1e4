//! Months closed, invoices paid, lowered and taken back, on a real database.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::{Actor, Who},
        ids::{AssetId, ChargeId, InvoiceId, LicenseId, OrgId, TypedId as _},
        ledger::AccountKind,
        money::{Currency, Money},
        month::Month,
    },
    services::{
        Services, ledger, licenses, mint, offers,
        testing::{self, TestClock, acceptance, code, offer, owner, work},
    },
};

/// A creator, a buyer, and a license of the standard tier, in force since the 2nd of March 2026.
pub(crate) struct Market {
    pub services: Services,
    pub clock: Arc<TestClock>,
    pub creator: Actor,
    pub buyer: Actor,
    pub asset_id: AssetId,
    pub license_id: LicenseId,
}

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn system() -> Actor {
    Actor { who: Who::System, request_id: mint() }
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

pub(crate) fn usd(micros: i64) -> Money {
    Money::new(micros, Currency::Usd)
}

impl Market {
    pub async fn new(pool: PgPool) -> Self {
        Self::with(pool, |_| {}).await
    }

    pub async fn with(pool: PgPool, change: impl Fn(&mut offers::NewOffer)) -> Self {
        let (services, clock) = testing::services(pool);
        let creator = owner(&services, "mira").await;
        let buyer = owner(&services, "acme").await;
        let asset_id = work(&services, &creator, "Salt.").await;
        let mut new = offer(asset_id, "training");
        change(&mut new);
        offers::publish(&services, &creator, new).await.unwrap();
        let license_id = licenses::accept(&services, &buyer, acceptance(&services, asset_id).await)
            .await
            .unwrap();
        Self { services, clock, creator, buyer, asset_id, license_id }
    }

    pub fn org(&self, actor: &Actor) -> OrgId {
        actor.org_id().unwrap()
    }

    /// A month of the license has come to so many billable units.
    pub async fn used(&self, month: Month, units: i64) {
        sqlx::query(
            "insert into usage_month (bucket, license_id, scope, region, model, consumer_class, org_id,
                                      creator_org_id, asset_id, calls, pages, tokens, bytes,
                                      training_examples, inference_requests, billable_units, cache_hits,
                                      attribution_sum, attribution_count)
             select $1, license_id, 'training', '', '', '', org_id, creator_org_id, asset_id, 0, 0, 0, 0,
                    0, 0, $3, 0, 0, 0 from license where license_id = $2
             on conflict (license_id, bucket, scope, region, model, consumer_class)
                 do update set billable_units = excluded.billable_units",
        )
        .bind(month.from())
        .bind(self.license_id.uuid())
        .bind(units)
        .execute(&self.services.pool)
        .await
        .unwrap();
    }

    /// Moves the clock on to this long after a month.
    pub fn after(&self, month: Month, days: u32) {
        let wanted = month.until() + TimeDelta::days(days.into());
        self.clock.advance((wanted - self.services.now()).to_std().unwrap());
    }

    pub async fn close(&self, text: &str) -> Closed {
        close(&self.services, &system(), month(text)).await.unwrap()
    }

    pub async fn reads(&self, kind: AccountKind, actor: &Actor) -> i64 {
        let mut conn = self.services.pool.acquire().await.unwrap();
        let balances = ledger::balances(&mut conn, self.org(actor)).await.unwrap();
        balances.get(&(kind, Currency::Usd)).copied().unwrap_or(0)
    }

    /// The latest invoice: its id, its total and what is due of it.
    pub async fn invoice(&self) -> (InvoiceId, i64, i64) {
        let row: (uuid::Uuid, i64, i64) = sqlx::query_as(
            "select invoice_id, total_micros, due_micros from invoice order by invoice_id desc limit 1",
        )
        .fetch_one(&self.services.pool)
        .await
        .unwrap();
        (InvoiceId::from_uuid(row.0), row.1, row.2)
    }

    pub async fn pay(&self, invoice_id: InvoiceId, external_id: &str, sum: i64) -> bool {
        let paid_at = self.services.now();
        let paid = Paid { invoice_id, external_id: external_id.into(), sum: usd(sum), paid_at };
        payment_received(&self.services, &system(), &paid).await.unwrap()
    }

    pub async fn assert_in_order(&self) {
        for check in ledger::check(&self.services.pool).await.unwrap() {
            assert!(check.faults.is_empty(), "{check}\n{}", check.faults.join("\n"));
        }
    }

    async fn charge_of(&self, kind: &str) -> ChargeId {
        let id: uuid::Uuid = sqlx::query_scalar(
            "select charge_id from charge where kind = $1 and credits_id is null order by charge_id limit 1",
        )
        .bind(kind)
        .fetch_one(&self.services.pool)
        .await
        .unwrap();
        ChargeId::from_uuid(id)
    }
}

const CENTS: i64 = 10_000;

#[sqlx::test]
async fn a_month_of_50001_requests_on_the_standard_tier_costs_2505(pool: PgPool) {
    let market = Market::new(pool).await;
    market.used(month("2026-03"), 50_001).await;
    let early = close(&market.services, &system(), month("2026-03")).await;
    assert_eq!(code(early), "month_not_over");
    market.after(month("2026-03"), 0);
    let closed = market.close("2026-03").await;
    assert_eq!((closed.charges, closed.invoices, closed.credit_notes), (2, 1, 0));
    let (invoice_id, total, due) = market.invoice().await;
    assert_eq!((total, due), (250_500 * CENTS, 250_500 * CENTS));
    assert_eq!(market.reads(AccountKind::CreatorPending, &market.creator).await, 225_450 * CENTS);
    assert_eq!(market.reads(AccountKind::BuyerReceivable, &market.buyer).await, total);
    assert_eq!(market.close("2026-03").await, Closed::default(), "again without effect");
    market.assert_in_order().await;

    assert!(market.pay(invoice_id, "py_1", total).await);
    assert!(!market.pay(invoice_id, "py_1", total).await, "told twice");
    market.clock.advance(DAY * 7 - Duration::from_secs(1));
    assert_eq!(mature(&market.services).await.unwrap(), 0);
    market.clock.advance(Duration::from_secs(1));
    assert_eq!(mature(&market.services).await.unwrap(), 2);
    assert_eq!(mature(&market.services).await.unwrap(), 0);
    assert_eq!(market.reads(AccountKind::CreatorAvailable, &market.creator).await, 225_450 * CENTS);
    assert_eq!(market.reads(AccountKind::CreatorPending, &market.creator).await, 0);
    market.assert_in_order().await;
}

#[sqlx::test]
async fn use_that_comes_late_is_on_the_next_invoice_and_less_is_a_credit_note(pool: PgPool) {
    let market = Market::new(pool).await;
    let march = month("2026-03");
    market.used(march, 50_001).await;
    market.after(march, 0);
    market.close("2026-03").await;
    let (first, total, _) = market.invoice().await;

    market.used(march, 51_001).await;
    let again = market.close("2026-03").await;
    assert_eq!((again.charges, again.invoices), (1, 0), "the month has its invoice");
    market.after(month("2026-04"), 0);
    assert_eq!(market.close("2026-04").await.charges, 1);
    assert_eq!(market.invoice().await.1, 250_500 * CENTS, "April's fee and March's rest");
    market.assert_in_order().await;

    market.used(march, 50_000).await;
    let lower = market.close("2026-03").await;
    assert_eq!((lower.charges, lower.credit_notes), (1, 1));
    let due: i64 = sqlx::query_scalar("select due_micros from invoice where invoice_id = $1")
        .bind(first.uuid())
        .fetch_one(&market.services.pool)
        .await
        .unwrap();
    assert_eq!(due, total - 1_000 * CENTS);
    market.assert_in_order().await;
    assert_eq!(market.close("2026-03").await, Closed::default());
}

#[sqlx::test]
async fn what_is_credited_of_a_paid_invoice_pays_the_next_one(pool: PgPool) {
    let market = Market::new(pool).await;
    market.used(month("2026-03"), 60_000).await;
    market.after(month("2026-03"), 0);
    market.close("2026-03").await;
    let (invoice_id, total, _) = market.invoice().await;
    assert_eq!(total, 255_000 * CENTS);
    market.pay(invoice_id, "py_1", total).await;
    market.clock.advance(DAY * 8);
    mature(&market.services).await.unwrap();

    let charge_id = market.charge_of("overage").await;
    let taken = Credit {
        credit_id: mint(),
        charge_id,
        sum: usd(2_000 * CENTS),
        reason: "4,000 requests were counted twice.".into(),
    };
    let too_much = Credit { credit_id: mint(), sum: usd(5_001 * CENTS), ..taken.clone() };
    assert!(credit(&market.services, &system(), &too_much).await.is_err());
    assert!(credit(&market.services, &system(), &taken).await.unwrap().is_some());
    assert!(credit(&market.services, &system(), &taken).await.unwrap().is_none(), "sent twice");
    let rest = Credit { credit_id: mint(), sum: usd(3_001 * CENTS), ..taken.clone() };
    assert!(credit(&market.services, &system(), &rest).await.is_err(), "no more than is left");
    assert_eq!(market.reads(AccountKind::BuyerWallet, &market.buyer).await, 2_000 * CENTS);
    mature(&market.services).await.unwrap();
    let available = market.reads(AccountKind::CreatorAvailable, &market.creator).await;
    assert_eq!(available, (229_500 - 1_800) * CENTS);
    market.assert_in_order().await;
    assert_eq!(market.close("2026-03").await, Closed::default(), "a credit is not rated away");

    market.after(month("2026-04"), 0);
    market.close("2026-04").await;
    let (_, total, due) = market.invoice().await;
    assert_eq!((total, due), (250_000 * CENTS, 248_000 * CENTS));
    assert_eq!(market.reads(AccountKind::BuyerWallet, &market.buyer).await, 0);
    market.assert_in_order().await;
}

#[sqlx::test]
async fn a_payment_that_is_taken_back_opens_its_invoice_again(pool: PgPool) {
    let market = Market::new(pool).await;
    market.after(month("2026-03"), 0);
    market.close("2026-03").await;
    let (invoice_id, total, _) = market.invoice().await;
    market.pay(invoice_id, "py_1", total + 500).await;
    assert_eq!(market.reads(AccountKind::BuyerWallet, &market.buyer).await, 500);
    assert!(payment_returned(&market.services, &system(), "py_1").await.is_ok());
    market.assert_in_order().await;
    market.clock.advance(DAY * 8);
    assert_eq!(mature(&market.services).await.unwrap(), 0, "it waits for another payment");
}

#[sqlx::test]
async fn many_who_close_at_once_close_once(pool: PgPool) {
    let market = Market::new(pool).await;
    market.used(month("2026-03"), 50_001).await;
    market.after(month("2026-03"), 0);
    let system = system();
    let closing = (0..6).map(|_| close(&market.services, &system, month("2026-03")));
    let closed = futures::future::join_all(closing).await;
    let sums = closed.into_iter().map(|closed| {
        let closed = closed.unwrap();
        (closed.charges, closed.invoices)
    });
    let (charges, invoices) = sums.fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1));
    assert_eq!((charges, invoices), (2, 1));
    market.assert_in_order().await;
}

#[sqlx::test]
async fn a_close_that_was_killed_is_gone_on_with(pool: PgPool) {
    let market = Market::new(pool).await;
    market.used(month("2026-03"), 50_001).await;
    market.after(month("2026-03"), 0);
    // Killed after the license was rated, before anybody was asked to pay.
    let mut tx = market.services.pool.begin().await.unwrap();
    let licensed = facts::licenses(&mut tx, month("2026-03"), None, 10).await.unwrap();
    let now = market.services.now();
    let due = charges::Due::All;
    charges::rate(&mut tx, now, month("2026-03"), &licensed, due).await.unwrap();
    tx.commit().await.unwrap();
    market.assert_in_order().await;
    let closed = market.close("2026-03").await;
    assert_eq!((closed.charges, closed.invoices), (0, 1));
    assert_eq!(market.invoice().await.1, 250_500 * CENTS);
    market.assert_in_order().await;
}

#[sqlx::test]
async fn several_share_in_a_work_to_the_micro(pool: PgPool) {
    let market = Market::new(pool).await;
    let (ada, ben) = (owner(&market.services, "ada").await, owner(&market.services, "ben").await);
    let shares = [(&market.creator, 3_334), (&ada, 3_333), (&ben, 3_333)];
    let mut tx = market.services.pool.begin().await.unwrap();
    for (actor, share) in shares {
        sqlx::query("insert into payee values ($1, $2, $3, $4)")
            .bind(market.asset_id.uuid())
            .bind(market.services.now())
            .bind(market.org(actor).uuid())
            .bind(share)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    market.after(month("2026-03"), 0);
    market.close("2026-03").await;
    let mut sum = 0;
    for (actor, _) in shares {
        sum += market.reads(AccountKind::CreatorPending, actor).await;
    }
    assert_eq!(sum, 225_000 * CENTS);
    market.assert_in_order().await;
    let half = sqlx::query("insert into payee values ($1, $2, $3, 5000)")
        .bind(market.asset_id.uuid())
        .bind(market.services.now())
        .bind(market.org(&ada).uuid())
        .execute(&market.services.pool)
        .await;
    assert!(half.is_err(), "half of a work is nobody's");
}

#[sqlx::test]
async fn less_than_a_cent_waits_until_it_is_one(pool: PgPool) {
    let per_use = |new: &mut offers::NewOffer| {
        new.tiers.model = "per_use".into();
        new.tiers.paid_price = "0.0035".into();
        new.tiers.paid_units = String::new();
        new.tiers.paid_base = String::new();
        new.tiers.paid_overage = String::new();
    };
    let market = Market::with(pool, per_use).await;
    for (text, units, cents, left) in
        [("2026-03", 3, Some(1), 500), ("2026-04", 2, None, 7_500), ("2026-05", 1, Some(1), 1_000)]
    {
        market.used(month(text), units).await;
        market.after(month(text), 0);
        let closed = market.close(text).await;
        assert_eq!(closed.charges, 1, "{text}");
        assert_eq!(closed.invoices, usize::from(cents.is_some()), "{text}");
        if let Some(cents) = cents {
            assert_eq!(market.invoice().await.1, cents * CENTS, "{text}");
        }
        assert_eq!(market.reads(AccountKind::BuyerUnbilled, &market.buyer).await, left, "{text}");
        market.assert_in_order().await;
    }
}

#[sqlx::test]
async fn a_fee_is_charged_when_the_license_begins_and_never_again(pool: PgPool) {
    let upfront = |new: &mut offers::NewOffer| {
        new.tiers.model = "upfront".into();
        new.tiers.paid_base = "900".into();
        new.tiers.paid_price = "0.01".into();
        new.tiers.paid_units = String::new();
        new.tiers.paid_overage = String::new();
    };
    let market = Market::with(pool, upfront).await;
    for is_first in [true, false] {
        let charged = charge_fees(&market.services, &system(), market.license_id).await.unwrap();
        assert_eq!(charged.is_some(), is_first);
    }
    assert_eq!(market.invoice().await.1, 90_000 * CENTS);
    market.used(month("2026-03"), 700).await;
    market.after(month("2026-03"), 0);
    assert_eq!(market.close("2026-03").await.charges, 1);
    assert_eq!(market.invoice().await.1, 700 * CENTS);
    market.assert_in_order().await;
}

#[sqlx::test]
async fn an_invoice_is_charged_once_whatever_goes_wrong(pool: PgPool) {
    use crate::services::testing_bank::{Bank, Fault};

    let market = Market::new(pool).await;
    market.after(month("2026-03"), 0);
    market.close("2026-03").await;
    let bank = Bank::default();
    let actor = system();
    let collect = || collect(&market.services, &bank, &actor);
    assert_eq!(collect().await.unwrap(), 1);
    assert!(bank.invoices.lock().unwrap().is_empty(), "there is no card to charge");
    sqlx::query(
        "insert into stripe_party (org_id, customer_id, default_card, created_at)
         values ($1, 'cus_1', 'pm_1', now())",
    )
    .bind(market.org(&market.buyer).uuid())
    .execute(&market.services.pool)
    .await
    .unwrap();
    // Making it is cut twice, charging it is declined and cut.
    for fault in
        [Fault::CallLost, Fault::AnswerLost, Fault::NotReady, Fault::CallLost, Fault::AnswerLost]
    {
        bank.faults.lock().unwrap().push_back(fault);
        market.clock.advance(DAY * 2);
        assert_eq!(collect().await.unwrap(), 1, "{fault:?}");
        market.assert_in_order().await;
        assert_eq!(market.invoice().await.2, 250_000 * CENTS, "{fault:?}");
    }
    market.clock.advance(DAY);
    assert_eq!(collect().await.unwrap(), 1);
    assert_eq!(market.invoice().await.2, 0);
    assert_eq!(bank.invoices.lock().unwrap().len(), 1);
    assert_eq!(*bank.charged.lock().unwrap(), 1);
    market.clock.advance(DAY);
    assert_eq!(collect().await.unwrap(), 0);
    market.assert_in_order().await;
}
