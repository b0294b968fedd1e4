//! What a month would cost on each tier of an offer: a form that asks the page itself, while one types
//! where there is JavaScript.

use imprimatur::domain::{
    error::Refusal,
    pricing::{Price, Tier},
    rating::{self, Estimate, TypedUse},
};
use leptos::prelude::*;

use crate::{
    islands::AsTyped,
    request::Request,
    ui::{Button, ButtonKind, Section, TextField},
};

/// The units asked about where nobody has said.
const UNITS: &str = "60,000";
/// The part that answers.
const ANSWER: &str = "calculator-answer";

/// What the calculator shows: what was typed, and the answer to it.
pub struct Calculator {
    /// What is counted.
    unit: &'static str,
    /// Whether a price depends on what is earned.
    shares: bool,
    typed: TypedUse,
    answer: Result<Vec<Estimate>, Refusal>,
}

impl Calculator {
    /// The answer to what the address asks; nothing where no tier is paid for.
    pub fn read(request: &Request, tiers: &[Tier]) -> Option<Self> {
        let unit = tiers.iter().find(|tier| !tier.is_free())?.unit.plural();
        let shares = tiers.iter().any(|tier| matches!(tier.price, Price::RevenueShare { .. }));
        let typed = TypedUse {
            units: request.param("units").unwrap_or(UNITS).to_owned(),
            revenue: request.param("revenue").unwrap_or_default().to_owned(),
        };
        let answer = rating::estimates(tiers, &typed);
        Some(Self { unit, shares, typed, answer })
    }

    /// Draws the section.
    pub fn draw(self) -> AnyView {
        let answer = match self.answer {
            Ok(estimates) => table(estimates),
            Err(refusal) => view! { <p class="field__error">{refusal.sentence}</p> }.into_any(),
        };
        view! {
            <Section title=t!("What a month would cost") id="calculator">
                <AsTyped part=ANSWER.to_owned() button=String::new()>
                    // Not a post: the answer has an address, and can be shared.
                    <form
                        class="filters"
                        method="get"
                        action="#calculator"
                        aria-label=t!("Price calculator")
                        novalidate
                    >
                        <TextField
                            name="units"
                            label=t!("Billable {unit} in a month", unit = self.unit)
                            value=self.typed.units
                            inputmode="numeric"
                            maxlength=20
                            narrow=true
                            required=true
                        />
                        {self
                            .shares
                            .then(|| {
                                view! {
                                    <TextField
                                        name="revenue"
                                        label=t!("Earned with it in a month")
                                        value=self.typed.revenue
                                        inputmode="decimal"
                                        maxlength=20
                                        narrow=true
                                        required=true
                                    />
                                }
                            })}
                        <Button kind=ButtonKind::Quiet>{t!("Work it out")}</Button>
                    </form>
                </AsTyped>
                <div role="status" id=ANSWER>{answer}</div>
            </Section>
        }
        .into_any()
    }
}

fn table(estimates: Vec<Estimate>) -> AnyView {
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
            <caption class="sr-only">{t!("What a month would cost on each tier")}</caption>
            <thead>
                <tr>
                    <th scope="col" class="table__cell">{t!("Tier")}</th>
                    <th scope="col" class="table__cell table__cell--number">{t!("First month")}</th>
                    <th scope="col" class="table__cell table__cell--number">{t!("Each later month")}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
