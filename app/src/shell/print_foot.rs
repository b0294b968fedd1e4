//! What a printed page says of itself at its end; no screen shows it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::ui::Instant;

/// Where the page is, and when it was drawn.
#[component]
pub fn PrintFoot(#[prop(into)] address: String, now: DateTime<Utc>) -> impl IntoView {
    view! { <p class="print-foot">{t!("Imprimatur. ")} {address} {t!(", as of ")} <Instant at=now now exact=true /> "."</p> }
}
