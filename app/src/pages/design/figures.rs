//! Figures, charts, tables and the values in them.

use leptos::prelude::*;

use super::sample;
use crate::ui::{
    Amount, Bytes, Cell, Chart, Column, Columns, Digest, Figure, Figures, Instant, Line, Pager,
    Quantity, Row, Section, Sparkline, Status, Table, Task, Tasks, Tone, Unit,
};

#[component]
pub fn Money() -> impl IntoView {
    view! {
        <div id="figures">
            <Figures label="Balance">
                <Figure label="Available" href="/design#available" note=|| "Paid out weekly">
                    <Amount micros=1_284_073_200 currency="USD" display=true />
                </Figure>
                <Figure label="Pending" href="/design#pending" note=|| "Clears within 7 days">
                    <Amount micros=612_550_000 currency="USD" display=true />
                </Figure>
                <Figure
                    label="Held"
                    href="/design#held"
                    note=|| {
                        view! {
                            <a href="/design#lists">"2 disputes"</a>
                            ", 1,200 receipts"
                        }
                    }
                >
                    <Amount micros=43_200_000 currency="USD" display=true />
                </Figure>
                <Figure label="In transit" note=|| "Last: $1,102.90 on 20 Nov">
                    <Amount micros=0 currency="USD" display=true />
                </Figure>
            </Figures>
        </div>
    }
}

#[component]
pub fn Use() -> impl IntoView {
    view! {
        <Section
            title="Use and earnings"
            id="charts"
            links=|| view! { <a href="/design">"CSV"</a> }
        >
            <Chart
                title="Use and earnings"
                dates=sample::dates()
                lines=vec![
                    Line::new("Billable uses per day", Unit::Count, sample::uses())
                        .before(Some(sample::uses_before())),
                    Line::new("Earned per day", Unit::money("USD"), sample::earned()).seal(),
                ]
            />
        </Section>
    }
}

struct Work {
    title: &'static str,
    kind: &'static str,
    digest: &'static str,
    scopes: &'static str,
    uses: i64,
    micros: i64,
}

const WORKS: [Work; 5] = [
    Work {
        title: "The Salt Roads, complete essays",
        kind: "Text, 41 works",
        digest: "sha256:9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b3e1d9f8a6c4b2e0d7f5a3cc07a",
        scopes: "Training",
        uses: 18_204,
        micros: 618_940_000,
    },
    Work {
        title: "Fenland at dusk",
        kind: "Image, 212 works",
        digest: "sha256:4f02a9c8b6e4d2f0a7c5b3e1d9f8a6c4b2e0d7f5a3c9b1e4d6f8a2c0b7e581dd",
        scopes: "Training, display",
        uses: 9_877,
        micros: 355_570_000,
    },
    Work {
        title: "Tide tables, annotated 1890–1965",
        kind: "Data set, 3.2 GB",
        digest: "sha256:c7aab3e1d9f8a6c4b2e0d7f5a3c9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f019e4",
        scopes: "Training",
        uses: 2_310,
        micros: 277_200_000,
    },
    Work {
        title: "Readings from the marsh",
        kind: "Audio, 58 works",
        digest: "sha256:02d9f8a6c4b2e0d7f5a3c9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b37b35",
        scopes: "Inference",
        uses: 31_446,
        micros: 188_680_000,
    },
    Work {
        title: "Letters to a lock-keeper",
        kind: "Text, 12 works",
        digest: "sha256:e518d7f5a3c9b1e4d6f8a2c0b7e5d3f1a9c8b6e4d2f0a7c5b3e1d9f8a6c4a4c0",
        scopes: "Display",
        uses: 4_018,
        micros: 40_180_000,
    },
];

#[component]
pub fn Works() -> impl IntoView {
    let columns = vec![
        Column::text("Work"),
        Column::text("Licensed for").support(),
        Column::number("90 days").support(),
        Column::number("Uses"),
        Column::number("Earned"),
    ];
    let rows = WORKS
        .iter()
        .zip(1..)
        .map(|(work, seed)| {
            let identity = view! {
                {work.kind}
                " · "
                <Digest value=work.digest />
            };
            let choose = format!("Choose {}", work.title);
            Row::new(vec![
                Cell::link(work.title, "/design#tables").note(identity).choice(
                    "work",
                    work.title,
                    &choose,
                    seed == 1,
                ),
                Cell::new(work.scopes),
                Cell::new(
                    view! { <Sparkline values=sample::moved(seed) label="Uses over 90 days" /> },
                ),
                Cell::new(view! { <Quantity count=work.uses /> }),
                Cell::new(view! { <Amount micros=work.micros currency="USD" /> }),
            ])
        })
        .collect();
    view! {
        <Columns side=|| view! { <Waiting /> <Deliveries /> }>
            <Section
                title="Works, by earnings"
                id="tables"
                links=|| view! { <a href="/design#tables">"All 34"</a> }
            >
                <Table caption="Works, by earnings" columns=columns rows=rows />
                <Pager what="works" older=Some("/design?after=01JD".to_owned()) />
            </Section>
        </Columns>
    }
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <Section title="Needs you">
            <Tasks label="Needs you">
                <Task
                    tone=Tone::Seal
                    href="/design#lists"
                    title="Answer a dispute by tomorrow 14:00"
                    note="Ostrava Labs says 600 tide tables were delivered twice. $31.20 is held."
                />
                <Task
                    tone=Tone::Warn
                    href="/design#lists"
                    title="Stripe asks for a tax document"
                    note="Payouts continue until 15 December."
                />
                <Task
                    tone=Tone::Info
                    href="/design#lists"
                    title="Cobalt Research used 84 % of its quota"
                    note="Three months in a row above 80 %. Offer the premium tier?"
                />
            </Tasks>
        </Section>
    }
}

