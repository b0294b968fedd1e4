//! What last month's use would have paid under the tiers as typed.

use imprimatur::{
    domain::{
        money::grouped,
        pricing::{Price, Tier},
        rating::{self, Usage},
    },
    services::offers::{Preview, PreviewLine},
};
use leptos::prelude::*;

use crate::ui::{Cell, Column, Quantity, Row, Section, Table, text};

/// Units of the examples, where nobody used the work.
const EXAMPLES: [i64; 5] = [0, 1_000, 50_000, 50_001, 100_001];

/// The preview, above the form that asked for it.
pub(super) fn draw(preview: Preview) -> AnyView {
    let month = text::month_in_full(preview.month.first_day());
    let fees: Vec<String> = preview.tiers.iter().filter_map(apart).collect();
    let fees = (!fees.is_empty()).then(
        || view! { <p class="section__note">{t!("Beside it: {value}.", value = fees.join("; "))}</p> },
    );
    let (sentence, table) = if !preview.used {
        (
            t!("Nobody used this work in {month}. This is what a month would pay:"),
            examples(&preview.tiers),
        )
    } else {
        let sentence = t!("The use of {month} would have paid {total}.", total = preview.total);
        (sentence, lines(preview.lines))
    };
    view! {
        <Section title=t!("What it would pay") id="preview">
            <p class="preview__sentence" role="status">
                {sentence}
            </p>
            {table}
            {fees}
        </Section>
    }
    .into_any()
}

fn lines(lines: Vec<PreviewLine>) -> AnyView {
    if lines.is_empty() {
        return view! {
            <p class="section__note">
                {t!("Your organization has chosen coarse reports, so it is not told apart by buyer.")}
            </p>
        }
        .into_any();
    }
    let rows = lines
        .into_iter()
        .map(|line| {
            let charges: Vec<String> =
                line.charges.iter().map(|(words, money)| format!("{words}: {money}")).collect();
            let stopped = (line.stopped_units > 0).then(|| {
                let units = grouped(&line.stopped_units.to_string());
                t!("{units} more would not have been delivered")
            });
            let note = charges.into_iter().chain(stopped).collect::<Vec<_>>().join(" · ");
            Row::new(vec![
                Cell::new(line.buyer).note(note),
                Cell::new(line.tier),
                Cell::new(view! { <Quantity count=line.units /> }),
                Cell::new(line.total.to_string()),
            ])
        })
        .collect();
    view! {
        <Table
            caption=t!("What each license would have paid")
            columns=vec![
                Column::text(t!("Buyer")),
                Column::text(t!("Tier")).support(),
                Column::number(t!("Units")),
                Column::number(t!("Would have paid")),
            ]
            rows
        />
    }
    .into_any()
}

fn examples(tiers: &[Tier]) -> AnyView {
    let rows = EXAMPLES
        .into_iter()
        .filter_map(|units| {
            let usage = Usage { units, month: 1, ..Usage::default() };
            let rated = rating::on_tiers(tiers, &usage).ok()??;
            let total = rating::total(rated.tier, &rated.charges).ok()?;
            let tier = match rated.stopped_units {
                0 => rated.tier.name.clone(),
                more => {
                    t!(
                        "{name}, without {more} units",
                        name = rated.tier.name,
                        more = grouped(&more.to_string())
                    )
                }
            };
            Some(Row::new(vec![
                Cell::new(view! { <Quantity count=units /> }),
                Cell::new(tier),
                Cell::new(total.to_string()),
            ]))
        })
        .collect();
    view! {
        <Table
            caption=t!("What a month would pay")
            columns=vec![
                Column::text(t!("Units in a month")),
                Column::text(t!("Tier")),
                Column::number(t!("Would pay")),
            ]
            rows
        />
    }
    .into_any()
}

/// What a month does not show: fees due once or a year in advance, and a share of what nobody has
/// reported.
fn apart(tier: &Tier) -> Option<String> {
    let words = match tier.price {
        Price::Upfront { fee_micros, .. } => t!("{fee} once", fee = tier.money(fee_micros)),
        Price::Prepaid { year_micros, .. } => {
            t!("{year} a year in advance", year = tier.money(year_micros))
        }
        Price::RevenueShare { .. } => {
            t!("the share of what buyers earn, which they report").to_owned()
        }
        Price::Subscription { .. } | Price::PerUse { .. } => return None,
    };
    Some(format!("{}, {words}", tier.name))
}
