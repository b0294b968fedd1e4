//! The doors of the portal's forms: parse, call the service, answer.
//!
//! Each posts to the address of the page it is on. A page with several forms tells them apart by
//! the field `form`.

pub mod assets;
pub mod batch;
pub mod collections;
pub mod identity;
pub mod licenses;
pub mod members;
pub mod offers;
pub mod payments;
pub mod payouts;
pub mod profile;
pub mod sessions;
pub mod sites;
pub mod terms;

mod upload;

use imprimatur::{
    domain::error::{Kind, Refusal},
    services::Error,
};

/// The field `form` names none of the page's forms.
fn unknown_form() -> Error {
    Refusal::new(
        Kind::Malformed,
        "unknown_form",
        t!("This form is not known. Load the page again and send it once more."),
    )
    .into()
}
