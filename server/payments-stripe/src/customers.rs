//! Whoever pays: customers, their cards, and the hosted pages for them.

use imprimatur::services::payments::{
    CardId, Checkout, CheckoutId, Customer, CustomerId, HostedPage, Key, NewCustomer, Reference,
    SetupCheckout,
};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_checkout::checkout_session::{CreateCheckoutSession, RetrieveCheckoutSession};
use stripe_client_core::StripeRequest as _;
use stripe_core::customer::{
    CreateCustomer, RetrieveCustomer, RetrieveCustomerReturned, UpdateCustomer,
    UpdateCustomerInvoiceSettings,
};
use stripe_shared::{CheckoutSessionMode, CheckoutSessionStatus};

use crate::{
    Stripe,
    wire::Failed,
    words::{metadata, their_currency},
};

fn read(customer: stripe_shared::Customer) -> Customer {
    let default_card = customer
        .invoice_settings
        .and_then(|settings| settings.default_payment_method)
        .map(|card| CardId(card.into_id().to_string()));
    Customer { id: CustomerId(customer.id.to_string()), default_card }
}

fn read_checkout(session: stripe_shared::CheckoutSession) -> Checkout {
    let card = session
        .setup_intent
        .and_then(stripe_types::Expandable::into_object)
        .and_then(|intent| intent.payment_method)
        .map(|card| CardId(card.into_id().to_string()));
    Checkout {
        id: CheckoutId(session.id.to_string()),
        customer: session.customer.map(|customer| CustomerId(customer.into_id().to_string())),
        url: session.url,
        is_complete: session.status == Some(CheckoutSessionStatus::Complete),
        card,
    }
}

impl Stripe {
    pub(crate) async fn make_customer(
        &self,
        key: &Key,
        new: &NewCustomer,
    ) -> Result<Customer, Failed> {
        let mut request = CreateCustomer::new()
            .name(new.name.clone())
            .metadata(metadata(&Reference::new("organization", new.org)));
        if let Some(email) = &new.email {
            request = request.email(email.clone());
        }
        Ok(read(request.customize().send(&self.wire.keyed(key)).await?))
    }

    pub(crate) async fn read_customer(&self, id: &CustomerId) -> Result<Customer, Failed> {
        let found =
            RetrieveCustomer::new(id.as_str()).customize().send(&self.wire.reading()).await?;
        match found {
            RetrieveCustomerReturned::Customer(customer) => Ok(read(customer)),
            RetrieveCustomerReturned::DeletedCustomer(gone) => {
                Ok(Customer { id: CustomerId(gone.id.to_string()), default_card: None })
            }
        }
    }

    pub(crate) async fn open_setup(
        &self,
        key: &Key,
        new: &SetupCheckout,
    ) -> Result<Checkout, Failed> {
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Setup)
            .currency(their_currency(new.currency))
            .customer(new.customer.to_string())
            .success_url(new.success_url.clone())
            .cancel_url(new.cancel_url.clone());
        Ok(read_checkout(request.customize().send(&self.wire.keyed(key)).await?))
    }

    pub(crate) async fn read_setup(&self, id: &CheckoutId) -> Result<Checkout, Failed> {
        let request =
            RetrieveCheckoutSession::new(id.as_str()).expand(vec!["setup_intent".to_owned()]);
        Ok(read_checkout(request.customize().send(&self.wire.reading()).await?))
    }

    pub(crate) async fn use_card(
        &self,
        key: &Key,
        customer: &CustomerId,
        card: &CardId,
    ) -> Result<Customer, Failed> {
        let mut settings = UpdateCustomerInvoiceSettings::new();
        settings.default_payment_method = Some(card.to_string());
        let request = UpdateCustomer::new(customer.as_str()).invoice_settings(settings);
        Ok(read(request.customize().send(&self.wire.keyed(key)).await?))
    }

    pub(crate) async fn open_portal(
        &self,
        key: &Key,
        customer: &CustomerId,
        return_url: &str,
    ) -> Result<HostedPage, Failed> {
        let request =
            CreateBillingPortalSession::new().customer(customer.to_string()).return_url(return_url);
        let made = request.customize().send(&self.wire.keyed(key)).await?;
        Ok(HostedPage { url: made.url, expires_at: None })
    }
}
