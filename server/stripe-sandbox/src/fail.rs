//! Every "no" of the API, in Stripe's words and with its status.

use serde_json::{Value, json};

/// What is answered instead of an object.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Failure {
    pub status: u16,
    /// `invalid_request_error`, `card_error`, `idempotency_error`, `api_error`.
    pub kind: &'static str,
    pub code: &'static str,
    pub message: String,
    pub param: Option<String>,
    pub declined: Option<Box<Declined>>,
}

/// What a card's bank said, and about which charge.
#[derive(Clone, Debug)]
pub struct Declined {
    pub code: &'static str,
    pub charge: Option<String>,
}

impl Failure {
    /// A request that cannot be carried out.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            code,
            message: message.into(),
            param: None,
            declined: None,
        }
    }

    /// The same, with another status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same, about a parameter.
    #[must_use]
    pub fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// There is no such object, or it is another account's.
    pub fn missing(object: &str, id: &str) -> Self {
        Self::invalid("resource_missing", format!("No such {}: '{id}'", object.replace('_', " ")))
            .with_status(404)
            .about("id")
    }

    /// A parameter that nobody knows.
    pub fn unknown(param: &str) -> Self {
        Self::invalid("parameter_unknown", format!("Received unknown parameter: {param}"))
            .about(param)
    }

    /// A parameter that is needed.
    pub fn needed(param: &str) -> Self {
        Self::invalid("parameter_missing", format!("Missing required param: {param}.")).about(param)
    }

    /// The card's bank said no.
    pub fn declined(decline_code: &'static str, charge: Option<String>) -> Self {
        let (code, message) = match decline_code {
            "authentication_required" => (
                "authentication_required",
                "Your card was declined. This transaction requires authentication.",
            ),
            "insufficient_funds" => ("card_declined", "Your card has insufficient funds."),
            _ => ("card_declined", "Your card was declined."),
        };
        Self {
            status: 402,
            kind: "card_error",
            code,
            message: message.to_owned(),
            param: None,
            declined: Some(Box::new(Declined { code: decline_code, charge })),
        }
    }

    /// The sandbox broke, on purpose.
    pub fn broken(status: u16) -> Self {
        Self {
            kind: "api_error",
            ..Self::invalid("api_error", "An error occurred in the sandbox, as it was told to.")
        }
        .with_status(status)
    }

    /// Whether the request was turned away before anything was tried; such an answer is not kept for
    /// its idempotency key.
    pub fn is_before_execution(&self) -> bool {
        matches!(self.status, 401 | 403 | 409 | 429) || self.code.starts_with("parameter_")
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        let members = [
            (
                "code",
                (!self.code.is_empty() && self.kind != "api_error").then(|| self.code.to_owned()),
            ),
            ("param", self.param.clone()),
            ("decline_code", self.declined.as_ref().map(|declined| declined.code.to_owned())),
            ("charge", self.declined.as_ref().and_then(|declined| declined.charge.clone())),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                error[name] = Value::String(value);
            }
        }
        json!({ "error": error })
    }
}

/// What every call of the API answers.
pub type Answer = Result<Value, Failure>;
