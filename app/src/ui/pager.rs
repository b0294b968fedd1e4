//! Ways through a list: by cursor to newer and older, or by a choice of views.
//! Both are links, so what is shown can be shared and the way back works.

use leptos::prelude::*;

/// Newer and older. A missing link says that this end is reached.
#[component]
pub fn Pager(
    #[prop(optional_no_strip)] newer: Option<String>,
    #[prop(optional_no_strip)] older: Option<String>,
    /// What is listed: "deliveries".
    #[prop(into)]
    what: String,
    /// What is listed stands in another order than by time.
    #[prop(optional)]
    by_place: bool,
) -> impl IntoView {
    let [newer_label, older_label] =
        if by_place { [t!("Previous"), t!("Next")] } else { [t!("Newer"), t!("Older")] };
    let (newest, oldest) = if by_place {
        (t!("The first {what}"), t!("The last {what}"))
    } else {
        (t!("The newest {what}"), t!("The oldest {what}"))
    };
    let step =
        |href: Option<String>, rel: &'static str, label: &'static str, end: String| match href {
            Some(href) => {
                view! { <a class="button button--quiet" href=href rel=rel>{label}</a> }.into_any()
            }
            None => view! { <span class="pager__end">{end}</span> }.into_any(),
        };
    view! {
        <nav class="pager" aria-label=t!("Pages of {what}")>
            {step(newer, "prev", newer_label, newest)}
            {step(older, "next", older_label, oldest)}
        </nav>
    }
}

/// One of a few views of the same thing.
#[derive(Clone, Debug)]
pub struct Segment {
    pub label: String,
    pub href: String,
    pub current: bool,
}

impl Segment {
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self { label: label.into(), href: href.into(), current }
    }
}

#[component]
pub fn Segmented(
    /// What is chosen: "Period".
    #[prop(into)]
    label: String,
    segments: Vec<Segment>,
    /// Too many for one line: each stands by itself, and they wrap.
    #[prop(optional)]
    wraps: bool,
) -> impl IntoView {
    let class = if wraps { "segmented segmented--wraps" } else { "segmented" };
    let links = segments
        .into_iter()
        .map(|segment| {
            view! {
                <a
                    class="segmented__link"
                    href=segment.href
                    aria-current=segment.current.then_some("true")
                >
                    {segment.label}
                </a>
            }
        })
        .collect_view();
    view! { <nav class=class aria-label=label>{links}</nav> }
}
