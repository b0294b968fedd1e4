//! The table of contents: every path of the product on one screen, by who calls it.
//!
//! Below the table, the layers, in the order a request meets them.

use std::{path::Path, time::Duration};

use app::pages;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use imprimatur::{domain::error::Refusal, services::Services};
use tower::ServiceBuilder;
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
    hooks::{self, Hooks},
    kept, live,
    portal::{self, Ask, Portal, content, download, nothing_here, other_method, page, page_of},
    session,
    sign_in::{self, SignIn},
};

/// Fonts seldom change; what is built does with every version and is asked for anew.
const FONT_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=604800");
const BUILT_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// What every answer carries.
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
    ),
];
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
/// A body under way must go on within this.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// What people open in a browser.
pub fn portal(portal: Portal, sign_in: SignIn, base_url: &Url) -> Router {
    let pages = Router::new()
        // Everybody.
        .route("/", page!(pages::public::landing))
        .route("/catalogue", page!(pages::catalogue::show))
        .route("/catalogue/{id}", page_of!(pages::work::show))
        .route("/catalogue/{id}/sample", get(content::sample))
        .route("/catalogue/{id}/provenance.json", get(content::public_provenance))
        .route("/collections", page!(pages::collections::shown_list))
        .route("/collections/{id}", page_of!(pages::collections::shown))
        .route("/creators/{id}", page_of!(pages::creator::show))
        .route("/terms/{digest}", page_of!(pages::terms::show))
        .route("/terms/{digest}/json", get(forms::terms::document))
        .route("/docs", page!(pages::docs::show))
        .route("/docs/quickstart", page!(pages::docs::quickstart))
        .route("/docs/receipts", page!(pages::docs::receipts))
        .route("/docs/errors", page!(pages::docs::errors))
        .route("/find", page!(pages::find::show))
        .route("/find.json", get(portal::find))
        .route("/robots.txt", get(portal::robots))
        .route("/sitemap.xml", get(portal::sitemap))
        .route("/sign-in", page!(pages::sign_in::show))
        .route("/design", page!(pages::public::design))
        // Whoever has signed in.
        .route("/welcome", page!(pages::welcome::show).post(forms::identity::found))
        .route("/join/{code}", page_of!(pages::invitation::show).post(forms::identity::join))
        .route("/settings/sessions", page!(pages::sessions::show).post(forms::sessions::revoke))
        // Members.
        .route("/overview", page!(pages::overview::show))
        .route("/usage", page!(pages::usage::show))
        .route("/usage.csv", download!(pages::usage::csv))
        .route("/live", get(live::open))
        .route("/feed", page!(pages::feed::show))
        .route("/feed/{id}", page_of!(pages::receipt::show))
        .route("/settings", page!(pages::settings::show).post(forms::identity::edit))
        .route("/settings/payment", page!(pages::payment::show).post(forms::payments::pay))
        .route("/settings/payment/back", get(forms::payments::card_left))
        .route("/settings/payouts", page!(pages::getting_paid::show).post(forms::payments::be_paid))
        .route("/settings/payouts/again", get(forms::payments::onboard_again))
        .route("/settings/payouts/back", get(forms::payments::onboarded))
        .route("/settings/profile", page!(pages::profile::show).post(forms::profile::change))
        .route("/settings/members", page!(pages::members::show).post(forms::members::change))
        // Creators.
        .route("/assets", page!(pages::assets::show).post(forms::collections::collect))
        .route(
            "/assets/new",
            page!(pages::new_asset::show)
                // The content store sets the limit, while it streams.
                .merge(post(forms::assets::register).layer(DefaultBodyLimit::disable())),
        )
        .route(
            "/assets/several",
            page!(pages::several::show)
                .merge(post(forms::batch::register).layer(DefaultBodyLimit::disable())),
        )
        .route("/assets/claims", page!(pages::claims::show).post(forms::assets::change_claim))
        .route("/assets/collections", page!(pages::collections::list))
        .route(
            "/assets/collections/new",
            page!(pages::collections::new).post(forms::collections::make),
        )
        .route(
            "/assets/collections/{id}",
            page_of!(pages::collections::own).post(forms::collections::change),
        )
        .route(
            "/assets/collections/{id}/edit",
            page_of!(pages::collections::edit).post(forms::collections::edit),
        )
        .route("/assets/{id}", page_of!(pages::asset::show))
        .route("/assets/{id}/edit", page_of!(pages::edit_asset::show).post(forms::assets::edit))
        .route("/assets/{id}/provenance.json", get(content::provenance))
        .route("/assets/{id}/versions/{number}", get(content::version))
        .route(
            "/assets/{id}/versions/new",
            page_of!(pages::new_version::show)
                .merge(post(forms::assets::add_version).layer(DefaultBodyLimit::disable())),
        )
        .route("/assets/{id}/offer", page_of!(pages::new_offer::show).post(forms::offers::publish))
        .route("/terms", page!(pages::terms::list))
        .route("/terms/new", page!(pages::new_terms::show).post(forms::terms::publish))
        .route("/offers", page!(pages::offers::show).post(forms::offers::change))
        .route("/earnings", page!(pages::earnings::show))
        .route("/earnings.csv", download!(pages::statement::csv))
        .route("/earnings/{month}", page_of!(pages::statement::show))
        .route("/payouts", page!(pages::payouts::show).post(forms::payouts::change))
        .route("/payouts/{id}", page_of!(pages::payout::show))
        .route("/sites", page!(pages::sites::show))
        .route("/sites/new", page!(pages::new_site::show).post(forms::sites::claim))
        .route("/sites/{id}", page_of!(pages::site::show).post(forms::sites::change))
        .route("/sites/{id}/try", page_of!(pages::try_site::show).post(forms::sites::attempt))
        // Buyers.
        .route(
            "/catalogue/{id}/license",
            page_of!(pages::license_form::show).post(forms::licenses::accept),
        )
        .route("/invoices", page!(pages::invoices::show))
        .route("/invoices/{id}", page_of!(pages::invoice::show))
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
        .merge(sign_in::routes(sign_in))
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(portal.clone(), draw_refusals))
        .layer(from_fn_with_state(portal.services.clone(), kept::keep_forms));
    session::portal(pages, &portal.services, base_url)
        .with_state(portal)
        .layer(CompressionLayer::new())
}

