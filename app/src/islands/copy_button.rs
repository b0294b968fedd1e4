//! A button that copies a text. It is not seen until it works: without
//! JavaScript the text itself can still be selected.

use leptos::prelude::*;

/// Copies `text` and says so for two seconds.
#[island]
pub fn CopyButton(
    /// What lands on the clipboard.
    text: String,
    /// What is copied, for those who hear the button: "token", "request".
    what: String,
) -> impl IntoView {
    let live = RwSignal::new(false);
    let said = RwSignal::new(t!("Copy"));
    Effect::new(move |_| live.set(true));

    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        {
            let promise = window().navigator().clipboard().write_text(&text);
            leptos::task::spawn_local(async move {
                let done = wasm_bindgen_futures::JsFuture::from(promise).await.is_ok();
                said.set(if done { "Copied" } else { "Not copied" });
                set_timeout(move || said.set("Copy"), std::time::Duration::from_secs(2));
            });
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = &text;
    };

    view! {
        <button type="button" class="copy" class:copy--live=live on:click=copy>
            <span aria-live="polite">{said}</span>
            <span class="sr-only">" " {what}</span>
        </button>
    }
}
