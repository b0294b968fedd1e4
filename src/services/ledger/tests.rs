use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        ids::{LicenseId, OrgId},
        ledger::{self as book, AccountKind},
        money::{Currency, Money},
    },
    services::{Services, testing},
};

/// An organization on both sides.
async fn org(services: &Services, name: &str) -> OrgId {
    testing::owner(services, name).await.org_id().unwrap()
}

fn usd(micros: i64) -> Money {
    Money::new(micros, Currency::Usd)
}

fn cause() -> Uuid {
    mint::<LicenseId>().uuid()
}

fn posting(
    cause_id: Uuid,
    booked: std::result::Result<Transaction, NoTransaction>,
) -> Option<Posting> {
    Posting::of(cause_id, "A test.", booked).unwrap()
}

async fn post_in(services: &Services, postings: Vec<Posting>) -> Result<usize> {
    let mut tx = services.pool.begin().await?;
    let posted = post(&mut tx, services.now(), postings).await?.len();
    tx.commit().await?;
    Ok(posted)
}

/// The ledger by itself: what these tests post has no invoices and payouts beside it.
async fn assert_in_order(services: &Services) {
    let mut conn = services.pool.acquire().await.unwrap();
    for check in check::of_itself(&mut conn).await.unwrap() {
        assert!(check.faults.is_empty(), "{check}\n{}", check.faults.join("\n"));
    }
}

#[sqlx::test]
async fn a_cause_posts_once_however_often_it_is_brought(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let buyer = org(&services, "Acme").await;
    let top_up = posting(cause(), book::top_up_received(buyer, usd(50_000_000))).unwrap();
    let twice = vec![top_up.clone(), top_up.clone()];
    assert_eq!(post_in(&services, twice).await.unwrap(), 1);
    assert_eq!(post_in(&services, vec![top_up.clone()]).await.unwrap(), 0);
    let racing = (0..8).map(|_| post_in(&services, vec![top_up.clone()]));
    let posted = futures::future::join_all(racing).await;
    assert_eq!(posted.into_iter().map(Result::unwrap).sum::<usize>(), 0);
    let lines = trial_balance(&services.pool).await.unwrap();
    let read: Vec<_> = lines.iter().map(|line| (line.kind, line.balance.micros)).collect();
    assert_eq!(
        read,
        [(AccountKind::BuyerWallet, 50_000_000), (AccountKind::StripeClearing, 50_000_000)]
    );
    assert_in_order(&services).await;
}

#[sqlx::test]
async fn what_is_not_there_is_not_spent_by_any_of_many(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let buyer = org(&services, "Acme").await;
    let top_up = posting(cause(), book::top_up_received(buyer, usd(3_000_000)));
    post_in(&services, top_up.into_iter().collect()).await.unwrap();
    let spend = || {
        let spend = posting(cause(), book::wallet_spent(buyer, usd(1_000_000)));
        post_in(&services, spend.into_iter().collect())
    };
    let spent = futures::future::join_all((0..8).map(|_| spend())).await;
    let (done, refused): (Vec<_>, Vec<_>) = spent.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (3, 5));
    for refusal in refused {
        assert_eq!(testing::code(refusal), "not_enough");
    }
    assert_in_order(&services).await;
}

#[sqlx::test]
async fn transactions_of_the_same_accounts_never_deadlock(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mut orgs = Vec::new();
    for name in ["Ada", "Ben", "Cyd", "Dov"] {
        orgs.push(org(&services, name).await);
    }
    let batches = (0..12_usize).map(|n| {
        let charge = |at: usize| {
            let (buyer, creator) = (orgs[(n + at) % 4], orgs[(n * 3 + at + 1) % 4]);
            let booked = book::charge_rated(buyer, usd(100), 10, &[(creator, 90)]);
            posting(cause(), booked).unwrap()
        };
        post_in(&services, (0..20).map(charge).collect())
    });
    for posted in futures::future::join_all(batches).await {
        assert_eq!(posted.unwrap(), 20);
    }
    let lines = trial_balance(&services.pool).await.unwrap();
    let fees = lines.iter().find(|line| line.kind == AccountKind::PlatformFees).unwrap();
    assert_eq!(fees.balance.micros, 12 * 20 * 10);
    assert_in_order(&services).await;
}

#[sqlx::test]
async fn the_database_refuses_what_does_not_balance_and_changes_nothing(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let buyer = org(&services, "Acme").await;
    let top_up = posting(cause(), book::top_up_received(buyer, usd(5))).unwrap();
    post_in(&services, vec![top_up.clone()]).await.unwrap();
    for (sql, code) in [
        ("insert into ledger_entry select transaction_id, account_id, currency, 7 from ledger_transaction
          cross join (select account_id, currency from ledger_account where kind = 'platform_fees') fees
          where code = 'top_up.received'", "23514"),
        ("update ledger_entry set micros = -micros", "23001"),
        ("delete from ledger_entry", "23001"),
        ("truncate ledger_entry", "23001"),
        ("update ledger_transaction set reason = 'Another.'", "23001"),
        ("delete from ledger_transaction", "23001"),
        ("update ledger_account set kind = 'buyer_receivable' where kind = 'buyer_wallet'", "23001"),
        ("delete from ledger_account", "23001"),
        ("update ledger_account set balance_micros = 1 where kind = 'buyer_wallet'", "23514"),
    ] {
        let fee = posting(cause(), book::charge_rated(buyer, usd(5), 5, &[])).unwrap();
        post_in(&services, vec![fee]).await.unwrap();
        let error = sqlx::raw_sql(sql).execute(&services.pool).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), code, "{sql}");
    }
    assert_in_order(&services).await;
}

#[sqlx::test]
async fn a_statement_says_what_moved_and_why(pool: PgPool) {
    let (services, clock) = testing::services(pool);
    let buyer = org(&services, "Acme").await;
    let (first, second) = (cause(), cause());
    for (cause, sum) in [(first, 9), (second, 4)] {
        let booked = match sum {
            9 => book::top_up_received(buyer, usd(9)),
            _ => book::wallet_spent(buyer, usd(4)),
        };
        post_in(&services, posting(cause, booked).into_iter().collect()).await.unwrap();
        clock.advance(std::time::Duration::from_secs(60));
    }
    let chosen = Chosen {
        kind: AccountKind::BuyerWallet,
        org_id: Some(buyer),
        currency: Currency::Usd,
        from: None,
        until: None,
    };
    let lines = account_statement(&services.pool, &chosen).await.unwrap();
    let read: Vec<_> =
        lines.iter().map(|line| (line.cause_id, line.code.as_str(), line.sum.micros)).collect();
    assert_eq!(read, [(second, "wallet_spend.made", -4), (first, "top_up.received", 9)]);
    let sides = transactions_about(&services.pool, second).await.unwrap();
    assert_eq!(sides.len(), 2);
}