/// The built stylesheet, script, WebAssembly, fonts and marks.
pub fn site(site_dir: &Path) -> Router {
    let cached = |folder: &str, value: HeaderValue| {
        ServiceBuilder::new()
            .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, value))
            .service(ServeDir::new(site_dir.join(folder)).precompressed_br())
    };
    let built = cached("pkg", BUILT_CACHE);
    let fonts = cached("fonts", FONT_CACHE);
    let mut router = Router::new().nest_service("/pkg", built).nest_service("/fonts", fonts);
    for file in ["favicon.svg", "apple-touch-icon.png", "social-card.png"] {
        router = router.route_service(&format!("/{file}"), ServeFile::new(site_dir.join(file)));
    }
    router
}

/// What the payment provider tells us.
pub fn hooks(hooks: Hooks) -> Router {
    Router::new()
        .route("/hooks/stripe", post(hooks::own))
        .route("/hooks/stripe/connect", post(hooks::connect))
        .layer(DefaultBodyLimit::max(hooks::LETTER_BYTES_MAX))
        .with_state(hooks)
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
///
/// One layer of several: each that is laid over a router by itself is boxed, for every request.
pub fn with_headers(router: Router, https: bool) -> Router {
    router.layer(
        ServiceBuilder::new()
            .map_response(move |mut response: http::Response<_>| {
                fix_headers(response.headers_mut(), https);
                response
            })
            .layer(CatchPanicLayer::new())
            .layer(RequestBodyTimeoutLayer::new(BODY_PATIENCE)),
    )
}

/// Sets them where the answer does not say otherwise.
pub(crate) fn fix_headers(headers: &mut HeaderMap, https: bool) {
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(ONLY_HTTPS);
    }
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
