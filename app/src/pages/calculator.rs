//! What a month would cost on each tier of an offer: a form that asks the page itself, and that
//! answers while one types where the browser can.

use imprimatur::domain::{
    error::Refusal,
    rating::{self, Estimate, Priced, TypedUse},
};
use leptos::prelude::*;

use crate::{
    islands::{Calculated, Estimates},
    request::Request,
    ui::{Button, ButtonKind, Section, TextField},
};

/// The units asked about where nobody has said.
const UNITS: &str = "60,000";

/// What the calculator shows: prices, what was typed, and the answer to it.
pub struct Calculator {
    priced: Vec<Priced>,
    typed: TypedUse,
    answer: Result<Vec<Estimate>, Refusal>,
}

impl Calculator {
    /// The answer to what the address asks; nothing where no tier is paid for.
    pub fn read(request: &Request, priced: Vec<Priced>) -> Option<Self> {
        if priced.is_empty() {
            return None;
        }
        let typed = TypedUse {
            units: request.param("units").unwrap_or(UNITS).to_owned(),
            revenue: request.param("revenue").unwrap_or_default().to_owned(),
        };
        let answer = rating::estimates(&priced, &typed);
        Some(Self { priced, typed, answer })
    }

    /// Draws the section.
    pub fn draw(self) -> AnyView {
        let unit = self.priced.first().map_or("requests", |tier| tier.unit.plural());
        let shares = self.priced.iter().any(Priced::shares);
        let calculated = Calculated::of(self.answer);
        view! {
            <Section title="What a month would cost" id="calculator">
                // Not a post: the answer has an address, and can be shared.
                <form
                    class="filters"
                    method="get"
                    action="#calculator"
                    aria-label="Price calculator"
                    novalidate
                    data-calculator=""
                >
                    <TextField
                        name="units"
                        label=format!("Billable {unit} in a month")
                        value=self.typed.units
                        inputmode="numeric"
                        maxlength=20
                        narrow=true
                        required=true
                    />
                    {shares
                        .then(|| {
                            view! {
                                <TextField
                                    name="revenue"
                                    label="Earned with it in a month"
                                    value=self.typed.revenue
                                    inputmode="decimal"
                                    maxlength=20
                                    narrow=true
                                    required=true
                                />
                            }
                        })}
                    <Button kind=ButtonKind::Quiet>"Work it out"</Button>
                </form>
                <Estimates priced=self.priced calculated />
            </Section>
        }
        .into_any()
    }
}
