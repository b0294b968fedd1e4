//! An organization's records at the provider: as one that pays, and as one that is paid. They are
//! made on first need, and what the provider says of them is kept for pages to show.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Account, AccountId, CardId, CheckoutId, CustomerId, HostedPage, Key, NewAccount, NewCustomer,
    Onboarding, Payments, SetupCheckout, inbox::Seen, plain,
};
use crate::{
    domain::{
        actor::{Actor, Deed},
        error::Refusal,
        ids::OrgId,
        money::Currency,
    },
    services::{Error, Result, Services, billing},
};

/// What is kept of an organization.
#[derive(Clone, Debug, Default)]
pub struct Party {
    pub customer: Option<CustomerId>,
    /// What invoices are charged to.
    pub default_card: Option<CardId>,
    pub account_id: Option<AccountId>,
    /// The account as it was read last, and when.
    pub account: Option<(Account, DateTime<Utc>)>,
}

/// What is kept of the actor's organization.
pub async fn own(services: &Services, actor: &Actor) -> Result<Party> {
    of(services, actor.may(Deed::ReadMoney)?.org_id).await
}

/// A hosted page on which a buyer leaves a card. The id of the attempt is made by the form.
pub async fn leave_card(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    attempt: uuid::Uuid,
    (success_url, cancel_url): (String, String),
) -> Result<HostedPage> {
    let org = actor.may_as_buyer(Deed::AcceptLicense)?.org_id;
    let customer = customer(services, payments, org).await?;
    let new = SetupCheckout { customer, currency: Currency::Usd, success_url, cancel_url };
    let key = Key::new(format!("checkout:{attempt}"))?;
    let checkout = payments.setup_checkout(&key, &new).await.or_sentence()?;
    let url = checkout.url.ok_or_else(|| {
        Error::fault("opening a page for a card", "the provider named no address")
    })?;
    Ok(HostedPage { url, expires_at: None })
}

/// A buyer has come back from that page: the card that was left becomes the one that is charged.
pub async fn card_left(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    checkout: &CheckoutId,
) -> Result<Party> {
    let org = actor.may_as_buyer(Deed::AcceptLicense)?.org_id;
    let party = of(services, org).await?;
    let found = payments.checkout(checkout).await.or_sentence()?;
    if let (Some(card), Some(customer)) = (&found.card, &found.customer)
        && party.customer.as_ref() == Some(customer)
    {
        use_card(services, payments, customer, card).await?;
        billing::card_changed(services, org).await?;
    }
    of(services, org).await
}

/// A hosted page on which a buyer changes cards and sees past invoices.
pub async fn portal(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    attempt: uuid::Uuid,
    return_url: &str,
) -> Result<HostedPage> {
    let org = actor.may_as_buyer(Deed::AcceptLicense)?.org_id;
    let customer = customer(services, payments, org).await?;
    let key = Key::new(format!("portal:{attempt}"))?;
    Ok(payments.customer_portal(&key, &customer, return_url).await.or_sentence()?)
}

/// A hosted page on which a creator says who they are and where their money goes. The account is made
/// the first time, in the country given.
pub async fn onboard(
    services: &Services,
    payments: &dyn Payments,
    actor: &Actor,
    country: &str,
    attempt: uuid::Uuid,
    (refresh_url, return_url): (String, String),
) -> Result<HostedPage> {
    let org = actor.may_as_creator(Deed::ManagePayouts)?.org_id;
    let account = match of(services, org).await?.account_id {
        Some(account) => account,
        None => {
            if plain::COUNTRIES.iter().all(|(code, _)| *code != country) {
                return Err(
                    Refusal::invalid("country", t!("Choose a country from the list.")).into()
                );
            }
            let key = Key::new(format!("account:{org}:{country}"))?;
            let new = NewAccount { org, country: country.to_owned(), email: None };
            let made = payments.create_account(&key, &new).await.or_sentence()?;
            keep_account(services, org, &made).await?;
            made.id
        }
    };
    let key = Key::new(format!("onboarding:{attempt}"))?;
    let new = Onboarding { account, refresh_url, return_url };
    Ok(payments.onboarding(&key, &new).await.or_sentence()?)
}

/// Reads the account again, as after coming back from the hosted page.
pub async fn refresh(services: &Services, payments: &dyn Payments, actor: &Actor) -> Result<Party> {
    let org = actor.may(Deed::ReadMoney)?.org_id;
    if let Some(account) = of(services, org).await?.account_id {
        let found = payments.account(&account).await.or_sentence()?;
        keep_account(services, org, &found).await?;
    }
    of(services, org).await
}

