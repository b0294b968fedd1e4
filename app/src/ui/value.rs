//! One value, set the way its kind is always set. What is shortened or rounded
//! on the page is exact in the title.

use chrono::{DateTime, SecondsFormat, Utc};
use leptos::prelude::*;

use super::text;
use crate::islands::CopyButton;

/// Money, exact, with at least `places` decimals (2 unless told).
#[component]
pub fn Amount(
    micros: i64,
    #[prop(into)] currency: String,
    #[prop(default = 2)] places: usize,
    /// Whole cents, the fraction smaller and lighter, the exact amount on hover.
    #[prop(optional)]
    display: bool,
) -> impl IntoView {
    let exact = text::money(micros, &currency, places);
    if display {
        let cents = text::money_in_cents(micros, &currency);
        let title = (cents != exact).then(|| exact.joined());
        view! {
            <span class="amount amount--display" title=title>
                {cents.whole}
                <span class="amount__fraction">{cents.fraction}</span>
            </span>
        }
        .into_any()
    } else {
        view! { <span class="amount">{exact.joined()}</span> }.into_any()
    }
}

/// A count, exact.
#[component]
pub fn Quantity(
    count: i64,
    /// Three figures are enough; the exact count on hover.
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let exact = text::quantity(count);
    match text::quantity_in_short(count).filter(|_| short) {
        Some(shown) => view! { <abbr class="quantity" title=exact>{shown}</abbr> }.into_any(),
        None => view! { <span class="quantity">{exact}</span> }.into_any(),
    }
}

/// A size, with the exact number of bytes on hover.
#[component]
pub fn Bytes(count: u64) -> impl IntoView {
    let exact = text::quantity(i64::try_from(count).unwrap_or(i64::MAX));
    view! { <span class="quantity" title=t!("{exact} bytes")>{text::bytes(count)}</span> }
}

/// A time told from `now`; the exact instant on hover. Without JavaScript instants and days are those of
/// UTC, with it those of the zone of whoever looks (`shell/document.rs`).
#[component]
pub fn Instant(
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    /// Shows the exact instant itself.
    #[prop(optional)]
    exact: bool,
    /// Shows its day, however near it is.
    #[prop(optional)]
    day: bool,
) -> impl IntoView {
    let full = text::exact(at);
    let told = if day { None } else { text::span(at, now) };
    let (class, shown, title) = match told {
        _ if exact => ("instant instant--exact", full, None),
        Some(told) => ("instant", told, Some(full)),
        None => ("instant instant--day", text::date(at, now), Some(full)),
    };
    view! {
        <time
            class=class
            datetime=at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
            title=title
        >
            {shown}
        </time>
    }
}

/// A digest, an id or a content ID: shortened, whole in the title.
#[component]
pub fn Digest(
    #[prop(into)] value: String,
    /// Shows all of it, breaking where it must.
    #[prop(optional)]
    whole: bool,
    /// Adds a button that copies it; says what it is: "content ID".
    #[prop(optional, into)]
    copy: Option<String>,
) -> impl IntoView {
    let shown = if whole { value.clone() } else { text::short(&value) };
    let class = if whole { "digest digest--whole" } else { "digest" };
    view! {
        <code class=class title=(!whole).then(|| value.clone())>{shown}</code>
        {copy.map(|what| view! { " " <CopyButton text=value what=what /> })}
    }
}
