//! Keeps figures moving while the page is seen: server-sent events name a figure and say what it
//! reads now. Without the stream the figures stand as they were drawn.

use leptos::html::Div;
use leptos::prelude::*;

/// Wraps figures. Whatever inside carries `data-live="name"` shows what the stream says of that name.
#[island]
pub fn LiveFigures(
    /// Where the stream is.
    src: String,
    children: Children,
) -> impl IntoView {
    let area = NodeRef::<Div>::new();
    let live = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            follow(&area, &src, live);
        }
    });
    view! {
        <div class="live" node_ref=area>
            {children()}
            <p class="live__word" class:live__word--on=live>
                {move || live.get().then_some("Live: the figures move as deliveries arrive.")}
            </p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
fn follow(area: &web_sys::HtmlDivElement, src: &str, live: RwSignal<bool>) {
    stream::Stream::new(area.clone(), src.to_owned(), live).follow();
}

/// On the server there is nothing to follow.
#[cfg(not(feature = "hydrate"))]
fn follow(_: &leptos::web_sys::HtmlDivElement, _: &str, _: RwSignal<bool>) {}

#[cfg(feature = "hydrate")]
mod stream {
    use std::{cell::RefCell, rc::Rc};

    use js_sys::{Array, JSON, Object};
    use leptos::prelude::*;
    use web_sys::wasm_bindgen::{JsCast as _, closure::Closure};
    use web_sys::{EventSource, HtmlDivElement, MessageEvent};

    /// One stream, open while the page is seen: a tab in the background holds no connection.
    #[derive(Clone)]
    pub struct Stream {
        area: HtmlDivElement,
        src: String,
        live: RwSignal<bool>,
        source: Rc<RefCell<Option<EventSource>>>,
    }

    impl Stream {
        pub fn new(area: HtmlDivElement, src: String, live: RwSignal<bool>) -> Self {
            Self { area, src, live, source: Rc::default() }
        }

        /// Follows for as long as there is the page.
        pub fn follow(self) {
            self.open_or_close();
            let stream = self.clone();
            let changed = Closure::<dyn Fn()>::new(move || stream.open_or_close());
            let _ = document().add_event_listener_with_callback(
                "visibilitychange",
                changed.into_js_value().unchecked_ref(),
            );
        }

        fn open_or_close(&self) {
            if let Some(source) = self.source.borrow_mut().take() {
                source.close();
                self.live.set(false);
            }
            if document().hidden() {
                return;
            }
            let Ok(source) = EventSource::new(&self.src) else { return };
            let (area, live) = (self.area.clone(), self.live);
            let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                live.set(true);
                if let Some(data) = event.data().as_string() {
                    show(&area, &data);
                }
            });
            source.set_onmessage(Some(heard.into_js_value().unchecked_ref()));
            let lost = Closure::<dyn Fn()>::new(move || live.set(false));
            source.set_onerror(Some(lost.into_js_value().unchecked_ref()));
            *self.source.borrow_mut() = Some(source);
        }
    }

    /// Writes what was said into the figures it names.
    fn show(area: &HtmlDivElement, data: &str) {
        let Ok(said) = JSON::parse(data) else { return };
        let Ok(said) = said.dyn_into::<Object>() else { return };
        for pair in Object::entries(&said).iter() {
            let pair: Array = pair.unchecked_into();
            let (Some(name), Some(text)) = (pair.get(0).as_string(), pair.get(1).as_string())
            else {
                continue;
            };
            let Ok(found) = area.query_selector(&format!("[data-live=\"{name}\"]")) else {
                continue;
            };
            if let Some(figure) = found {
                figure.set_text_content(Some(&text));
            }
        }
    }
}
