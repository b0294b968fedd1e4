//! The price calculator's answer, which follows what is typed.
//!
//! The sums are the domain's own, so they cannot differ from those that bills are made by. What the
//! server drew stands until something is typed; without JavaScript a button asks for it.

use imprimatur::domain::{
    error::Refusal,
    rating::{Estimate, Priced},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// An answer of the calculator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Calculated {
    Estimates(Vec<Estimate>),
    /// Why there is none.
    Refused(String),
}

impl Calculated {
    /// The answer as it is shown.
    pub fn of(answer: Result<Vec<Estimate>, Refusal>) -> Self {
        match answer {
            Ok(estimates) => Self::Estimates(estimates),
            Err(refusal) => Self::Refused(refusal.sentence),
        }
    }
}

/// Listens to the form above it.
#[island]
pub fn Estimates(priced: Vec<Priced>, calculated: Calculated) -> impl IntoView {
    let answer = RwSignal::new(calculated);
    #[cfg(feature = "hydrate")]
    {
        let handle = window_event_listener(leptos::ev::input, move |event| {
            if let Some(typed) = live::typed(&event) {
                answer.set(Calculated::of(imprimatur::domain::rating::estimates(&priced, &typed)));
            }
        });
        on_cleanup(move || handle.remove());
    }
    #[cfg(not(feature = "hydrate"))]
    drop(priced);
    view! { <div class="estimates" role="status">{move || draw(answer.get())}</div> }
}

fn draw(calculated: Calculated) -> AnyView {
    let estimates = match calculated {
        Calculated::Estimates(estimates) => estimates,
        Calculated::Refused(sentence) => {
            return view! { <p class="field__error">{sentence}</p> }.into_any();
        }
    };
    let rows = estimates
        .into_iter()
        .map(|estimate| {
            let lines =
                estimate.lines.into_iter().map(|line| view! { <div>{line}</div> }).collect_view();
            view! {
                <tr>
                    <th scope="row" class="table__cell">
                        {estimate.tier}
                        <div class="table__note">{lines}</div>
                    </th>
                    <td class="table__cell table__cell--number">{estimate.first_month}</td>
                    <td class="table__cell table__cell--number">{estimate.later_month}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <caption class="sr-only">"What a month would cost on each tier"</caption>
            <thead>
                <tr>
                    <th scope="col" class="table__cell">"Tier"</th>
                    <th scope="col" class="table__cell table__cell--number">"First month"</th>
                    <th scope="col" class="table__cell table__cell--number">"Each later month"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod live {
    use imprimatur::domain::rating::TypedUse;
    use leptos::web_sys::{Element, Event, FormData, HtmlFormElement};
    use wasm_bindgen::JsCast as _;

    /// What is typed, where the calculator is typed into.
    pub fn typed(event: &Event) -> Option<TypedUse> {
        let field: Element = event.target()?.dyn_into().ok()?;
        let form: HtmlFormElement =
            field.closest("form[data-calculator]").ok()??.dyn_into().ok()?;
        let fields = FormData::new_with_form(&form).ok()?;
        let value = |name: &str| fields.get(name).as_string().unwrap_or_default();
        Some(TypedUse { units: value("units"), revenue: value("revenue") })
    }
}