#[component]
fn Deliveries() -> impl IntoView {
    let columns =
        vec![Column::text("Content"), Column::text("Use").support(), Column::number("Charged")];
    let feed = [
        ("Fenland at dusk, 118", "Cobalt Research", 12, "Training", 36_000),
        ("Fenland at dusk, 117", "Cobalt Research", 41, "Training", 36_000),
        ("Readings from the marsh, 9", "consumer 7f3a…", 75, "Inference", 6_000),
        ("Fenland at dusk, 117", "Cobalt Research", 96, "Repeat", 0),
        ("Tide tables, 1931", "Ostrava Labs", 200, "Training", 120_000),
    ];
    let rows = feed
        .into_iter()
        .map(|(content, buyer, age, used, micros)| {
            let tone = if used == "Repeat" { Tone::Info } else { Tone::Good };
            let charged = if micros == 0 {
                "free".into_any()
            } else {
                view! { <Amount micros=micros currency="USD" places=3 /> }.into_any()
            };
            let told = view! {
                {buyer}
                " · "
                <Instant at=sample::ago(age) now=sample::now() />
            };
            Row::new(vec![
                Cell::new(content).note(told),
                Cell::new(view! { <Status tone=tone word=used /> }),
                Cell::new(charged),
            ])
        })
        .collect();
    view! {
        <Section title="Latest deliveries" links=|| view! { <a href="/design#tables">"Feed"</a> }>
            <Table caption="Latest deliveries" columns=columns rows=rows />
        </Section>
    }
}

#[component]
pub fn Values() -> impl IntoView {
    let columns =
        vec![Column::text("Value"), Column::text("Kind").support(), Column::text("As shown")];
    let content_id = WORKS[0].digest;
    let rows = vec![
        Row::new(vec![
            Cell::new("Amount"),
            Cell::new("Exact, never rounded"),
            Cell::new(view! { <Amount micros=36_125 currency="USD" /> }),
        ]),
        Row::new(vec![
            Cell::new("Amount, reversed"),
            Cell::new("A true minus sign"),
            Cell::new(view! { <Amount micros=-31_200_000 currency="EUR" /> }),
        ]),
        Row::new(vec![
            Cell::new("Size"),
            Cell::new("Exact bytes on hover"),
            Cell::new(view! { <Bytes count=3_210_884_112 /> }),
        ]),
        Row::new(vec![
            Cell::new("Instant"),
            Cell::new("Told from now, exact on hover"),
            Cell::new(view! { <Instant at=sample::ago(7_400) now=sample::now() /> }),
        ]),
        Row::new(vec![
            Cell::new("Instant, exact"),
            Cell::new("For evidence"),
            Cell::new(view! { <Instant at=sample::ago(7_400) now=sample::now() exact=true /> }),
        ]),
        Row::new(vec![
            Cell::new("Digest"),
            Cell::new("Short, whole on hover, copied whole"),
            Cell::new(view! { <Digest value=content_id copy="content ID" /> }),
        ]),
        Row::new(vec![
            Cell::new("Digest, whole"),
            Cell::new("Breaks where it must"),
            Cell::new(view! { <Digest value=content_id whole=true /> }),
        ]),
        Row::new(vec![
            Cell::new("Status"),
            Cell::new("A word on a tint"),
            Cell::new(view! {
                <span class="flex flex-wrap gap-2">
                    <Status word="Draft" />
                    <Status tone=Tone::Good word="Signature valid" />
                    <Status tone=Tone::Warn word="Past due" />
                    <Status tone=Tone::Seal word="Billed twice" />
                    <Status tone=Tone::Info word="Repeat in job 7c" />
                </span>
            }),
        ]),
    ];
    view! {
        <Section title="Values" id="values">
            <Table caption="Values" columns=columns rows=rows />
        </Section>
    }
}
