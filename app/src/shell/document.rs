//! The HTML document: what every page loads, in the order it is needed.

use leptos::prelude::*;
use leptos_meta::MetaTags;

const FONTS: [&str; 2] = ["/fonts/inter.woff2", "/fonts/newsreader.woff2"];

/// Wraps `app` in the document. Scripts carry the nonce of the response.
pub fn shell<V: IntoView + 'static>(
    options: LeptosOptions,
    app: impl FnOnce() -> V,
) -> impl IntoView {
    let stylesheet = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let fonts = FONTS
        .map(|font| {
            view! { <link rel="preload" href=font r#as="font" type="font/woff2" crossorigin="anonymous" /> }
        })
        .collect_view();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {fonts}
                <link rel="stylesheet" href=stylesheet />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <HydrationScripts options=options islands=true />
                <MetaTags />
            </head>
            <body>{app()}</body>
        </html>
    }
}
