//! Lists that are not tables: named values, steps in time, things to do.

use leptos::prelude::*;

use super::status::Tone;

/// Names and their values, one under the other.
#[component]
pub fn Definitions(children: Children) -> impl IntoView {
    view! { <dl class="definitions">{children()}</dl> }
}

#[component]
pub fn Definition(#[prop(into)] name: String, children: Children) -> impl IntoView {
    view! {
        <div class="definitions__row">
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// What happened and what is still to come, in order.
#[component]
pub fn Timeline(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <ol class="timeline" aria-label=label>{children()}</ol> }
}

/// One step; `done` draws its dot full, and a reader hears what an open one is.
#[component]
pub fn TimelineStep(
    /// When: an `Instant`, or words such as "by 26 Nov".
    #[prop(into)]
    when: ViewFnOnce,
    #[prop(into)] title: String,
    #[prop(optional)] done: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let class = if done { "timeline__step timeline__step--done" } else { "timeline__step" };
    view! {
        <li class=class>
            <span class="timeline__when">{when.run()}</span>
            <div class="timeline__words">
                <p class="timeline__title">
                    {title} {(!done).then(|| view! { <span class="sr-only">{t!(" (to come)")}</span> })}
                </p>
                {children.map(|children| view! { <p class="timeline__note">{children()}</p> })}
            </div>
        </li>
    }
}

/// The box of things that wait for the person.
#[component]
pub fn Tasks(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <ul class="tasks" aria-label=label>{children()}</ul> }
}

/// One thing to do. The tone marks how much it presses; the words say it.
#[component]
pub fn Task(
    #[prop(optional)] tone: Tone,
    #[prop(into)] title: String,
    #[prop(into)] href: String,
    #[prop(optional, into)] note: Option<String>,
) -> impl IntoView {
    view! {
        <li class=format!("task task--{}", tone.name())>
            <a class="task__link" href=href>{title}</a>
            {note.map(|note| view! { <p class="task__note">{note}</p> })}
        </li>
    }
}
