//! The HTML document: what every page loads, in the order it is needed.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};

const FONTS: [&str; 2] = ["/fonts/inter.woff2", "/fonts/newsreader.woff2"];

/// Pages a pointer rests on are fetched before the click. What hands over to
/// another site, or is a download, is left alone.
const AHEAD: &str = r#"{"prefetch":[{"eagerness":"moderate","where":{"and":[{"href_matches":"/*"},{"not":{"href_matches":["/auth/*","/sign-in*","/c/*","/*.csv*","/.well-known/*"]}},{"not":{"selector_matches":"[download], [rel~=external]"}}]}}]}"#;

/// Instants and days, in the zone of whoever looks; what the server writes is UTC. Written as
/// `ui::text` writes them, so that next to nothing moves. And what a toast has said leaves the address:
/// loaded again, the page does not say it again.
const READY: &str = r##"addEventListener("DOMContentLoaded",()=>{const write=(form,at)=>new Intl.DateTimeFormat(document.documentElement.lang=="en"?"en-GB":document.documentElement.lang,form).format(at).replace("Sept","Sep"),date={day:"numeric",month:"short"},year={...date,year:"numeric"},exact={...year,hour:"2-digit",minute:"2-digit",second:"2-digit",hourCycle:"h23",timeZoneName:"short"},now=new Date;for(const time of document.querySelectorAll("time.instant")){const at=new Date(time.dateTime);if(isNaN(at))continue;const said=write(exact,at);if(time.classList.contains("instant--exact")){time.textContent=said;continue}time.title=said;if(time.classList.contains("instant--day"))time.textContent=write(at.getFullYear()==now.getFullYear()?date:year,at).replaceAll(" ","\u00a0")}if(document.querySelector(".toast")){const here=new URL(location);for(const name of["done","of","before"])here.searchParams.delete(name);history.replaceState(history.state,"",here)}});"##;

/// Wraps `app` in the document. Scripts carry the nonce of the response.
pub fn shell<V: IntoView + 'static>(
    options: LeptosOptions,
    app: impl FnOnce() -> V,
) -> impl IntoView {
    provide_meta_context();
    let stylesheet = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let fonts = FONTS
        .map(|font| {
            view! { <link rel="preload" href=font r#as="font" type="font/woff2" crossorigin="anonymous" /> }
        })
        .collect_view();
    view! {
        <!DOCTYPE html>
        <html lang=imprimatur::words::tag()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {fonts}
                <link rel="stylesheet" href=stylesheet />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <meta name="theme-color" content="#fcfbf9" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#151412" media="(prefers-color-scheme: dark)" />
                <script type="speculationrules" nonce=use_nonce()>
                    {AHEAD}
                </script>
                <script nonce=use_nonce() inner_html=READY></script>
                <AutoReload options=options.clone() />
                <HydrationScripts options=options islands=true />
                <MetaTags />
            </head>
            <body>{app()}</body>
        </html>
    }
}
