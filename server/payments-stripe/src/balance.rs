//! The provider's books: balances, their lines, and what happened.

use chrono::{DateTime, Utc};
use imprimatur::services::payments::{
    AccountId, Balance, BalanceEntry, EntryId, Notice, NoticeId, Page, PayoutId, inbox,
};
use serde_json::Value;
use stripe_client_core::{CustomizableStripeRequest, StripeRequest};
use stripe_core::{
    balance::RetrieveForMyAccountBalance,
    balance_transaction::ListBalanceTransaction,
    event::{ListEvent, RetrieveEvent},
};
use stripe_types::RangeQueryTs;

use crate::{
    Stripe,
    wire::Failed,
    words::{amount, instant},
};

/// Rows of one page of a list.
const PAGE: i64 = 100;

/// A line of the books.
pub fn read_entry(line: stripe_shared::BalanceTransaction) -> Result<BalanceEntry, Failed> {
    Ok(BalanceEntry {
        id: EntryId(line.id.to_string()),
        kind: line.type_.as_str().to_owned(),
        amount: amount(line.amount, &line.currency)?,
        fee: amount(line.fee, &line.currency)?,
        net: amount(line.net, &line.currency)?,
        source: line.source.map(|source| source.into_id().to_string()),
        available_at: instant(line.available_on)?,
        created_at: instant(line.created)?,
    })
}

/// On behalf of an account, or of ourselves.
fn as_of<R: StripeRequest>(
    request: &R,
    account: Option<&AccountId>,
) -> CustomizableStripeRequest<R::Output> {
    let request = request.customize();
    match account {
        Some(account) => request.account_id(account.as_str().into()),
        None => request,
    }
}

impl Stripe {
    pub(crate) async fn list_balances(
        &self,
        account: Option<&AccountId>,
    ) -> Result<Vec<Balance>, Failed> {
        let request = RetrieveForMyAccountBalance::new();
        let found = as_of(&request, account).send(&self.wire.reading()).await?;
        let mut balances: Vec<Balance> = Vec::new();
        for line in found.available {
            let available = amount(line.amount, &line.currency)?;
            let pending = found
                .pending
                .iter()
                .find(|pending| pending.currency == line.currency)
                .map_or(0, |pending| pending.amount);
            balances.push(Balance { available, pending: amount(pending, &line.currency)? });
        }
        for line in found.pending {
            let pending = amount(line.amount, &line.currency)?;
            if balances.iter().all(|b| b.pending.currency() != pending.currency()) {
                balances.push(Balance { available: amount(0, &line.currency)?, pending });
            }
        }
        Ok(balances)
    }

    pub(crate) async fn list_entries(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&EntryId>,
    ) -> Result<Page<BalanceEntry>, Failed> {
        let mut request =
            ListBalanceTransaction::new().created(RangeQueryTs::gte(since.timestamp())).limit(PAGE);
        if let Some(after) = after {
            request = request.starting_after(after.to_string());
        }
        let page = as_of(&request, account).send(&self.wire.reading()).await?;
        Ok(Page {
            rows: page.data.into_iter().map(read_entry).collect::<Result<_, _>>()?,
            more: page.has_more,
        })
    }

    pub(crate) async fn list_contents(
        &self,
        account: &AccountId,
        payout: &PayoutId,
    ) -> Result<Vec<BalanceEntry>, Failed> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut request = ListBalanceTransaction::new().payout(payout.to_string()).limit(PAGE);
            if let Some(after) = after.take() {
                request = request.starting_after(after);
            }
            let page = as_of(&request, Some(account)).send(&self.wire.reading()).await?;
            after = page.data.last().map(|last| last.id.to_string());
            for line in page.data {
                found.push(read_entry(line)?);
            }
            if !page.has_more || after.is_none() {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn list_events(
        &self,
        account: Option<&AccountId>,
        since: DateTime<Utc>,
        after: Option<&NoticeId>,
    ) -> Result<Page<Notice>, Failed> {
        let mut request =
            ListEvent::new().created(RangeQueryTs::gte(since.timestamp())).limit(PAGE);
        if let Some(after) = after {
            request = request.starting_after(after.to_string());
        }
        let mut page = self.raw(&request, account).await?;
        let rows = match page["data"].take() {
            Value::Array(rows) => rows.into_iter().filter_map(inbox::notice).collect(),
            _ => return Err(Failed::Unknown("a list of events is no list".into())),
        };
        Ok(Page { rows, more: page["has_more"].as_bool().unwrap_or_default() })
    }

    pub(crate) async fn read_event(
        &self,
        account: Option<&AccountId>,
        id: &NoticeId,
    ) -> Result<Notice, Failed> {
        let event = self.raw(&RetrieveEvent::new(id.as_str()), account).await?;
        inbox::notice(event).ok_or_else(|| Failed::Unknown("an event is no event".into()))
    }

    /// An answer as it came: what an event says of an object need not fit the version we read.
    async fn raw<R: StripeRequest>(
        &self,
        request: &R,
        account: Option<&AccountId>,
    ) -> Result<Value, Failed> {
        let bytes = self.wire.reading().read_raw(request.build(), account).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failed::Unknown(format!("the answer cannot be read: {error}")))
    }
}
