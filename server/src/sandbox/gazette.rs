//! A stand-in for a creator's own web site: a small paper with a front page and its articles.
//!
//! It asks nobody for anything: who may read a page, and for how much, is the gate's business.

use std::{io, net::SocketAddr};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, sync::watch};

/// The host it is known by; a name that leads to the own machine everywhere (RFC 6761).
pub const HOST: &str = "gazette.localhost";

struct Article {
    slug: &'static str,
    title: &'static str,
    text: &'static str,
}

const ARTICLES: [Article; 4] = [
    Article {
        slug: "harbour-wall",
        title: "The harbour wall is older than the harbour",
        text: "Divers who came to look for a leak found oak piles under the granite. The rings of the \
               oldest say that it was felled in the winter of 1381, sixty years before the town had \
               leave to build.",
    },
    Article {
        slug: "ferry-timetable",
        title: "Last ferry moves to ten past nine",
        text: "From the first of the month the evening ferry waits for the train. The captain had \
               waited unofficially since March; the timetable now says so as well.",
    },
    Article {
        slug: "herring-count",
        title: "Herring are counted by ear",
        text: "A microphone on the sea floor tells shoals apart by the sound of their swim bladders. \
               In its first week it heard more fish than the boats had caught in the season before.",
    },
    Article {
        slug: "archive-flood",
        title: "What the flood left of our archive",
        text: "Of four thousand issues eleven hundred can be read again. The paper conservator asks \
               whoever kept old numbers in a dry attic to write to us.",
    },
];

/// The paper, ready to be read.
pub struct Gazette {
    listener: TcpListener,
}

impl Gazette {
    /// Takes the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    /// Serves until told to stop.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) -> io::Result<()> {
        let pages = Router::new()
            .route("/", get(front))
            .route("/articles/{slug}", get(article))
            .route("/robots.txt", get(robots))
            .route("/sitemap.xml", get(sitemap));
        axum::serve(self.listener, pages)
            .with_graceful_shutdown(async move {
                // The sender only goes away with the process.
                let _ = stop.wait_for(|stop| *stop).await;
            })
            .await
    }
}

async fn front() -> Html<String> {
    let items: String = ARTICLES
        .iter()
        .map(|article| {
            format!("<li><a href=\"/articles/{}\">{}</a></li>", article.slug, article.title)
        })
        .collect();
    Html(page("The Harbour Gazette", &format!("<ul>{items}</ul>")))
}

async fn article(Path(slug): Path<String>) -> Response {
    match ARTICLES.iter().find(|article| article.slug == slug) {
        Some(found) => {
            let body = format!("<p>{}</p><p><a href=\"/\">All articles</a></p>", found.text);
            Html(page(found.title, &body)).into_response()
        }
        None => (StatusCode::NOT_FOUND, Html(page("No such article", ""))).into_response(),
    }
}

async fn robots() -> &'static str {
    "User-agent: *\nAllow: /\nSitemap: /sitemap.xml\n"
}

async fn sitemap() -> Response {
    let urls: String = ARTICLES
        .iter()
        .map(|article| format!("<url><loc>http://{HOST}/articles/{}</loc></url>", article.slug))
        .collect();
    let map = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>"
    );
    ([(header::CONTENT_TYPE, "application/xml")], map).into_response()
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    )
}
