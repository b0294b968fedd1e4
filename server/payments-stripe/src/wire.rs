//! How a call is sent: noted, sent, sent again with the same key, and its answer kept as it came.

use std::{fmt::Display, sync::Arc, time::Duration};

use bytes::Bytes;
use imprimatur::services::payments::{
    AccountId, Key, Outcome, Refused,
    calls::{Before, Call, CallLog, End},
};
use rand::Rng as _;
use reqwest::{Client, Method, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use stripe_client_core::{
    CustomizedStripeRequest, RequestBuilder, StripeClient, StripeClientErr, StripeMethod, VERSION,
};
use url::Url;

/// Where live keys are sent to, and nowhere else.
const STRIPE: &str = "https://api.stripe.com/";

/// One attempt, from the first byte to the last.
const ATTEMPT: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);

/// Attempts of one call.
const ATTEMPTS: u32 = 3;

/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// Where Stripe is, and who we are to it.
#[derive(Clone)]
pub struct Settings {
    /// The secret key; it is never shown.
    pub key: String,
    /// Another address than Stripe's own: a sandbox.
    pub base_url: Option<Url>,
}

/// What cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("A secret key of Stripe begins with sk_test_, sk_live_, rk_test_ or rk_live_.")]
    Key,
    #[error("A live key of Stripe is sent to {STRIPE} only.")]
    LiveElsewhere,
    #[error("The client for Stripe could not be made: {0}.")]
    Client(#[from] reqwest::Error),
    #[error("The address of Stripe cannot be used: {0}.")]
    Address(#[from] url::ParseError),
}

/// The way to Stripe.
pub struct Wire {
    client: Client,
    base: Url,
    key: String,
    log: Arc<dyn CallLog>,
}

/// How a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{}: {}", .0.code, .0.message)]
    Refused(Refused),
    #[error("{0}")]
    Unknown(String),
}

impl StripeClientErr for Failed {
    /// It was done, and nobody can read what: its end is unknown, and the raw answer is in the log.
    fn deserialize_err(msg: impl Display) -> Self {
        Self::Unknown(format!("the answer cannot be read: {msg}"))
    }
}

/// The same ending, in the words of the port.
pub fn outcome<T>(result: Result<T, Failed>) -> Outcome<T> {
    match result {
        Ok(thing) => Outcome::Done(thing),
        Err(Failed::Refused(refused)) => Outcome::Refused(refused),
        Err(Failed::Unknown(why)) => Outcome::Unknown(why),
    }
}

/// One way to send: with a key for what changes something, without for what only reads.
pub struct Sender<'a> {
    wire: &'a Wire,
    key: Option<&'a Key>,
}

impl Wire {
    pub fn new(settings: Settings, log: Arc<dyn CallLog>) -> Result<Self, SettingsError> {
        let is_live = ["sk_live_", "rk_live_"].iter().any(|begin| settings.key.starts_with(begin));
        let is_test = ["sk_test_", "rk_test_"].iter().any(|begin| settings.key.starts_with(begin));
        if !is_live && !is_test {
            return Err(SettingsError::Key);
        }
        let stripe: Url = STRIPE.parse()?;
        let base = settings.base_url.unwrap_or_else(|| stripe.clone());
        if is_live && base != stripe {
            return Err(SettingsError::LiveElsewhere);
        }
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Imprimatur")
            .build()?;
        Ok(Self { client, base, key: settings.key, log })
    }

    /// For what changes something.
    pub const fn keyed<'a>(&'a self, key: &'a Key) -> Sender<'a> {
        Sender { wire: self, key: Some(key) }
    }

    /// For what only reads.
    pub const fn reading(&self) -> Sender<'_> {
        Sender { wire: self, key: None }
    }
}

impl StripeClient for Sender<'_> {
    type Err = Failed;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Failed> {
        let (request, config) = request.into_pieces();
        let account = config.account_id.map(|account| account.to_string());
        let sent = Sent::new(request, account);
        match self.key {
            None => ended(self.attempt(&sent).await?),
            Some(key) => self.change(&sent, key).await,
        }
    }
}

/// A request, ready to be sent any number of times.
struct Sent {
    method: Method,
    path: String,
    query: Option<String>,
    body: Option<String>,
    account: Option<String>,
}

