//! `/assets/several`: many works by one form, and what came of each.

use imprimatur::words::say;
use imprimatur::{
    domain::{
        asset::{ATTRIBUTION_LENGTH_MAX, RIGHTS_LENGTH_MAX, Visibility, batch::COLUMNS},
        ids::AssetId,
    },
    services::{
        Result,
        assets::{self, BatchOutcome, CameOf},
        mint,
    },
};
use leptos::prelude::*;

use super::about::{LanguageField, More, RightsField, TagsField, VisibilityField};
use crate::{
    islands::UploadProgress,
    request::{Page, Request},
    ui::{
        Button, ButtonKind, ButtonLink, Cell, CodeBlock, Column, Crumb, Definition, Definitions,
        FieldSet, FileField, FormActions, PageHeader, PostForm, Row, Section, Status, Table,
        TextField, Tone,
    },
};

/// A table that shows every way to name a work.
const EXAMPLE: &str = "file,title,tags,kind,language\n\
    salt-roads.md,The Salt Roads,\"salt, fens\",text,en\n\
    tides-1890.csv,\"Tide tables, annotated\",tides,data,\n";

/// The form. The table comes before the files, so that what it says is known when they come.
pub async fn show(request: &Request) -> Result<Page> {
    assets::may_register(&request.actor)?;
    let credit = request
        .viewer
        .as_ref()
        .and_then(|viewer| viewer.organization.as_ref())
        .map(|organization| organization.name.clone())
        .unwrap_or_default();
    let size_max = request.services.content.upload_limit();
    Ok(Page::workspace(request, t!("Register several works"), move || {
        let first: AssetId = mint();
        let length = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        view! {
                    <div class="narrow">
                        <PageHeader
                            title=t!("Register several works")
                            crumbs=vec![Crumb::new(t!("Works"), "/assets")]
                            here=t!("Several")
                            lead=|| t!("Choose files: each becomes a work, titled by its name. A table can say more about each.")
                        />
                        <UploadProgress bytes_max=0 limit=String::new()>
                            <PostForm creates=first.to_string() multipart=true>
                                <FieldSet
                                    legend=t!("For all of them")
                                    hint=t!("What the table does not say of a work.")
                                >
                                    <TextField
                                        name="attribution"
                                        label=t!("Credit line")
                                        value=credit
                                        required=true
                                        maxlength=length(ATTRIBUTION_LENGTH_MAX)
                                    />
                                    <More
                                        summary=t!("Tags, language, rights, who finds them")
                                        fields=&["tags", "language", "rights", "visibility"]
                                    >
                                        <TagsField />
                                        <LanguageField />
                                        <RightsField maxlength=length(RIGHTS_LENGTH_MAX) />
                                        <VisibilityField value=Visibility::Listed />
                                    </More>
                                </FieldSet>
                                <FileField
                                    name="table"
                                    label=t!("Table")
                                    hint=t!("CSV in UTF-8, at most 1,000 rows. Its columns are explained below.")
                                    accept=".csv,text/csv"
                                />
                                <FileField
                                    name="file"
                                    label=t!("Files")
                                    hint=t!(
                                        "At most 500, each at most {size_max}. What each is, is told from its bytes.",
                                    )
                                    multiple=true
                                />
                                <FormActions>
                                    <Button>{t!("Register works")}</Button>
                                    <ButtonLink kind=ButtonKind::Quiet href="/assets">{t!("Cancel")}</ButtonLink>
                                </FormActions>
                            </PostForm>
                        </UploadProgress>
                        <Section title=t!("The table")>
        <div class="stack">
                            <p>
                                {t!("The first row names the columns, in any order. Each other row is one work; a row that is wrong stops no other. Any number of works is imported by ")}
                                <code>"imprimatur import FOLDER --org NAME"</code> {t!(", with the table as ")}
                                <code>"works.csv"</code> {t!(" in the folder.")}
                            </p>
                            <CodeBlock code=EXAMPLE label=t!("Example") />
                            <Definitions>
                                {COLUMNS
                                    .iter()
                                    .map(|(name, means)| {
                                        view! { <Definition name=*name>{say(means)}</Definition> }
                                    })
                                    .collect_view()}
                            </Definitions>
        </div>
                        </Section>
                    </div>
                }
    }))
}

/// What came of each work.
pub fn report(request: &Request, outcomes: Vec<BatchOutcome>) -> Page {
    Page::workspace(request, t!("What came of them"), move || {
        let count = |of: fn(&CameOf) -> bool| {
            outcomes.iter().filter(|outcome| of(&outcome.came_of)).count()
        };
        let registered = count(|came_of| matches!(came_of, CameOf::Registered(_)));
        let refused = count(|came_of| matches!(came_of, CameOf::Refused(_)));
        let claimed = count(|came_of| matches!(came_of, CameOf::Claimed(_)));
        let mut lead = match registered {
            0 => t!("No work was registered.").to_owned(),
            some => tn!(some, "One work was registered.", "{some} works were registered."),
        };
        if refused > 0 {
            lead.push_str(&tn!(
                refused,
                " One was not; what to mend stands beside it.",
                " {refused} were not; what to mend stands beside each."
            ));
        }
        if claimed > 0 {
            lead.push_str(t!(" Of some, another creator had registered the bytes before."));
        }
        let rows = outcomes.into_iter().map(draw).collect();
        view! {
            <PageHeader
                title=t!("What came of them")
                crumbs=vec![
                    Crumb::new(t!("Works"), "/assets"),
                    Crumb::new(t!("Several"), "/assets/several"),
                ]
                lead=move || lead
            >
                <ButtonLink kind=ButtonKind::Quiet href="/assets/several">{t!("Register more")}</ButtonLink>
                <ButtonLink href="/assets">{t!("Go to your works")}</ButtonLink>
            </PageHeader>
            <Table
                caption=t!("What came of each work")
                columns=vec![
                    Column::text(t!("Work")),
                    Column::text(t!("Outcome")),
                    Column::number(t!("Line")).support(),
                ]
                rows
            />
        }
    })
}

fn draw(outcome: BatchOutcome) -> Row {
    let (tone, word, name, says) = match outcome.came_of {
        CameOf::Registered(asset_id) => (
            Tone::Good,
            t!("Registered"),
            Cell::link(outcome.name, format!("/assets/{asset_id}")),
            None,
        ),
        CameOf::Claimed(claim_id) => (
            Tone::Warn,
            t!("Claim raised"),
            Cell::link(outcome.name, format!("/assets/claims#{claim_id}")),
            Some(t!("Another creator registered exactly these bytes before.").to_owned()),
        ),
        CameOf::Known(refusal) => {
            (Tone::Neutral, t!("Known"), Cell::new(outcome.name), Some(refusal.sentence))
        }
        CameOf::Refused(refusal) => {
            (Tone::Seal, t!("Not registered"), Cell::new(outcome.name), Some(refusal.sentence))
        }
    };
    let state = Cell::new(view! { <Status tone word /> });
    let state = match says {
        Some(says) => state.note(says),
        None => state,
    };
    Row::new(vec![name, state, Cell::new(outcome.line.map(|line| line.to_string()))])
}
