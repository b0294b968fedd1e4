//! `/earnings/{month}`: a month's earnings line by line, each leading to the deliveries behind it; and
//! the same as a file.

use chrono::Days;
use imprimatur::{
    domain::{error::Refusal, metering::Side, money::Money, month::Month},
    services::{
        Result,
        billing::{self, StatementLine},
    },
};
use leptos::prelude::*;

use super::earnings::{amount, month_in_words};
use crate::{
    address::Address,
    download::{Csv, Download},
    request::{Page, Request},
    ui::{
        ButtonKind, ButtonLink, Cell, Column, Crumb, EmptyState, Instant, PageHeader, Quantity,
        Row, Table,
    },
};

/// Where the lines lead, for whoever sees single deliveries.
const COUNTED: &str =
    n!(" Each work leads to the deliveries that were counted, with their receipts.");

/// One month.
pub async fn show(request: &Request, id: &str) -> Result<Page> {
    let month = read_month(Some(id))?;
    let lines = billing::statement(&request.services, &request.actor, month).await?;
    let coarse = request.sees_coarsely(Side::Creator);
    let now = request.now;
    let title = t!("Statement of {from}", from = month_in_words(month.from()));
    Ok(Page::workspace(request, title.clone(), move || {
        let sums = sums(&lines);
        let csv = Address::new("/earnings.csv").with("month", month).href();
        let rows = lines
            .into_iter()
            .map(|line| {
                let state = match (line.available_at, line.matured_at) {
                    (_, Some(_)) => t!("Available").into_any(),
                    (Some(at), None) => view! { {t!("Available ")} <Instant at now /> }.into_any(),
                    (None, None) => t!("Invoice not paid yet").into_any(),
                };
                let share = (line.share_bp < 10_000).then(|| {
                    t!(
                        ", your share {share}.{value:02} %",
                        share = line.share_bp / 100,
                        value = line.share_bp % 100
                    )
                });
                let words = format!("{}, {}{}", line.tier, line.words, share.unwrap_or_default());
                let href = match coarse {
                    true => format!("/assets/{}", line.asset_id),
                    false => deliveries(&line, month),
                };
                Row::new(vec![
                    Cell::link(line.title, href).note(line.buyer),
                    Cell::new(words).note(state),
                    Cell::new(view! { <Quantity count=line.units /> }),
                    Cell::new(amount(line.gross)),
                    Cell::new(amount(line.fee)),
                    Cell::new(amount(line.net)),
                ])
            })
            .collect();
        let lead = match sums.is_empty() {
            true => t!("Nothing was earned in {from}.", from = month_in_words(month.from())),
            false => t!(
                "{sums} after the platform's fee.{value}",
                sums = sums.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
                value = if coarse { "" } else { COUNTED },
            ),
        };
        view! {
            <PageHeader
                title
                crumbs=vec![Crumb::new(t!("Earnings"), "/earnings")]
                here=month_in_words(month.from())
                lead=move || lead
            >
                <ButtonLink kind=ButtonKind::Quiet href=csv>"CSV"</ButtonLink>
            </PageHeader>
            <Table
                caption=t!("Lines of the statement")
                columns=vec![
                    Column::text(t!("Work")),
                    Column::text(t!("For")).support(),
                    Column::number(t!("Units")).support(),
                    Column::number(t!("Gross")).support(),
                    Column::number(t!("Fee")).support(),
                    Column::number(t!("Net")),
                ]
                rows
                empty=|| {
                    view! {
                        <EmptyState
                            title=t!("No lines")
                            sentence=t!("A month that is not over has no statement yet; what is counted so far is under Usage.")
                        >
                            <ButtonLink href="/usage">{t!("See usage")}</ButtonLink>
                        </EmptyState>
                    }
                        .into_any()
                }
            />
        }
    }))
}

/// `/earnings.csv?month=2026-03`
pub async fn csv(request: &Request) -> Result<Download> {
    let month = read_month(request.param("month"))?;
    let lines = billing::statement(&request.services, &request.actor, month).await?;
    let columns = [
        "charge",
        "license",
        "work",
        "title",
        "buyer",
        "tier",
        "for",
        "units",
        "currency",
        "gross",
        "fee",
        "share_bp",
        "net",
        "available_at_utc",
    ];
    let rows = lines.iter().fold(Csv::new(&columns), |csv, line| {
        let at = line.available_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        csv.row(&[
            line.charge_id.to_string(),
            line.license_id.to_string(),
            line.asset_id.to_string(),
            line.title.clone(),
            line.buyer.clone(),
            line.tier.clone(),
            line.words.clone(),
            line.units.to_string(),
            line.gross.currency.to_string(),
            line.gross.decimal(),
            line.fee.decimal(),
            line.share_bp.to_string(),
            line.net.decimal(),
            at.unwrap_or_default(),
        ])
    });
    Ok(rows.download(&format!("statement-{month}")))
}

fn read_month(text: Option<&str>) -> Result<Month> {
    Ok(text.unwrap_or_default().parse().map_err(|_| Refusal::not_found("statement"))?)
}

/// The deliveries that a line was counted from.
fn deliveries(line: &StatementLine, month: Month) -> String {
    let last = month.until().date_naive().checked_sub_days(Days::new(1));
    Address::new("/feed")
        .with("side", "creator")
        .with("outcome", "billable")
        .with("asset", line.asset_id)
        .with("license", line.license_id)
        .with("from", month.first_day())
        .with_some("until", last)
        .href()
}

/// What the lines come to, by currency.
fn sums(lines: &[StatementLine]) -> Vec<Money> {
    let mut sums: Vec<Money> = Vec::new();
    for line in lines {
        match sums.iter_mut().find(|sum| sum.currency == line.net.currency) {
            Some(sum) => sum.micros = sum.micros.saturating_add(line.net.micros),
            None => sums.push(line.net),
        }
    }
    sums
}