impl Sent {
    fn new(request: RequestBuilder, account: Option<String>) -> Self {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let query = request.query.filter(|query| !query.is_empty());
        Self { method, path: format!("v1{}", request.path), query, body: request.body, account }
    }

    /// The same for the same parameters: metadata come in another order every time.
    fn digest(&self) -> [u8; 32] {
        let mut parameters: Vec<&str> = [&self.query, &self.body]
            .into_iter()
            .flatten()
            .flat_map(|encoded| encoded.split('&'))
            .collect();
        parameters.sort_unstable();
        let fixed = [self.path.as_str(), self.account.as_deref().unwrap_or_default()];
        let mut hash = Sha256::new();
        for part in fixed.into_iter().chain(parameters) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// An answer, whatever it says.
struct Answer {
    status: u16,
    body: Bytes,
}

impl Sender<'_> {
    /// Reads without making anything of the answer.
    pub async fn read_raw(
        &self,
        request: RequestBuilder,
        account: Option<&AccountId>,
    ) -> Result<Bytes, Failed> {
        let sent = Sent::new(request, account.map(AccountId::to_string));
        ended(self.attempt(&sent).await?)
    }

    /// Sends what changes something: noted before, and its end noted after.
    async fn change(&self, sent: &Sent, key: &Key) -> Result<Bytes, Failed> {
        let log = &self.wire.log;
        let call = Call {
            key: key.as_str(),
            method: sent.method.as_str(),
            path: &sent.path,
            account: sent.account.as_deref(),
            request_digest: sent.digest(),
        };
        let before = log.before(&call).await.map_err(|error| {
            tracing::error!(%error, "A call to Stripe could not be noted, and is not sent");
            Failed::Unknown("the call could not be noted, and was not sent".into())
        })?;
        match before {
            Before::Send => {}
            Before::Answered { status, answer } => {
                return ended(Answer { status, body: answer.into() });
            }
            Before::TooOld => {
                return Err(Failed::Unknown(
                    "it was sent more than a day ago and its end is not known; look for what it was \
                     to make"
                        .into(),
                ));
            }
            Before::KeyTaken => {
                return Err(Failed::Refused(Refused {
                    code: "idempotency_error".into(),
                    message: "This key belongs to another request.".into(),
                }));
            }
        }
        let answer = match self.attempt(sent).await {
            Ok(answer) => answer,
            Err(failed) => {
                self.note(key, End::Unknown, None, &failed.to_string()).await;
                return Err(failed);
            }
        };
        let end = match answer.status {
            200..300 => End::Done,
            status if is_final(status) => End::Refused,
            _ => End::Unknown,
        };
        let raw = String::from_utf8_lossy(&answer.body).into_owned();
        self.note(key, end, Some(answer.status), &raw).await;
        ended(answer)
    }

    async fn note(&self, key: &Key, end: End, status: Option<u16>, raw: &str) {
        // The answer counts whether or not it could be noted: the same key will bring it again.
        if let Err(error) = self.wire.log.after(key.as_str(), end, status, raw).await {
            tracing::error!(%error, stripe.key = %key, "The answer of a call to Stripe was not noted");
        }
    }

    /// Sends until there is an answer that does not call for another attempt.
    async fn attempt(&self, sent: &Sent) -> Result<Answer, Failed> {
        let mut attempt = 1;
        loop {
            let (result, retry) = self.once(sent).await;
            if attempt >= ATTEMPTS || !retry.is_wanted {
                return result;
            }
            let backoff = Duration::from_millis(250) * 2u32.pow(attempt);
            let jitter = Duration::from_millis(rand::rng().random_range(0..250));
            let pause = retry.after.unwrap_or(backoff).min(PAUSE_MAX) + jitter;
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn once(&self, sent: &Sent) -> (Result<Answer, Failed>, Retry) {
        let mut url = match self.wire.base.join(&sent.path) {
            Ok(url) => url,
            Err(error) => return (Err(Failed::Unknown(error.to_string())), Retry::NO),
        };
        url.set_query(sent.query.as_deref());
        let mut request = self
            .wire
            .client
            .request(sent.method.clone(), url)
            .bearer_auth(&self.wire.key)
            .header("Stripe-Version", VERSION.as_str());
        if let Some(key) = self.key {
            request = request.header("Idempotency-Key", key.as_str());
        }
        if let Some(account) = &sent.account {
            request = request.header("Stripe-Account", account);
        }
        if let Some(body) = &sent.body {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone());
        }
        let lost = |error: reqwest::Error| {
            // The address may hold what was asked for; the kind of failure says enough.
            let error = error.without_url();
            (Err(Failed::Unknown(format!("no answer came: {error}"))), Retry::SOON)
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return lost(error),
        };
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let retry = Retry {
            is_wanted: match header("stripe-should-retry").as_deref() {
                Some("true") => true,
                Some("false") => false,
                _ => matches!(status, 409 | 424 | 429 | 500..=504),
            },
            after: header("retry-after").and_then(|s| s.parse().ok()).map(Duration::from_secs),
        };
        match response.bytes().await {
            Ok(body) => (Ok(Answer { status, body }), retry),
            Err(error) => lost(error),
        }
    }
}

/// Whether to try again.
struct Retry {
    is_wanted: bool,
    after: Option<Duration>,
}

impl Retry {
    const NO: Self = Self { is_wanted: false, after: None };
    const SOON: Self = Self { is_wanted: true, after: None };
}

/// Whether the same call would be answered like this again.
const fn is_final(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 403 | 408 | 409 | 424 | 425 | 429)
}

/// What an answer means.
fn ended(answer: Answer) -> Result<Bytes, Failed> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let message = text("message").unwrap_or_else(|| "without a word".to_owned());
    if !is_final(answer.status) {
        return Err(Failed::Unknown(format!("status {}: {message}", answer.status)));
    }
    let code = text("code").or_else(|| text("type")).unwrap_or_else(|| answer.status.to_string());
    Err(Failed::Refused(Refused { code, message }))
}

