//! The table of contents: every path of the product on one screen, by who calls it.
//!
//! Below the table, the layers, in the order a request meets them.

use std::{path::Path, time::Duration};

use app::pages;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use imprimatur::{domain::error::Refusal, services::Services};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
    timeout::RequestBodyTimeoutLayer,
};
use url::Url;

use crate::{
    forms, health,
    portal::{Ask, Portal, nothing_here, page, page_of},
    session,
    sign_in::{self, SignIn},
};

/// Fonts seldom change; what is built does with every version and is asked for anew.
const FONT_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=604800");
const BUILT_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// A body under way must go on within this.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// What people open in a browser.
pub fn portal(portal: Portal, sign_in: SignIn, base_url: &Url) -> Router {
    let pages = Router::new()
        // Everybody.
        .route("/", page!(pages::public::landing))
        .route("/catalogue", page!(pages::catalogue::show))
        .route("/catalogue/{id}", page_of!(pages::work::show))
        .route("/terms/{digest}", page_of!(pages::terms::show))
        .route("/sign-in", page!(pages::sign_in::show))
        .route("/design", page!(pages::public::design))
        // Whoever has signed in.
        .route("/welcome", page!(pages::welcome::show).post(forms::identity::found))
        .route("/join/{code}", page_of!(pages::invitation::show).post(forms::identity::join))
        .route("/settings/sessions", page!(pages::sessions::show).post(forms::sessions::revoke))
        // Members.
        .route("/overview", page!(pages::overview::show))
        .route("/usage", page!(pages::usage::show))
        .route("/feed", page!(pages::feed::show))
        .route("/feed/{id}", page_of!(pages::receipt::show))
        .route("/settings", page!(pages::settings::show).post(forms::identity::edit))
        .route("/settings/members", page!(pages::members::show).post(forms::members::change))
        // Creators.
        .route("/assets", page!(pages::assets::show))
        .route(
            "/assets/new",
            page!(pages::new_asset::show)
                // The content store sets the limit, while it streams.
                .merge(post(forms::assets::register).layer(DefaultBodyLimit::disable())),
        )
        .route("/assets/{id}", page_of!(pages::asset::show))
        .route("/assets/{id}/offer", page_of!(pages::new_offer::show).post(forms::offers::publish))
        .route("/terms", page!(pages::terms::list))
        // Buyers.
        .route(
            "/catalogue/{id}/license",
            page_of!(pages::license_form::show).post(forms::licenses::accept),
        )
        .route("/licenses", page!(pages::licenses::show))
        .route("/licenses/{id}", page_of!(pages::license::show).post(forms::licenses::change))
        .route(
            "/licenses/{id}/rotate",
            page_of!(pages::rotate_token::show).post(forms::licenses::rotate_token),
        )
        .route(
            "/licenses/{id}/tokens/new",
            page_of!(pages::new_token::show).post(forms::licenses::create_token),
        )
        .fallback(nothing_here)
        .merge(sign_in::routes(sign_in))
        .layer(from_fn_with_state(portal.clone(), draw_refusals));
    session::portal(pages, &portal.services, base_url)
        .with_state(portal)
        .layer(CompressionLayer::new())
}

/// The built stylesheet, script, WebAssembly, fonts and marks.
pub fn site(site_dir: &Path) -> Router {
    let cached = |folder: &str, value: HeaderValue| {
        tower::ServiceBuilder::new()
            .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, value))
            .service(ServeDir::new(site_dir.join(folder)).precompressed_br())
    };
    let built = cached("pkg", BUILT_CACHE);
    let fonts = cached("fonts", FONT_CACHE);
    let mut router = Router::new().nest_service("/pkg", built).nest_service("/fonts", fonts);
    for file in ["favicon.svg", "apple-touch-icon.png", "robots.txt"] {
        router = router.route_service(&format!("/{file}"), ServeFile::new(site_dir.join(file)));
    }
    router
}

/// What operators and their machines ask.
pub fn health(services: Services) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(services)
}

/// The headers that every answer carries (OWASP ASVS 5.0, section 3.4), and what every request is
/// held to.
pub fn with_headers(router: Router, https: bool) -> Router {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ];
    let mut router = router;
    for (name, value) in fixed {
        let value = HeaderValue::from_static(value);
        router = router.layer(SetResponseHeaderLayer::if_not_present(name, value));
    }
    if https {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        router = router.layer(SetResponseHeaderLayer::if_not_present(
            header::STRICT_TRANSPORT_SECURITY,
            value,
        ));
    }
    router.layer(RequestBodyTimeoutLayer::new(BODY_PATIENCE)).layer(CatchPanicLayer::new())
}

/// Doors that draw no page of their own leave the refusal on their answer; here it becomes a page.
async fn draw_refusals(
    State(portal): State<Portal>,
    Ask(request): Ask,
    inner: axum::extract::Request,
    next: Next,
) -> Response {
    let response = next.run(inner).await;
    match response.extensions().get::<Refusal>().cloned() {
        Some(refusal) => portal.answer(&request, Err(refusal.into())).await,
        None => response,
    }
}
