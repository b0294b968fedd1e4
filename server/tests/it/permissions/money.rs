//! Money of ours, as rows: whoever may see it is what is asked here, not how it came about.

use imprimatur::{
    domain::ids::{InvoiceId, LicenseId, OrgId, PayoutId},
    services::mint,
};
use sqlx::PgPool;

/// An invoice, an earning of March 2026, something pending, and a payout that never left.
pub async fn ours(pool: &PgPool, org_id: OrgId, license_id: LicenseId) -> (InvoiceId, PayoutId) {
    let (invoice_id, payout_id): (InvoiceId, PayoutId) = (mint(), mint());
    for sql in [
        "insert into invoice (invoice_id, org_id, currency, month, charged_micros, brought_micros,
                              total_micros, due_micros, issued_at, next_try_at)
         select $2, $1, 'USD', '2026-03-01', 10000, 0, 10000, 10000, now(), now()
         where $3::uuid is not null and $4::uuid is not null",
        "insert into charge (charge_id, license_id, org_id, creator_org_id, asset_id, tier_id, month,
                             kind, revision, units, quantity, currency, gross_micros, fee_micros,
                             words, rating_version, created_at)
         select $2, license_id, org_id, creator_org_id, asset_id, tier_id, '2026-03-01', 'base', 0, 0,
                0, 'USD', 10000, 1000, 'Fee for the month', 1, now()
         from license where license_id = $3 and $1::uuid is not null and $4::uuid is not null",
        "insert into earning (earning_id, charge_id, org_id, share_bp, net_micros, currency)
         select $2, $2, $1, 10000, 9000, 'USD' where $3::uuid is not null and $4::uuid is not null",
        "insert into ledger_account (account_id, kind, org_id, currency, balance_micros)
         select $2, 'creator_pending', $1, 'USD', -9000
         where $3::uuid is not null and $4::uuid is not null",
        "insert into payout (payout_id, org_id, currency, micros, state, account_id, next_try_at, created_at)
         select $4, $1, 'USD', 10000, 'refused', 'acct_1', now(), now()
         where $2::uuid is not null and $3::uuid is not null",
        "insert into payout_decision (org_id, currency, run_at, payout_id, available_micros)
         select $1, 'USD', now(), $4, 10000 where $2::uuid is not null and $3::uuid is not null",
    ] {
        sqlx::query(sql)
            .bind(org_id.uuid())
            .bind(invoice_id.uuid())
            .bind(license_id.uuid())
            .bind(payout_id.uuid())
            .execute(pool)
            .await
            .unwrap();
    }
    (invoice_id, payout_id)
}