#[cfg(test)]
mod tests {
    use imprimatur::services::payments::calls::CallLog;

    use super::*;

    struct NoLog;

    #[async_trait::async_trait]
    impl CallLog for NoLog {
        async fn before(&self, _: &Call<'_>) -> imprimatur::services::Result<Before> {
            Ok(Before::Send)
        }

        async fn after(
            &self,
            _: &str,
            _: End,
            _: Option<u16>,
            _: &str,
        ) -> imprimatur::services::Result<()> {
            Ok(())
        }
    }

    fn wire(key: &str, base_url: Option<&str>) -> Result<Wire, SettingsError> {
        let base_url = base_url.map(|url| url.parse().unwrap());
        Wire::new(Settings { key: key.into(), base_url }, Arc::new(NoLog))
    }

    #[test]
    fn a_live_key_goes_to_stripe_and_nowhere_else() {
        assert!(wire("sk_live_x", None).is_ok());
        assert!(wire("sk_live_x", Some("https://api.stripe.com")).is_ok());
        for elsewhere in [
            "http://127.0.0.1:12111",
            "http://api.stripe.com",
            "https://api.stripe.com:444",
            "https://api.stripe.com.example",
            "https://api.stripe.com/elsewhere",
        ] {
            assert!(matches!(
                wire("sk_live_x", Some(elsewhere)),
                Err(SettingsError::LiveElsewhere)
            ));
            assert!(wire("sk_test_x", Some(elsewhere)).is_ok());
        }
        assert!(matches!(wire("pk_live_x", None), Err(SettingsError::Key)));
    }

    #[test]
    fn the_order_of_parameters_is_no_other_request() {
        let sent = |body: &str| Sent {
            method: Method::POST,
            path: "v1/transfers".into(),
            query: None,
            body: Some(body.into()),
            account: None,
        };
        assert_eq!(sent("a=1&b=2").digest(), sent("b=2&a=1").digest());
        assert_ne!(sent("a=1&b=2").digest(), sent("a=2&b=1").digest());
        assert_ne!(sent("a=1&b=2").digest(), sent("a=1b=2").digest());
    }

    #[test]
    fn an_answer_says_whether_it_is_the_last_word() {
        let said = |status, body: &str| ended(Answer { status, body: body.to_owned().into() });
        assert!(said(200, "{}").is_ok());
        let declined = r#"{"error":{"code":"card_declined","message":"No.","type":"card_error"}}"#;
        assert!(
            matches!(said(402, declined), Err(Failed::Refused(r)) if r.code == "card_declined")
        );
        for status in [401, 403, 409, 429, 500, 502, 503] {
            assert!(matches!(said(status, "<html>"), Err(Failed::Unknown(_))), "{status}");
        }
    }
}
