//! Forms: parse, call the service, answer.
//!
//! A form that is refused comes back as the page it was on, with what was typed and the sentence
//! about the field. A form that is done leads on with 303, so that going back sends nothing again.

use app::{
    request::{Page, Request},
    ui::{FieldError, Typed},
};
use axum::{
    body::Bytes,
    extract::FromRequest,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use imprimatur::{
    domain::{
        error::{Kind, Refusal},
        ids::TypedId,
    },
    services::{Error, Result, mint},
};
use url::form_urlencoded;

use super::{Portal, render};
use crate::{kept::Sent, refused, session::request_id_of};

/// How far ahead the clock of another of our processes may be.
const CLOCK_SKEW_MS_MAX: u64 = 60 * 60 * 1000;

/// What a deed leads to.
pub enum Done {
    /// Another page.
    To(String),
    /// A page shown at once, because what is on it is shown only now.
    Show(Box<Page>),
}

/// The fields of a form, in the order they were sent; a name may repeat.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The text of a field, empty where it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// The id that the form made for what it creates.
    ///
    /// # Errors
    ///
    /// Refuses what is no id, or says it was made tomorrow: lists sorted by id would have it on top
    /// for good.
    pub fn new_id<T: TypedId>(&self) -> Result<T> {
        let latest = mint::<T>().made_at_ms() + CLOCK_SKEW_MS_MAX;
        let id: Option<T> = self.text("id").parse().ok();
        Ok(id.filter(|id| id.made_at_ms() <= latest).ok_or_else(form_incomplete)?)
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(
        request: axum::extract::Request,
        state: &S,
    ) -> std::result::Result<Self, Response> {
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let request_id = request_id_of(request.extensions());
        let refuse = |refusal: Refusal| refused::answer(&refusal.into(), request_id, "/");
        if !is_form {
            return Err(refuse(not_a_form()));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            refuse(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
                    Kind::TooLarge,
                    "form_too_large",
                    t!("That is more than a form takes. Shorten what you typed and send it again."),
                ),
                _ => Refusal::new(
                    Kind::Malformed,
                    "form_cut_off",
                    t!("The form was cut off on its way. Load the page again and send it once more."),
                ),
            })
        })?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

/// What the page sends along by itself did not come, or cannot be read.
pub fn form_incomplete() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "form_incomplete",
        t!("Part of the form was missing. Load the page again and send it once more."),
    )
}

/// The body is of no type that a form of ours sends.
pub fn not_a_form() -> Refusal {
    Refusal::new(
        Kind::Unsupported,
        "not_a_form",
        t!("This did not come from a form here. Load the page again and send it once more."),
    )
}

impl Portal {
    /// Answers a form: on to where the deed leads, or back to `page` with what was typed.
    pub async fn finish(
        &self,
        request: &Request,
        fields: Fields,
        outcome: Result<Done>,
        page: impl Future<Output = Result<Page>>,
    ) -> Response {
        let error = match outcome {
            Ok(Done::To(location)) => return Redirect::to(&location).into_response(),
            Ok(Done::Show(page)) => return render::page(self, *page, None).await,
            Err(error) => error,
        };
        let Some(refusal) = self.can_be_mended(&error) else {
            let mut answer = self.answer_error(request, &error).await;
            if error.refusal().is_some_and(|refusal| refusal.kind == Kind::Unauthenticated) {
                answer.extensions_mut().insert(Sent(fields.0));
            }
            return answer;
        };
        let status = refusal.kind.status();
        let typed = Typed {
            values: fields.0,
            error: Some(FieldError {
                field: refusal.field.as_deref().map(str::to_owned),
                sentence: refusal.sentence.clone(),
            }),
        };
        match page.await {
            Ok(page) => render::page(self, page.status(status), Some(typed)).await,
            Err(error) => self.answer_error(request, &error).await,
        }
    }

    /// Shows `page` again with what was typed, because something was asked about it.
    pub async fn show_again(
        &self,
        request: &Request,
        fields: Fields,
        page: impl Future<Output = Result<Page>>,
    ) -> Response {
        match page.await {
            Ok(page) => {
                let typed = Typed { values: fields.0, error: None };
                render::page(self, page, Some(typed)).await
            }
            Err(error) => self.answer_error(request, &error).await,
        }
    }

    /// A refusal that the person can do something about in the form.
    fn can_be_mended<'a>(&self, error: &'a Error) -> Option<&'a Refusal> {
        error.refusal().filter(|refusal| {
            !matches!(refusal.kind, Kind::Unauthenticated | Kind::NotFound | Kind::Gone)
                && !matches!(refusal.code, "organization_required" | "unknown_form")
        })
    }
}
