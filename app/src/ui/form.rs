//! Forms: plain HTML, posted to the page's own address, complete without
//! JavaScript.
//!
//! Always true: a form that comes back shows its refusal on top with a link to
//! the field it is about, and every field keeps what was typed.

use leptos::context::Provider;
use leptos::prelude::*;

use super::typed::{FORM_NAME, FieldError, FormScope, Typed};

/// A form posted to its own page. The browser's own checks are off, so that one
/// voice, the server's, says what is wrong.
#[component]
pub fn PostForm(
    /// Tells the forms of one page apart; sent as the field `form`.
    #[prop(optional, into)]
    name: Option<String>,
    /// Id of what the form creates, sent as the field `id`: sent twice, it is
    /// created once.
    #[prop(optional, into)]
    creates: Option<String>,
    /// Where it goes, when that is not the page itself.
    #[prop(optional, into)]
    action: Option<String>,
    /// Needed by a form with a `FileField`.
    #[prop(optional)]
    multipart: bool,
    /// One of several alike: nothing typed comes back to it, and what was refused is said by a
    /// `RowRefusal` on top of the page.
    #[prop(optional)]
    row: bool,
    /// Off where a refused form is only shown, not answered.
    #[prop(default = true)]
    takes_focus: bool,
    children: Children,
) -> impl IntoView {
    let scope = if row {
        FormScope { name: name.clone(), ..FormScope::default() }
    } else {
        FormScope::open(name.clone())
    };
    let creates = creates.map(|id| {
        let id = scope
            .typed
            .as_ref()
            .and_then(|typed| typed.value("id").map(str::to_owned))
            .unwrap_or(id);
        view! { <input type="hidden" name="id" value=id /> }
    });
    // The fields are drawn first, so that the summary knows what they are called.
    let fields = view! { <Provider value=scope.clone()>{children()}</Provider> }.into_any();
    let summary = summary(&scope, takes_focus);
    view! {
        <form
            class="form"
            method="post"
            action=action
            enctype=multipart.then_some("multipart/form-data")
            novalidate
        >
            {name.map(|name| view! { <input type="hidden" name=FORM_NAME value=name /> })}
            {creates}
            {summary}
            {fields}
        </form>
    }
}

/// What was refused, on top. `autofocus` brings keyboard and reader to it.
fn summary(scope: &FormScope, takes_focus: bool) -> Option<impl IntoView + use<>> {
    let error = scope.typed.as_ref()?.error.clone()?;
    let sentence = match error.field {
        Some(field) => {
            let id = scope.id(&field);
            let label = scope.label_of(&id).map(|label| format!("{label}: "));
            view! { <a href=format!("#{id}")>{label} {error.sentence}</a> }.into_any()
        }
        None => error.sentence.into_any(),
    };
    Some(view! {
        <div class="form__summary" role="alert" tabindex="-1" autofocus=takes_focus>
            <p class="form__summary-title">{t!("Nothing was changed")}</p>
            <p>{sentence}</p>
        </div>
    })
}

/// What was refused of the forms in the rows of a page, where these are their names.
#[component]
pub fn RowRefusal(forms: &'static [&'static str]) -> impl IntoView {
    let typed = use_context::<Typed>()
        .filter(|typed| typed.value(FORM_NAME).is_some_and(|form| forms.contains(&form)));
    let scope = FormScope {
        name: None,
        typed: typed.map(|typed| Typed {
            error: typed.error.map(|error| FieldError { field: None, ..error }),
            ..typed
        }),
        ..FormScope::default()
    };
    summary(&scope, true)
}

/// Fields that belong together under one title.
#[component]
pub fn FieldSet(
    #[prop(into)] legend: String,
    #[prop(optional, into)] hint: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset class="fieldset">
            <legend class="fieldset__legend">{legend}</legend>
            {hint.map(|hint| view! { <p class="field__hint">{hint}</p> })}
            {children()}
        </fieldset>
    }
}

/// The buttons at the foot of a form.
#[component]
pub fn FormActions(children: Children) -> impl IntoView {
    view! { <div class="form__actions">{children()}</div> }
}

/// Narrows a list: its fields land in the address, so what is found can be
/// shared. The browser's own checks are off: a choice of "every one" is empty, and is one.
#[component]
pub fn FilterForm(
    /// What is searched: "Catalogue".
    #[prop(into)]
    label: String,
    children: Children,
) -> impl IntoView {
    view! {
        <form class="filters" method="get" role="search" aria-label=label novalidate>
            {children()}
        </form>
    }
}

/// Asks before something that cannot be taken back. `children` is the form that
/// does it; it is shown once the person has opened the question.
#[component]
pub fn Confirm(
    /// Opens the question: "Revoke token".
    #[prop(into)]
    label: String,
    /// What will happen, in one sentence.
    #[prop(into)]
    sentence: String,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary class="button button--destructive">{label}</summary>
            <div class="confirm__question">
                <p>{sentence}</p>
                {children()}
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{CheckGroup, Choice, TextField};

    fn draw(typed: Option<Typed>, name: Option<&str>) -> String {
        let name = name.map(str::to_owned);
        Owner::new().with(|| {
            if let Some(typed) = typed {
                provide_context(typed);
            }
            view! {
                <PostForm nostrip:name=name creates="01A">
                    <TextField name="domain" label="Domain" value="first" hint="Alone." required=true />
                    <CheckGroup
                        name="scope"
                        legend="Scopes"
                        choices=vec![Choice::new("a", "A"), Choice::new("b", "B")]
                        values=vec!["a".to_owned()]
                    />
                </PostForm>
            }
            .to_html()
        })
    }

    fn came_back(form: Option<&str>) -> Typed {
        let mut values = vec![
            ("id".to_owned(), "01B".to_owned()),
            ("domain".to_owned(), "\"><b>typed".to_owned()),
            ("scope".to_owned(), "b".to_owned()),
        ];
        values.extend(form.map(|form| ("form".to_owned(), form.to_owned())));
        Typed {
            values,
            error: Some(FieldError {
                field: Some("domain".to_owned()),
                sentence: "Give the domain alone.".to_owned(),
            }),
        }
    }

    #[test]
    fn a_fresh_form_shows_its_defaults() {
        let html = draw(None, None);
        assert!(html.contains("value=\"first\""), "{html}");
        assert!(html.contains("name=\"id\" value=\"01A\""), "{html}");
        assert!(!html.contains("aria-invalid"), "{html}");
        assert!(html.contains("aria-describedby=\"field-domain-hint\""), "{html}");
    }

    #[test]
    fn a_refused_form_keeps_what_was_typed_and_names_the_field() {
        let html = draw(Some(came_back(None)), None);
        assert!(html.contains("&lt;b&gt;typed") && !html.contains("<b>typed"), "{html}");
        assert!(html.contains("name=\"id\" value=\"01B\""), "{html}");
        assert!(html.contains("href=\"#field-domain\""), "{html}");
        assert!(
            html.contains("aria-describedby=\"field-domain-error field-domain-hint\""),
            "{html}"
        );
        assert_eq!(html.matches(" checked").count(), 1, "{html}");
        assert!(html.contains("value=\"b\" checked"), "{html}");
    }

    #[test]
    fn only_the_form_that_was_sent_comes_back() {
        let html = draw(Some(came_back(Some("other"))), Some("mine"));
        assert!(html.contains("value=\"first\""), "{html}");
        let html = draw(Some(came_back(Some("mine"))), Some("mine"));
        assert!(html.contains("href=\"#mine-domain\""), "{html}");
    }
}
