//! Whoever is paid: accounts, the hosted form for them, transfers to them, and their payouts.

use imprimatur::services::payments::{
    Account, AccountId, Amount, HostedPage, Key, NewAccount, NewTransfer, Onboarding, Page, Payout,
    PayoutId, PayoutState, Reference, Requirements, Reversal, ReversalId, Transfer, TransferId,
};
use stripe_client_core::StripeRequest as _;
use stripe_connect::{
    account::{
        CreateAccount, CreateAccountCapabilities, CreateAccountCapabilitiesTransfers,
        CreateAccountController, CreateAccountControllerFees, CreateAccountControllerFeesPayer,
        CreateAccountControllerLosses, CreateAccountControllerLossesPayments,
        CreateAccountControllerRequirementCollection, CreateAccountControllerStripeDashboard,
        CreateAccountControllerStripeDashboardType, RetrieveAccount,
    },
    account_link::{CreateAccountLink, CreateAccountLinkType},
    transfer::{CreateTransfer, ListTransfer, RetrieveTransfer},
    transfer_reversal::CreateIdTransferReversal,
};
use stripe_core::payout::{ListPayout, RetrievePayout};
use stripe_shared::AccountCapabilitiesStatus;

use crate::{
    Stripe,
    wire::Failed,
    words::{amount, instant, metadata, our_currency, reference, their_currency},
};

/// Rows of one page of a list.
const PAGE: i64 = 100;

fn read(account: stripe_shared::Account) -> Result<Account, Failed> {
    let can_receive = account
        .capabilities
        .and_then(|capabilities| capabilities.transfers)
        .is_some_and(|status| status == AccountCapabilitiesStatus::Active);
    let currency = account.default_currency.as_ref().and_then(|c| our_currency(c).ok());
    Ok(Account {
        id: AccountId(account.id.to_string()),
        country: account.country,
        currency,
        is_submitted: account.details_submitted.unwrap_or_default(),
        can_receive,
        can_pay_out: account.payouts_enabled.unwrap_or_default(),
        requirements: match account.requirements {
            Some(asked) => Requirements {
                now: asked.currently_due.unwrap_or_default(),
                overdue: asked.past_due.unwrap_or_default(),
                later: asked.eventually_due.unwrap_or_default(),
                in_review: asked.pending_verification.unwrap_or_default(),
                errors: asked
                    .errors
                    .unwrap_or_default()
                    .into_iter()
                    .map(|error| error.reason)
                    .collect(),
                deadline: asked.current_deadline.map(instant).transpose()?,
                disabled_reason: asked.disabled_reason.map(|reason| reason.as_str().to_owned()),
            },
            None => Requirements::default(),
        },
    })
}

fn read_transfer(transfer: stripe_shared::Transfer) -> Result<Transfer, Failed> {
    Ok(Transfer {
        id: TransferId(transfer.id.to_string()),
        account: transfer.destination.map(|account| AccountId(account.into_id().to_string())),
        amount: amount(transfer.amount, &transfer.currency)?,
        reversed: amount(transfer.amount_reversed, &transfer.currency)?,
        group: transfer.transfer_group,
        reference: reference(Some(&transfer.metadata)),
        arrival: transfer.destination_payment.map(|payment| payment.into_id().to_string()),
        created_at: instant(transfer.created)?,
    })
}

fn read_payout(payout: stripe_shared::Payout) -> Result<Payout, Failed> {
    let state = match payout.status.as_str() {
        "pending" => PayoutState::Pending,
        "in_transit" => PayoutState::InTransit,
        "paid" => PayoutState::Paid,
        "failed" => PayoutState::Failed,
        "canceled" => PayoutState::Canceled,
        other => return Err(Failed::Unknown(format!("a payout is {other}"))),
    };
    Ok(Payout {
        id: PayoutId(payout.id.to_string()),
        amount: amount(payout.amount, &payout.currency)?,
        state,
        arrives_at: instant(payout.arrival_date)?,
        failure: payout.failure_code.map(|code| (code, payout.failure_message.unwrap_or_default())),
        created_at: instant(payout.created)?,
    })
}

