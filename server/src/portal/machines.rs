//! What search engines ask first: what to leave alone, and which pages there are.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use imprimatur::services::storefront;

use super::{Ask, Portal};

/// Kept for an hour by whoever asks.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// Public pages that are always there.
const PAGES: [&str; 7] = [
    "/",
    "/catalogue",
    "/collections",
    "/docs",
    "/docs/quickstart",
    "/docs/receipts",
    "/docs/errors",
];

/// `GET /robots.txt` (RFC 9309): only what is for search engines.
pub async fn robots(State(portal): State<Portal>) -> Response {
    let body = format!(
        "User-agent: *\nDisallow: /auth/\nDisallow: /c/\nDisallow: /find\nAllow: /\n\nSitemap: {}/sitemap.xml\n",
        portal.base_url
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, CACHE),
    ];
    (headers, body).into_response()
}

/// `GET /sitemap.xml` (sitemaps.org, protocol 0.9): public pages, every listed work and every listed collection.
pub async fn sitemap(State(portal): State<Portal>, Ask(request): Ask) -> Response {
    let (works, collections) = match storefront::listed(&portal.services, &request.actor).await {
        Ok(listed) => listed,
        Err(error) => return portal.answer(&request, Err(error)).await,
    };
    let base_url = &portal.base_url;
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for page in PAGES {
        body.push_str(&format!("<url><loc>{base_url}{page}</loc></url>\n"));
    }
    for work in works {
        let day = work.published_at.format("%Y-%m-%d");
        body.push_str(&format!(
            "<url><loc>{base_url}/catalogue/{}</loc><lastmod>{day}</lastmod></url>\n",
            work.asset_id
        ));
    }
    for collection in collections {
        let day = collection.published_at.format("%Y-%m-%d");
        body.push_str(&format!(
            "<url><loc>{base_url}/collections/{}</loc><lastmod>{day}</lastmod></url>\n",
            collection.collection_id
        ));
    }
    body.push_str("</urlset>\n");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8")),
        (header::CACHE_CONTROL, CACHE),
    ];
    (headers, body).into_response()
}
