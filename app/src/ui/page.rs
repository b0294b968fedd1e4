//! The parts of a page: its header, its sections, its columns. The first thing
//! under the title answers why the person came.

use leptos::prelude::*;

/// One step on the way down to a page.
#[derive(Clone, Debug)]
pub struct Crumb {
    pub label: String,
    pub href: String,
}

impl Crumb {
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// Where the page stands: the way down, then the page itself.
#[component]
pub fn Breadcrumb(crumbs: Vec<Crumb>, #[prop(into)] here: String) -> impl IntoView {
    let steps = crumbs
        .into_iter()
        .map(|crumb| view! { <li><a href=crumb.href>{crumb.label}</a></li> })
        .collect_view();
    view! {
        <nav class="breadcrumb" aria-label=t!("Breadcrumb")>
            <ol>{steps}<li aria-current="page">{here}</li></ol>
        </nav>
    }
}

#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    /// The way down to this page; the last step is the title unless `here` says
    /// something shorter.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    #[prop(optional, into)] here: Option<String>,
    /// One sentence in plain words.
    #[prop(optional, into)]
    lead: Option<ViewFnOnce>,
    /// What can be done here: at most one primary.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let breadcrumb = (!crumbs.is_empty()).then(|| {
        let here = here.unwrap_or_else(|| title.clone());
        view! { <Breadcrumb crumbs=crumbs here=here /> }
    });
    view! {
        <header class="page-header">
            {breadcrumb}
            <div class="page-header__row">
                <div class="page-header__words">
                    <h1 class="page-header__title">{title}</h1>
                    {lead.map(|lead| view! { <p class="page-header__lead">{lead.run()}</p> })}
                </div>
                {children
                    .map(|children| view! { <div class="page-header__actions">{children()}</div> })}
            </div>
        </header>
    }
}

/// A titled part of a page, with its links on the right.
#[component]
pub fn Section(
    #[prop(into)] title: String,
    #[prop(optional, into)] id: Option<String>,
    /// Links on the title's line: "All 34", "CSV".
    #[prop(optional, into)]
    links: Option<ViewFnOnce>,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="section" id=id>
            <div class="section__head">
                <h2 class="section__title">{title}</h2>
                {links.map(|links| view! { <div class="section__links">{links.run()}</div> })}
            </div>
            {children()}
        </section>
    }
}

/// A wide column and a side column of 340; one below the other on a phone.
#[component]
pub fn Columns(#[prop(into)] side: ViewFnOnce, children: Children) -> impl IntoView {
    view! {
        <div class="columns">
            <div class="columns__main">{children()}</div>
            <div class="columns__side">{side.run()}</div>
        </div>
    }
}

/// A box, for something that acts on its own.
#[component]
pub fn Panel(#[prop(optional, into)] label: Option<String>, children: Children) -> impl IntoView {
    view! {
        <div class="panel">
            {label.map(|label| view! { <p class="panel__label">{label}</p> })}
            {children()}
        </div>
    }
}

/// Boxes side by side that belong together: two reports of one thing.
#[component]
pub fn Panels(children: Children) -> impl IntoView {
    view! { <div class="panels">{children()}</div> }
}
