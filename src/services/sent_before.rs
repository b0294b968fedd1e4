//! Forms sent again. A form carries the id of what it creates, so the id says whether it was sent
//! before; what it was about then must be what it is about now.

use super::Result;
use crate::domain::{error::Refusal, ids::OrgId};

/// Whether the id of a form is one this organization has used for the same thing; `found` is who
/// used it, and for what.
///
/// # Errors
///
/// "Not found" if somebody else has used it, a conflict if it was for something else.
pub(super) fn was_sent<T: PartialEq>(
    noun: &'static str,
    org_id: OrgId,
    about: &T,
    found: Option<(OrgId, T)>,
) -> Result<bool> {
    match found {
        None => Ok(false),
        Some((owner, _)) if owner != org_id => Err(Refusal::not_found(noun).into()),
        Some((_, before)) if before == *about => Ok(true),
        Some(_) => Err(Refusal::conflict(
            "form_sent_before",
            t!("This form was sent before for something else. Open a new form."),
        )
        .into()),
    }
}
