//! The command palette: Ctrl-K finds pages and things, `?` lists the keys, `g` and a letter goes
//! somewhere.
//!
//! Always true: a key alone does nothing while one types, and whatever the palette finds `/find` finds
//! without JavaScript.

#[cfg(feature = "hydrate")]
mod keys;

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Dialog, Input};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A place that `g` and a letter lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortcut {
    pub key: char,
    pub name: String,
    pub href: String,
}

impl Shortcut {
    #[must_use]
    pub fn new(key: char, name: &str, href: &str) -> Self {
        Self { key, name: name.to_owned(), href: href.to_owned() }
    }
}

/// Something found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "the server finds nothing here"))]
struct Place {
    title: String,
    href: String,
    note: String,
}

/// The parts that move.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "nothing moves on the server"))]
struct Parts {
    finder: NodeRef<Dialog>,
    keys: NodeRef<Dialog>,
    input: NodeRef<Input>,
    found: RwSignal<Vec<Place>>,
    /// The one that Enter opens.
    at: RwSignal<usize>,
    said: RwSignal<&'static str>,
    /// Whether the first answer is still on its way.
    waiting: RwSignal<bool>,
}

/// The palette and the list of keys, both closed.
#[island]
pub fn Palette(shortcuts: Vec<Shortcut>) -> impl IntoView {
    let parts = Parts {
        finder: NodeRef::new(),
        keys: NodeRef::new(),
        input: NodeRef::new(),
        found: RwSignal::new(Vec::new()),
        at: RwSignal::new(0),
        said: RwSignal::new(""),
        waiting: RwSignal::new(false),
    };
    #[cfg(feature = "hydrate")]
    keys::listen(parts, &shortcuts);
    let rows = shortcuts
        .into_iter()
        .map(|Shortcut { key, name, .. }| {
            view! {
                <div class="keys__row">
                    <dt><kbd class="key">"g"</kbd> " " <kbd class="key">{key.to_string()}</kbd></dt>
                    <dd>{name}</dd>
                </div>
            }
        })
        .collect_view();
    let typed = move |_| ask(parts);
    let step = move |event: KeyboardEvent| step(parts, &event);
    let open = move |event: SubmitEvent| {
        event.prevent_default();
        go(parts);
    };
    let options = move || {
        let places = parts.found.get();
        let option = |(at, Place { title, href, note })| {
            view! {
                <a
                    class="palette__option"
                    role="option"
                    id=format!("palette-{at}")
                    href=href
                    tabindex="-1"
                    aria-selected=move || if parts.at.get() == at { "true" } else { "false" }
                >
                    <span>{title}</span>
                    <span class="palette__note">{note}</span>
                </a>
            }
        };
        places.into_iter().enumerate().map(option).collect_view()
    };
    let skeleton = move || {
        parts.waiting.get().then(|| {
            view! {
                <div class="skeleton" aria-hidden="true">
                    <div class="skeleton__line"></div>
                    <div class="skeleton__line"></div>
                    <div class="skeleton__line"></div>
                </div>
            }
        })
    };
    let current =
        move || (!parts.found.with(Vec::is_empty)).then(|| format!("palette-{}", parts.at.get()));
    view! {
        <dialog class="palette" node_ref=parts.finder aria-label=t!("Find")>
            <form class="palette__form" on:submit=open>
                <input
                    class="palette__input"
                    node_ref=parts.input
                    type="text"
                    role="combobox"
                    aria-label=t!("Find a page or a thing")
                    aria-expanded="true"
                    aria-controls="palette-found"
                    aria-activedescendant=current
                    placeholder=t!("A page, a work, a license, a token")
                    autocomplete="off"
                    spellcheck="false"
                    on:input=typed
                    on:keydown=step
                />
            </form>
            <div class="palette__found">
                {skeleton}
                <div id="palette-found" role="listbox" aria-label=t!("Found")>{options}</div>
            </div>
            <p class="palette__said" role="status">{parts.said}</p>
        </dialog>
        <dialog class="keys" node_ref=parts.keys aria-labelledby="keys-title">
            <h2 class="section__title" id="keys-title">{t!("Keys")}</h2>
            <dl class="keys__list">
                <div class="keys__row">
                    <dt><kbd class="key">"Ctrl"</kbd> " " <kbd class="key">"K"</kbd></dt>
                    <dd>{t!("Find a page or a thing")}</dd>
                </div>
                {rows}
                <div class="keys__row">
                    <dt><kbd class="key">"?"</kbd></dt>
                    <dd>{t!("This list")}</dd>
                </div>
                <div class="keys__row">
                    <dt><kbd class="key">"Esc"</kbd></dt>
                    <dd>{t!("Close")}</dd>
                </div>
            </dl>
            <form method="dialog">
                <button class="button button--quiet" type="submit">{t!("Close")}</button>
            </form>
        </dialog>
    }
}

#[cfg(feature = "hydrate")]
use self::keys::{ask, go, step};

#[cfg(not(feature = "hydrate"))]
use self::on_the_server::{ask, go, step};

/// On the server nobody types.
#[cfg(not(feature = "hydrate"))]
mod on_the_server {
    use leptos::ev::KeyboardEvent;

    use super::Parts;

    pub fn ask(_: Parts) {}

    pub fn go(_: Parts) {}

    pub fn step(_: Parts, _: &KeyboardEvent) {}
}