/// The provider's record of an organization that pays; made on first need.
pub async fn customer(
    services: &Services,
    payments: &dyn Payments,
    org: OrgId,
) -> Result<CustomerId> {
    if let Some(customer) = of(services, org).await?.customer {
        return Ok(customer);
    }
    let name = name_of(services, org).await?;
    let new = NewCustomer { org, name, email: None };
    let made = payments.create_customer(&Key::of("customer", org, 0), &new).await.or_sentence()?;
    sqlx::query!(
        "insert into stripe_party (org_id, customer_id, created_at) values ($1, $2, $3)
         on conflict (org_id) do update set customer_id = coalesce(stripe_party.customer_id, $2)",
        org.uuid(),
        made.id.as_str(),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(made.id)
}

/// Takes note of what was read at the provider.
pub(super) async fn note(services: &Services, seen: &Seen) -> Result<()> {
    match seen {
        Seen::Customer(customer) => {
            let card = customer.default_card.as_ref().map(CardId::as_str);
            sqlx::query!(
                "update stripe_party set default_card = $2 where customer_id = $1",
                customer.id.as_str(),
                card,
            )
            .execute(&services.pool)
            .await?;
        }
        Seen::Account(account) => {
            let raw = json!(account);
            sqlx::query!(
                "update stripe_party set account = $2, account_read_at = $3 where account_id = $1",
                account.id.as_str(),
                raw,
                services.now(),
            )
            .execute(&services.pool)
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// Whose account it is.
pub async fn org_of(services: &Services, account: &AccountId) -> Result<Option<OrgId>> {
    let found = sqlx::query_scalar!(
        r#"select org_id as "org_id: OrgId" from stripe_party where account_id = $1"#,
        account.as_str(),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

/// Who pays under this record.
pub async fn payer(services: &Services, customer: &CustomerId) -> Result<Option<OrgId>> {
    let found = sqlx::query_scalar!(
        r#"select org_id as "org_id: OrgId" from stripe_party where customer_id = $1"#,
        customer.as_str(),
    )
    .fetch_optional(&services.pool)
    .await?;
    Ok(found)
}

/// Every account that is paid.
pub async fn accounts(services: &Services) -> Result<Vec<AccountId>> {
    let found = sqlx::query_scalar!(
        r#"select account_id as "account_id!: AccountId" from stripe_party
           where account_id is not null order by org_id"#,
    )
    .fetch_all(&services.pool)
    .await?;
    Ok(found)
}

async fn use_card(
    services: &Services,
    payments: &dyn Payments,
    customer: &CustomerId,
    card: &CardId,
) -> Result<()> {
    let key = Key::new(format!("default_card:{customer}:{card}"))?;
    let changed = payments.set_default_card(&key, customer, card).await.or_sentence()?;
    note(services, &Seen::Customer(changed)).await
}

// SQL

/// What is kept of an organization; nothing, if it never paid nor was paid.
pub async fn of(services: &Services, org: OrgId) -> Result<Party> {
    let found = sqlx::query!(
        "select customer_id, default_card, account_id, account, account_read_at
         from stripe_party where org_id = $1",
        org.uuid(),
    )
    .fetch_optional(&services.pool)
    .await?;
    let Some(found) = found else { return Ok(Party::default()) };
    let account = match (found.account, found.account_read_at) {
        (Some(account), Some(read_at)) => Some((
            serde_json::from_value(account)
                .map_err(|error| Error::fault("reading a kept account", error))?,
            read_at,
        )),
        _ => None,
    };
    Ok(Party {
        customer: found.customer_id.map(CustomerId),
        default_card: found.default_card.map(CardId),
        account_id: found.account_id.map(AccountId),
        account,
    })
}

async fn keep_account(services: &Services, org: OrgId, account: &Account) -> Result<()> {
    sqlx::query!(
        "insert into stripe_party (org_id, account_id, account, account_read_at, created_at)
         values ($1, $2, $3, $4, $4)
         on conflict (org_id) do update
         set account_id = coalesce(stripe_party.account_id, $2), account = $3, account_read_at = $4",
        org.uuid(),
        account.id.as_str(),
        json!(account),
        services.now(),
    )
    .execute(&services.pool)
    .await?;
    Ok(())
}

async fn name_of(services: &Services, org: OrgId) -> Result<String> {
    let name = sqlx::query_scalar!("select name from organization where org_id = $1", org.uuid())
        .fetch_one(&services.pool)
        .await?;
    Ok(name)
}
