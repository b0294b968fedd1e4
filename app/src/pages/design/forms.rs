//! Buttons and forms: fresh, and as they come back when something is refused.

use leptos::context::Provider;
use leptos::prelude::*;

use crate::ui::{
    Button, ButtonKind, ButtonLink, CheckField, CheckGroup, Choice, Confirm, FieldError, FieldSet,
    FileField, FilterForm, FormActions, PostForm, RadioCards, Section, SelectField, TextArea,
    TextField, Typed,
};

#[component]
pub fn Buttons() -> impl IntoView {
    view! {
        <Section title="Buttons" id="buttons">
            <div class="flex flex-wrap gap-3">
                <Button>"Publish offer"</Button>
                <Button kind=ButtonKind::Quiet>"Save draft"</Button>
                <Button kind=ButtonKind::Destructive>"Revoke token"</Button>
                <Button disabled=true>"Publish offer"</Button>
                <ButtonLink kind=ButtonKind::Quiet href="/design#buttons">"Download bundle"</ButtonLink>
            </div>
            <div class="mt-4">
                <Confirm
                    label="Withdraw work"
                    sentence="Buyers keep what they licensed. Nobody can license it again until you publish a new offer."
                >
                    <PostForm name="withdraw">
                        <FormActions>
                            <Button kind=ButtonKind::Destructive>"Withdraw it"</Button>
                        </FormActions>
                    </PostForm>
                </Confirm>
            </div>
        </Section>
    }
}

fn tiers() -> Vec<Choice> {
    vec![
        Choice::new("preview", "Preview").note("Watermarked, 10 requests a minute.").side("Free"),
        Choice::new("standard", "Standard")
            .note("50,000 requests a month, then $5 per 1,000. 100 requests a minute.")
            .side("$2,500 a month"),
        Choice::new("premium", "Premium")
            .note("100,000 requests a month, then $3 per 1,000. 200 requests a minute.")
            .side("$5,000 a month"),
        Choice::new("residual", "Residuals")
            .note("Needs a payout account first.")
            .side("2.5 %")
            .disabled(true),
    ]
}

fn scopes() -> Vec<Choice> {
    vec![
        Choice::new("training", "Training").note("Copies may become part of a model's weights."),
        Choice::new("inference", "Inference")
            .note("Content may be read at the moment of an answer."),
        Choice::new("preview", "Preview").note("Watermarked samples, to judge before buying."),
    ]
}

fn licenses() -> Vec<Choice> {
    vec![
        Choice::new("", "Choose a template"),
        Choice::new("training", "Training, with attribution"),
        Choice::new("inference", "Inference only"),
    ]
}

#[component]
pub fn Fresh() -> impl IntoView {
    view! {
        <Section title="A fresh form" id="forms">
            <FilterForm label="Catalogue">
                <TextField name="q" label="Search" kind="search" required=true />
                <SelectField name="terms" label="Terms" choices=licenses() required=true />
                <Button kind=ButtonKind::Quiet>"Search"</Button>
            </FilterForm>
            <PostForm name="fresh" creates="01JD3Q8K2M7Z0V5X9W4T6R1NPA" multipart=true>
                <TextField
                    name="title"
                    label="Title"
                    hint="As buyers see it in the catalogue."
                    required=true
                    maxlength=200
                />
                <FileField
                    name="content"
                    label="File"
                    hint="Up to 5 GB. It is hashed while it is sent."
                    required=true
                />
                <SelectField name="template" label="Terms" choices=licenses() required=true />
                <RadioCards
                    name="tier"
                    legend="Tier"
                    choices=tiers()
                    value="standard"
                    required=true
                />
                <FieldSet legend="Price" hint="You can change it later; running licenses keep theirs.">
                    <TextField
                        name="price"
                        label="Per 1,000 requests"
                        prefix="$"
                        suffix="USD"
                        inputmode="decimal"
                        narrow=true
                        required=true
                    />
                    <TextArea name="note" label="Note to buyers" maxlength=2000 />
                </FieldSet>
                <CheckGroup
                    name="scope"
                    legend="What buyers may do"
                    choices=scopes()
                    values=vec!["training".to_owned()]
                    required=true
                />
                <CheckField
                    name="rights"
                    label="I hold the rights to license this work."
                    required=true
                />
                <FormActions>
                    <Button>"Register work"</Button>
                    <ButtonLink kind=ButtonKind::Quiet href="/design#forms">"Cancel"</ButtonLink>
                </FormActions>
            </PostForm>
        </Section>
    }
}

#[component]
pub fn CameBack() -> impl IntoView {
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let typed = Typed {
        values: vec![
            value("form", "refused"),
            value("name", "Nightly crawl"),
            value("domain", "https://crawler.example/path"),
            value("scope", "training"),
            value("scope", "inference"),
        ],
        error: Some(FieldError {
            field: Some("domain".to_owned()),
            sentence: "Give the domain alone, such as crawler.example, without https:// or a path."
                .to_owned(),
        }),
    };
    view! {
        <Section title="A form that came back" id="refused">
            <Provider value=typed>
                <PostForm name="refused" takes_focus=false>
                    <TextField name="name" label="Name" hint="Only you see it." required=true />
                    <TextField name="domain" label="Domain" mono=true required=true />
                    <CheckGroup name="scope" legend="Scopes" choices=scopes() required=true />
                    <FormActions>
                        <Button kind=ButtonKind::Quiet>"Create token"</Button>
                    </FormActions>
                </PostForm>
            </Provider>
        </Section>
    }
}
