//! An origin that does what a test wants, on loopback.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use tokio::net::TcpListener;

/// What was asked, in the order it came: method, path and query, headers.
pub type Asked = Arc<Mutex<Vec<(String, String, HeaderMap)>>>;

pub struct Origin {
    pub url: String,
    pub asked: Asked,
    /// Chunks of `/endless` that were taken.
    pub chunks: Arc<AtomicUsize>,
}

/// Bytes that are not all alike.
pub fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

impl Origin {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, chunks) = (Asked::default(), Arc::new(AtomicUsize::new(0)));
        let state = (Arc::clone(&asked), Arc::clone(&chunks));
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, chunks }
    }

    /// The headers of the last request.
    pub fn last(&self) -> (String, String, HeaderMap) {
        self.asked.lock().unwrap().last().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn chunked(whole: Vec<u8>) -> Vec<io::Result<Bytes>> {
    whole.chunks(10_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
}

async fn answer(
    State((asked, chunks)): State<(Asked, Arc<AtomicUsize>)>,
    request: Request,
) -> Response {
    let address = request.uri().to_string();
    let headers = request.headers().clone();
    asked.lock().unwrap().push((request.method().to_string(), address, headers.clone()));
    let html = |text: &'static str| ([(header::CONTENT_TYPE, "text/html")], text).into_response();
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/" => html("<a href=\"/articles/tide\">Tide</a> <a href=\"/articles/salt\">Salt</a>"),
        "/articles/tide" => html("High water at six. <a href=\"/\">Home</a>"),
        "/articles/salt" => html("Salt was the first road. <a href=\"/moved\">Moved</a>"),
        "/robots.txt" => "User-agent: *\nAllow: /\n".into_response(),
        "/headers" => (
            [
                ("connection", "x-hop"),
                ("x-hop", "one hop only"),
                ("keep-alive", "timeout=5"),
                ("set-cookie", "id=1"),
                ("alt-svc", "h3=\":443\""),
                ("imprimatur-receipt", "forged"),
                ("x-ratelimit-remaining", "7"),
                ("x-kept", "kept"),
                ("etag", "\"v1\""),
                ("cache-control", "public, max-age=600"),
            ],
            "headers",
        )
            .into_response(),
        "/dated" if headers.get("if-none-match").is_some_and(|tag| tag == "\"v1\"") => {
            (StatusCode::NOT_MODIFIED, [("etag", "\"v1\"")]).into_response()
        }
        "/dated" => ([("etag", "\"v1\"")], "dated").into_response(),
        "/large" => Body::from_stream(stream::iter(chunked(bytes(300_000)))).into_response(),
        "/sized" => bytes(300_000).into_response(),
        "/moved" => {
            (StatusCode::FOUND, [("location", "https://gazette.test/x"), ("x-kept", "kept")])
                .into_response()
        }
        "/broken" => (StatusCode::INTERNAL_SERVER_ERROR, "It broke.").into_response(),
        "/cut" | "/cut-early" => {
            use futures::StreamExt as _;
            let begun = stream::iter(chunked(bytes(if path == "/cut" { 200_000 } else { 20_000 })));
            let broken = stream::once(async {
                // What came before is on its way first.
                tokio::task::yield_now().await;
                Err(io::ErrorKind::ConnectionReset.into())
            });
            Body::from_stream(begun.chain(broken)).into_response()
        }
        "/silent" => std::future::pending().await,
        "/stalled" => {
            use futures::StreamExt as _;
            let begun = stream::iter(chunked(bytes(200_000)));
            Body::from_stream(begun.chain(stream::pending())).into_response()
        }
        "/slow" => {
            let slow = stream::unfold(0, |at| async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                (at < 40).then(|| (Ok::<_, io::Error>(Bytes::from(bytes(3_000))), at + 1))
            });
            Body::from_stream(slow).into_response()
        }
        "/endless" => {
            let endless = stream::repeat_with(move || {
                chunks.fetch_add(1, Ordering::SeqCst);
                Ok::<_, io::Error>(Bytes::from(vec![7; 64 * 1024]))
            });
            Body::from_stream(endless).into_response()
        }
        "/too-large" => bytes(1_100_000).into_response(),
        _ => (StatusCode::NOT_FOUND, "No such page.").into_response(),
    }
}
