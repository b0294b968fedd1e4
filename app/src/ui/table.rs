//! Tables: text left, numbers right, one hairline between rows. A column says
//! once what it is, and every cell under it follows.
//!
//! Always true: there is a caption, headers have a scope, the first cell names
//! its row, and on a phone supporting columns fall away so that nothing scrolls
//! sideways.

use leptos::prelude::*;

#[derive(Clone, Debug)]
pub struct Column {
    label: String,
    number: bool,
    support: bool,
    label_hidden: bool,
}

impl Column {
    #[must_use]
    pub fn text(label: impl Into<String>) -> Self {
        Self { label: label.into(), number: false, support: false, label_hidden: false }
    }

    /// Set to the right, in figures of one width.
    #[must_use]
    pub fn number(label: impl Into<String>) -> Self {
        Self { number: true, ..Self::text(label) }
    }

    /// Falls away on a phone.
    #[must_use]
    pub fn support(self) -> Self {
        Self { support: true, ..self }
    }

    /// The label is heard but not shown: a column of buttons.
    #[must_use]
    pub fn label_hidden(self) -> Self {
        Self { label_hidden: true, ..self }
    }

    fn class(&self) -> &'static str {
        match (self.number, self.support) {
            (false, false) => "table__cell",
            (true, false) => "table__cell table__cell--number",
            (false, true) => "table__cell table__cell--support",
            (true, true) => "table__cell table__cell--number table__cell--support",
        }
    }
}

/// What stands in one cell, and the quieter line under it.
pub struct Cell {
    content: AnyView,
    note: Option<AnyView>,
    choice: Option<AnyView>,
}

impl Cell {
    #[must_use]
    pub fn new(content: impl IntoAny) -> Self {
        Self { content: content.into_any(), note: None, choice: None }
    }

    /// The name of what the row is about, leading to its page.
    #[must_use]
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        let (label, href) = (label.into(), href.into());
        Self::new(view! { <a class="table__link" href=href>{label}</a> })
    }

    #[must_use]
    pub fn note(self, note: impl IntoAny) -> Self {
        Self { note: Some(note.into_any()), ..self }
    }
}

impl Cell {
    /// With a box before it: ticked, it sends the value along with the form around the table.
    #[must_use]
    pub fn choice(self, name: &'static str, value: &str, label: &str, ticked: bool) -> Self {
        let (value, label) = (value.to_owned(), label.to_owned());
        let choice = view! {
            <input
                class="check__box"
                type="checkbox"
                name=name
                value=value
                checked=ticked
                aria-label=label
            />
        };
        Self { choice: Some(choice.into_any()), ..self }
    }
}

pub struct Row(Vec<Cell>);

impl Row {
    #[must_use]
    pub fn new(cells: Vec<Cell>) -> Self {
        Self(cells)
    }
}

/// A list that may be empty: with no rows, `empty` is shown in its place.
#[component]
pub fn Table(
    /// What the table lists. It is heard, not seen: the section's title says it.
    #[prop(into)]
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
    #[prop(optional, into)] empty: Option<ViewFnOnce>,
) -> impl IntoView {
    if rows.is_empty()
        && let Some(empty) = empty
    {
        return empty.run();
    }
    let head = columns
        .iter()
        .map(|column| {
            let label = column.label.clone();
            let label = if column.label_hidden {
                view! { <span class="sr-only">{label}</span> }.into_any()
            } else {
                label.into_any()
            };
            view! { <th scope="col" class=column.class()>{label}</th> }
        })
        .collect_view();
    let body = rows.into_iter().map(|row| draw_row(&columns, row)).collect_view();
    view! {
        <table class="table">
            <caption class="sr-only">{caption}</caption>
            <thead><tr>{head}</tr></thead>
            <tbody>{body}</tbody>
        </table>
    }
    .into_any()
}

fn draw_row(columns: &[Column], row: Row) -> impl IntoView + use<> {
    let cells = columns
        .iter()
        .zip(row.0)
        .enumerate()
        .map(|(at, (column, cell))| {
            let words = view! {
                {cell.content}
                {cell.note.map(|note| view! { <div class="table__note">{note}</div> })}
            };
            let inside = match cell.choice {
                Some(choice) => {
                    view! { <div class="table__choice">{choice} <div>{words}</div></div> }
                        .into_any()
                }
                None => words.into_any(),
            };
            if at == 0 {
                view! { <th scope="row" class=column.class()>{inside}</th> }.into_any()
            } else {
                view! { <td class=column.class()>{inside}</td> }.into_any()
            }
        })
        .collect_view();
    view! { <tr>{cells}</tr> }
}
