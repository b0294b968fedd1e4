//! What keys do, and asking the server what there is.

use js_sys::{Array, Reflect, encode_uri_component};
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{Element, Event, HtmlDialogElement, KeyboardEvent, Response};

use super::{Parts, Place, Shortcut};

/// Listens for as long as there is the page.
pub fn listen(parts: Parts, shortcuts: &[Shortcut]) {
    let shortcuts: Vec<(String, String)> =
        shortcuts.iter().map(|each| (each.key.to_string(), each.href.clone())).collect();
    let leading = StoredValue::new(false);
    on("keydown", move |event: &Event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        let key = event.key();
        if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
            event.prevent_default();
            open(parts);
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing(event) {
            return;
        }
        let led = leading.get_value();
        leading.set_value(key == "g");
        if key == "?" {
            event.prevent_default();
            show(parts.keys.get_untracked());
        } else if led && let Some((_, href)) = shortcuts.iter().find(|(each, _)| *each == key) {
            leave_for(href);
        }
    });
    on("click", move |event: &Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(target) = target else { return };
        if target.closest("[data-palette]").ok().flatten().is_some() {
            event.prevent_default();
            open(parts);
        } else if target.tag_name() == "DIALOG" && target.class_name() != "" {
            // Beside the box of an open dialog is the dialog itself.
            if let Ok(dialog) = target.dyn_into::<HtmlDialogElement>() {
                dialog.close();
            }
        }
    });
}

fn on(name: &str, deed: impl Fn(&Event) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| deed(&event));
    let function = listener.as_ref().unchecked_ref();
    if document().add_event_listener_with_callback(name, function).is_ok() {
        // The page ends before the listening does.
        listener.forget();
    }
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        target
            .closest("input, textarea, select, [contenteditable], dialog[open]")
            .ok()
            .flatten()
            .is_some()
    })
}

fn show(dialog: Option<HtmlDialogElement>) {
    if let Some(dialog) = dialog
        && !dialog.open()
    {
        // It is in the document, as it was hydrated; nothing else refuses.
        let _ = dialog.show_modal();
    }
}

fn open(parts: Parts) {
    if let Some(keys) = parts.keys.get_untracked() {
        keys.close();
    }
    show(parts.finder.get_untracked());
    if let Some(input) = parts.input.get_untracked() {
        input.select();
    }
    parts.waiting.set(parts.found.with_untracked(Vec::is_empty));
    ask(parts);
}

/// Asks what has the text in its name. An answer that comes late, after more was typed, is dropped.
pub fn ask(parts: Parts) {
    let Some(input) = parts.input.get_untracked() else { return };
    let text = input.value();
    leptos::task::spawn_local(async move {
        let found = read(&text).await;
        if input.value() != text {
            return;
        }
        parts.said.set(match &found {
            Ok(found) if found.is_empty() => "Nothing of that name.",
            Ok(_) => "",
            Err(_) => "That could not be looked up. Try again.",
        });
        parts.at.set(0);
        parts.waiting.set(false);
        parts.found.set(found.unwrap_or_default());
    });
}

async fn read(text: &str) -> Result<Vec<Place>, JsValue> {
    let address = format!("/find.json?q={}", String::from(encode_uri_component(text)));
    let response: Response = JsFuture::from(window().fetch_with_str(&address)).await?.dyn_into()?;
    if !response.ok() {
        return Err(JsValue::NULL);
    }
    let places: Array = JsFuture::from(response.json()?).await?.dyn_into()?;
    let read = |place: &JsValue, name: &str| {
        Reflect::get(place, &name.into()).ok().and_then(|said| said.as_string()).unwrap_or_default()
    };
    let place = |place: JsValue| Place {
        title: read(&place, "title"),
        href: read(&place, "href"),
        note: read(&place, "note"),
    };
    Ok(places.iter().map(place).collect())
}

/// Up and down choose.
pub fn step(parts: Parts, event: &KeyboardEvent) {
    let count = parts.found.with_untracked(Vec::len);
    let at = parts.at.get_untracked();
    let to = match event.key().as_str() {
        "ArrowDown" if at + 1 < count => at + 1,
        "ArrowUp" if at > 0 => at - 1,
        "ArrowDown" | "ArrowUp" => at,
        _ => return,
    };
    event.prevent_default();
    parts.at.set(to);
    if let Some(option) = document().get_element_by_id(&format!("palette-{to}")) {
        option.scroll_into_view_with_bool(false);
    }
}

/// Opens what is chosen.
pub fn go(parts: Parts) {
    let at = parts.at.get_untracked();
    if let Some(href) =
        parts.found.with_untracked(|found| found.get(at).map(|place| place.href.clone()))
    {
        leave_for(&href);
    }
}

fn leave_for(href: &str) {
    // Only a page that is going away already refuses.
    let _ = window().location().set_href(href);
}
