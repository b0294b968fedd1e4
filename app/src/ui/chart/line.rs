//! Line charts: panels over one row of dates, and their figures as a table.

use leptos::prelude::*;

use super::super::table::{Cell, Column, Row, Table};
use super::scale::{HEIGHT, Scale, Unit};
use crate::islands::ChartHover;

/// One measure over time: a panel of the chart.
#[derive(Clone, Debug)]
pub struct Line {
    label: String,
    unit: Unit,
    values: Vec<i64>,
    beside: Option<Beside>,
    seal: bool,
}

/// What a line is read against, drawn quietly under it.
#[derive(Clone, Debug)]
struct Beside {
    /// As the key of the panel says it: "The period before".
    key: String,
    /// As a value and the table say it: "before".
    short: String,
    values: Vec<i64>,
}

impl Line {
    /// `values` run from oldest to newest, one for each of the chart's dates; fewer where the
    /// last dates are yet to come.
    #[must_use]
    pub fn new(label: impl Into<String>, unit: Unit, values: Vec<i64>) -> Self {
        Self { label: label.into(), unit, values, beside: None, seal: false }
    }

    /// With the values of the period before, one for each date, as a quiet line under it.
    #[must_use]
    pub fn before(self, values: Option<Vec<i64>>) -> Self {
        let beside = values.map(|values| Beside {
            key: t!("The period before").to_owned(),
            short: t!("before").to_owned(),
            values,
        });
        Self { beside, ..self }
    }

    /// With the values it should keep to, one for each date, as a quiet line under it. `key` says
    /// what they are, `short` the same in a word.
    #[must_use]
    pub fn against(
        self,
        key: impl Into<String>,
        short: impl Into<String>,
        values: Vec<i64>,
    ) -> Self {
        Self { beside: Some(Beside { key: key.into(), short: short.into(), values }), ..self }
    }

    /// Drawn in the seal's red: the second line of a chart, never the first.
    #[must_use]
    pub fn seal(self) -> Self {
        Self { seal: true, ..self }
    }
}

/// Panels one under the other. With fewer than two dates there is no line to
/// draw, and `children` (an `EmptyState`) stands in its place.
#[component]
pub fn Chart(
    /// What the chart shows: "Use and earnings".
    #[prop(into)]
    title: String,
    /// What a date is called in the table: "Day", "Hour".
    #[prop(default = "Day".to_owned(), into)]
    step: String,
    /// The dates, oldest first, as they are written.
    dates: Vec<String>,
    lines: Vec<Line>,
    /// The last date is not over: what leads to it is dotted.
    #[prop(optional)]
    unfinished: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    if dates.len() < 2 {
        return children.map(|children| children()).into_any();
    }
    let ends = t!("{value} to {dates}", value = dates[0], dates = dates[dates.len() - 1]);
    let panels = lines
        .iter()
        .enumerate()
        .map(|(at, line)| panel(line, &dates, &ends, at == 0, unfinished))
        .collect_view();
    let table = figures(&title, &step, &dates, &lines);
    view! {
        <figure class="chart">
            <ChartHover label=t!("{title}: read values with the arrow keys")>
                {panels}
                {date_row(&dates)}
            </ChartHover>
            <details class="chart__details">
                <summary>{t!("The same figures as a table")}</summary>
                <div class="chart__figures" tabindex="0" role="region" aria-label=t!("{title}, figures")>
                    {table}
                </div>
            </details>
        </figure>
    }
    .into_any()
}

