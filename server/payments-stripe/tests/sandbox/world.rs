//! Our adapter, our services and a sandbox, over real HTTP.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use imprimatur::{
    domain::money::Currency,
    services::{
        Clock, Services,
        content::ContentStore,
        payments::{
            Account, AccountId, Amount, Customer, InvoiceLine, Key, NewAccount, NewCustomer,
            NewInvoice, NewTransfer, Onboarding, Outcome, Payments as _, Reference, SetupCheckout,
            Transfer,
        },
    },
};
use object_store::memory::InMemory;
use payments_stripe::{Settings, Stripe};
use sqlx::PgPool;
use stripe_sandbox::{Options, Sandbox, input::Order};

/// The clock on the wall, and how far a test has moved it.
struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        let ahead = chrono::TimeDelta::seconds(self.0.load(Ordering::Relaxed));
        let now = Utc::now() + ahead;
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

pub struct World {
    pub sandbox: Sandbox,
    pub services: Services,
    pub stripe: Stripe,
    clock: Arc<MovedClock>,
    http: reqwest::Client,
}

pub fn usd(cents: i64) -> Amount {
    Amount::of_cents(cents, Currency::Usd)
}

pub fn key(text: &str) -> Key {
    Key::new(text.to_owned()).unwrap()
}

pub fn done<T: std::fmt::Debug>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Done(thing) => thing,
        other => panic!("{other:?}"),
    }
}

pub fn code<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
    match outcome {
        Outcome::Refused(refused) => refused.code,
        other => panic!("{other:?}"),
    }
}

pub async fn world(pool: PgPool) -> World {
    let record = std::env::var_os("STRIPE_SANDBOX_RECORD").map(Into::into);
    let sandbox = Sandbox::start(Options { record, ..Options::default() }).await.unwrap();
    let clock = Arc::new(MovedClock(AtomicI64::new(0)));
    let services = Services {
        pool,
        clock: clock.clone(),
        content: ContentStore::new(Arc::new(InMemory::new()), 1024),
        live: false,
    };
    let base_url = Some(sandbox.url().parse().unwrap());
    let settings = Settings { key: "sk_test_of_the_tests".into(), base_url };
    let stripe = Stripe::new(settings, Arc::new(services.clone())).unwrap();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    World { sandbox, services, stripe, clock, http }
}

impl World {
    /// Moves the sandbox's clock.
    pub async fn advance(&self, seconds: i64) {
        self.sandbox.order(Order::Advance { seconds }).await.unwrap();
    }

    /// Moves ours.
    pub fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sends a form of a hosted page; answers where it leads.
    pub async fn submit(&self, url: &str, field: (&str, &str)) -> String {
        let body = format!("{}={}", field.0, field.1);
        let answer = self
            .http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// A customer who has left this card.
    pub async fn customer(&self, name: &str, number: &str) -> Customer {
        let new = NewCustomer {
            org: imprimatur::services::mint(),
            name: name.into(),
            email: Some("ada@example.com".into()),
        };
        let made = done(self.stripe.create_customer(&key(&format!("customer:{name}")), &new).await);
        let new = SetupCheckout {
            customer: made.id.clone(),
            currency: Currency::Usd,
            success_url: "http://portal.test/back?checkout={CHECKOUT_SESSION_ID}".into(),
            cancel_url: "http://portal.test/".into(),
        };
        let page = done(self.stripe.setup_checkout(&key(&format!("setup:{name}")), &new).await);
        let next = self.submit(page.url.as_deref().unwrap(), ("number", number)).await;
        assert_eq!(next, format!("http://portal.test/back?checkout={}", page.id));
        let left = done(self.stripe.checkout(&page.id).await);
        assert!(left.is_complete && left.url.is_none());
        let card = left.card.unwrap();
        let key = key(&format!("card:{name}"));
        done(self.stripe.set_default_card(&key, &made.id, &card).await)
    }

    /// Pays this much into our balance, to be used at once.
    pub async fn money_in(&self, cents: i64) {
        let customer = self.customer("Funds", "4000000000000077").await;
        let new = invoice(&customer, &[cents]);
        let made = done(self.stripe.create_invoice(&key("funds"), &new).await);
        done(self.stripe.finalize_invoice(&key("funds:final"), &made.id).await);
        done(self.stripe.pay_invoice(&key("funds:pay"), &made.id).await);
    }

    /// An account, gone through the hosted form like this.
    pub async fn account(&self, name: &str, how: &str) -> Account {
        let new =
            NewAccount { org: imprimatur::services::mint(), country: "US".into(), email: None };
        let made = done(self.stripe.create_account(&key(&format!("account:{name}")), &new).await);
        assert!(!made.is_ready());
        let new = Onboarding {
            account: made.id.clone(),
            refresh_url: "http://portal.test/again".into(),
            return_url: "http://portal.test/back".into(),
        };
        let page = done(self.stripe.onboarding(&key(&format!("link:{name}")), &new).await);
        assert_eq!(self.submit(&page.url, ("how", how)).await, "http://portal.test/back");
        done(self.stripe.account(&made.id).await)
    }

    pub async fn transfer(&self, name: &str, to: &AccountId, cents: i64) -> Outcome<Transfer> {
        self.stripe
            .create_transfer(&key(&format!("transfer:{name}")), &transfer(name, to, cents))
            .await
    }

    /// What is available of one balance.
    pub async fn available(&self, account: Option<&AccountId>) -> i64 {
        let balances = done(self.stripe.balances(account).await);
        balances.iter().map(|balance| balance.available.cents()).sum()
    }
}

pub fn invoice(customer: &Customer, cents: &[i64]) -> NewInvoice {
    NewInvoice {
        customer: customer.id.clone(),
        currency: Currency::Usd,
        reference: Reference::new("invoice", "01J"),
        text: "A month".into(),
        lines: cents
            .iter()
            .map(|&cents| InvoiceLine { text: "A line (1 & 2)".into(), amount: usd(cents) })
            .collect(),
    }
}

pub fn transfer(name: &str, to: &AccountId, cents: i64) -> NewTransfer {
    NewTransfer {
        account: to.clone(),
        amount: usd(cents),
        group: format!("payout:{name}"),
        reference: Reference::new("payout", name),
        text: "Earnings".into(),
    }
}
