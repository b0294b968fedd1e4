//! The portal. Pages are drawn on the server only; the browser gets HTML, one
//! stylesheet, and the islands of the page it is on.
//!
//! Always true: everything but `islands` is behind the one gate below, so the
//! WebAssembly holds islands and nothing else.

#[cfg(feature = "ssr")]
#[macro_use]
extern crate imprimatur_words;

/// In the browser a sentence is its English; what the server drew stays until something is said anew.
#[cfg(not(feature = "ssr"))]
macro_rules! t {
    ($sentence:literal) => {
        $sentence
    };
}

pub mod islands;

#[cfg(feature = "ssr")]
pub mod address;
#[cfg(feature = "ssr")]
pub mod download;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod request;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod ui;

/// Brings the islands of a page to life. The browser calls it once per page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