/// `dated` says the date beside the value: the first panel does, for all.
fn panel(
    line: &Line,
    dates: &[String],
    ends: &str,
    dated: bool,
    unfinished: bool,
) -> impl IntoView + use<> {
    let beside = line.beside.as_ref();
    let before = beside.map(|beside| beside.values.as_slice()).unwrap_or_default();
    let scale = Scale::over(&[line.values.as_slice(), before].concat());
    let earlier = (!before.is_empty()).then(|| points(before, scale));
    let all = points(&line.values, scale);
    let (over, open) = if unfinished { open_end(&all) } else { (all, None) };
    let width = (dates.len() - 1) * 10;
    let [top, middle, foot] = scale.ticks(&line.unit);
    let labels = dates
        .iter()
        .zip(&line.values)
        .enumerate()
        .map(|(at, (date, value))| {
            let mut value = line.unit.write_short(*value);
            if let Some(before) = before.get(at) {
                let short = beside.map_or("", |beside| beside.short.as_str());
                value.push_str(&format!(" ({short} {})", line.unit.write_short(*before)));
            }
            if dated { format!("{date}\u{2002}{value}") } else { value }
        })
        .collect::<Vec<_>>()
        .join("|");
    let highest = line.values.iter().copied().max().unwrap_or(0);
    let latest = line.values.last().copied().unwrap_or(0);
    let described = t!(
        "{ends}. Highest {highest}, latest {latest}.",
        highest = line.unit.write_short(highest),
        latest = line.unit.write_short(latest)
    );
    let class = if line.seal { "chart__panel chart__panel--seal" } else { "chart__panel" };
    view! {
        <div class=class>
            <p class="chart__label">
                {line.label.clone()}
                {beside.map(|beside| view! { <span class="chart__key">{beside.key.clone()}</span> })}
            </p>
            <div class="chart__plot">
                <svg
                    class="chart__svg"
                    viewBox=format!("0 0 {width} {HEIGHT}")
                    preserveAspectRatio="none"
                    role="img"
                    aria-label=format!("{}, {described}", line.label)
                    data-labels=labels
                >
                    <path class="chart__grid" d=format!("M0 0H{width}M0 {}H{width}M0 {HEIGHT}H{width}", HEIGHT / 2) />
                    {earlier
                        .map(|points| view! { <polyline class="chart__before" points=points /> })}
                    <polyline class="chart__line" points=over />
                    {open
                        .map(|points| {
                            view! { <polyline class="chart__line chart__line--open" points=points /> }
                        })}
                    <path class="chart__rule" />
                    <path class="chart__dot" />
                </svg>
                <span class="chart__value" aria-hidden="true"></span>
            </div>
            <div class="chart__axis" aria-hidden="true">
                <span>{top}</span>
                <span>{middle}</span>
                <span>{foot}</span>
            </div>
        </div>
    }
}

/// Four dates, evenly apart; the inner two fall away on a phone.
fn date_row(dates: &[String]) -> impl IntoView + use<> {
    let last = dates.len() - 1;
    let inner = if last >= 6 { vec![last / 3, last * 2 / 3] } else { Vec::new() };
    let marks = std::iter::once((0, "chart__date"))
        .chain(inner.into_iter().map(|at| (at, "chart__date chart__date--support")))
        .chain(std::iter::once((last, "chart__date")))
        .map(|(at, class)| view! { <span class=class>{dates[at].clone()}</span> })
        .collect_view();
    view! { <div class="chart__dates" aria-hidden="true">{marks}</div> }
}

fn figures(title: &str, step: &str, dates: &[String], lines: &[Line]) -> impl IntoView + use<> {
    let columns = std::iter::once(Column::text(step))
        .chain(lines.iter().flat_map(|line| {
            let before = line.beside.as_ref().map(|beside| {
                let (first, rest) = beside.short.split_at_checked(1).unwrap_or(("", &beside.short));
                Column::number(format!("{}{rest}", first.to_uppercase())).support()
            });
            std::iter::once(Column::number(line.label.clone())).chain(before)
        }))
        .collect();
    let rows = dates
        .iter()
        .enumerate()
        .rev()
        .map(|(at, date)| {
            let values = lines.iter().flat_map(|line| {
                let written = |values: &Vec<i64>| {
                    Cell::new(values.get(at).map_or_else(String::new, |v| line.unit.write(*v)))
                };
                std::iter::once(written(&line.values))
                    .chain(line.beside.as_ref().map(|beside| written(&beside.values)))
            });
            Row::new(std::iter::once(Cell::new(date.clone())).chain(values).collect())
        })
        .collect();
    view! { <Table caption=title columns=columns rows=rows /> }
}

/// The line's corners: ten units between dates, heights by the scale.
/// Points without the last, and the last two.
fn open_end(points: &str) -> (String, Option<String>) {
    let all: Vec<&str> = points.split(' ').collect();
    match all.as_slice() {
        [over @ .., last] if !over.is_empty() => {
            let before = over[over.len() - 1];
            (over.join(" "), Some(format!("{before} {last}")))
        }
        _ => (points.to_owned(), None),
    }
}

pub(super) fn points(values: &[i64], scale: Scale) -> String {
    values
        .iter()
        .enumerate()
        .map(|(at, value)| format!("{},{}", at * 10, scale.height(*value)))
        .collect::<Vec<_>>()
        .join(" ")
}