impl Stripe {
    /// Stripe asks and checks who they are, and shows them a dashboard; losses are ours.
    pub(crate) async fn make_account(
        &self,
        key: &Key,
        new: &NewAccount,
    ) -> Result<Account, Failed> {
        let mut fees = CreateAccountControllerFees::new();
        fees.payer = Some(CreateAccountControllerFeesPayer::Application);
        let mut losses = CreateAccountControllerLosses::new();
        losses.payments = Some(CreateAccountControllerLossesPayments::Application);
        let mut dashboard = CreateAccountControllerStripeDashboard::new();
        dashboard.type_ = Some(CreateAccountControllerStripeDashboardType::Express);
        let mut controller = CreateAccountController::new();
        controller.fees = Some(fees);
        controller.losses = Some(losses);
        controller.stripe_dashboard = Some(dashboard);
        controller.requirement_collection =
            Some(CreateAccountControllerRequirementCollection::Stripe);
        let mut transfers = CreateAccountCapabilitiesTransfers::new();
        transfers.requested = Some(true);
        let mut capabilities = CreateAccountCapabilities::new();
        capabilities.transfers = Some(transfers);
        let mut request = CreateAccount::new()
            .country(new.country.clone())
            .controller(controller)
            .capabilities(capabilities)
            .metadata(metadata(&Reference::new("organization", new.org)));
        if let Some(email) = &new.email {
            request = request.email(email.clone());
        }
        read(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn open_onboarding(
        &self,
        key: &Key,
        new: &Onboarding,
    ) -> Result<HostedPage, Failed> {
        let kind = CreateAccountLinkType::AccountOnboarding;
        let request = CreateAccountLink::new(new.account.to_string(), kind)
            .refresh_url(new.refresh_url.clone())
            .return_url(new.return_url.clone());
        let made = request.customize().send(&self.wire.keyed(key)).await?;
        Ok(HostedPage { url: made.url, expires_at: Some(instant(made.expires_at)?) })
    }

    pub(crate) async fn read_account(&self, id: &AccountId) -> Result<Account, Failed> {
        read(RetrieveAccount::new(id.as_str()).customize().send(&self.wire.reading()).await?)
    }

    pub(crate) async fn send_money(
        &self,
        key: &Key,
        new: &NewTransfer,
    ) -> Result<Transfer, Failed> {
        let request =
            CreateTransfer::new(their_currency(new.amount.currency()), new.account.to_string())
                .amount(new.amount.cents())
                .transfer_group(new.group.clone())
                .description(new.text.clone())
                .metadata(metadata(&new.reference));
        read_transfer(request.customize().send(&self.wire.keyed(key)).await?)
    }

    pub(crate) async fn take_back(
        &self,
        key: &Key,
        transfer: &TransferId,
        taken: Amount,
        cause: &Reference,
    ) -> Result<Reversal, Failed> {
        let request = CreateIdTransferReversal::new(transfer.as_str())
            .amount(taken.cents())
            .metadata(metadata(cause));
        let made = request.customize().send(&self.wire.keyed(key)).await?;
        Ok(Reversal {
            id: ReversalId(made.id.to_string()),
            amount: amount(made.amount, &made.currency)?,
        })
    }

    pub(crate) async fn read_transfer(&self, id: &TransferId) -> Result<Transfer, Failed> {
        let request = RetrieveTransfer::new(id.as_str());
        read_transfer(request.customize().send(&self.wire.reading()).await?)
    }

    pub(crate) async fn find_transfers(&self, group: &str) -> Result<Vec<Transfer>, Failed> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut request = ListTransfer::new().transfer_group(group).limit(PAGE);
            if let Some(after) = after.take() {
                request = request.starting_after(after);
            }
            let page = request.customize().send(&self.wire.reading()).await?;
            after = page.data.last().map(|last| last.id.to_string());
            for transfer in page.data {
                found.push(read_transfer(transfer)?);
            }
            if !page.has_more || after.is_none() {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn read_payout(
        &self,
        account: &AccountId,
        id: &PayoutId,
    ) -> Result<Payout, Failed> {
        let request =
            RetrievePayout::new(id.as_str()).customize().account_id(account.as_str().into());
        read_payout(request.send(&self.wire.reading()).await?)
    }

    pub(crate) async fn list_payouts(
        &self,
        account: &AccountId,
        after: Option<&PayoutId>,
    ) -> Result<Page<Payout>, Failed> {
        let mut request = ListPayout::new().limit(PAGE);
        if let Some(after) = after {
            request = request.starting_after(after.to_string());
        }
        let request = request.customize().account_id(account.as_str().into());
        let page = request.send(&self.wire.reading()).await?;
        Ok(Page {
            rows: page.data.into_iter().map(read_payout).collect::<Result<_, _>>()?,
            more: page.has_more,
        })
    }
}
