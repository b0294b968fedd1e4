//! Small servers of our own that peers need: who answers nginx's `auth_request`, and axum alone.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path as Segment, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use clap::ValueEnum;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::{Result, seed};

/// Which one to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Says whether a token is known, as an authorization service behind nginx does.
    Authorizer,
    /// Serves bytes from memory and does nothing else.
    Axum,
}

/// Serves until it is ended.
pub async fn serve(which: Which, port: u16, tokens: u64, dir: &Path) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let router = match which {
        Which::Authorizer => {
            let known: HashSet<[u8; 32]> =
                (0..tokens).map(|i| Sha256::digest(seed::secret(i)).into()).collect();
            Router::new().fallback(authorize).with_state(Arc::new(known))
        }
        Which::Axum => {
            let mut files = HashMap::new();
            for entry in std::fs::read_dir(dir.join("c"))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                files.insert(name, Bytes::from(std::fs::read(entry.path())?));
            }
            Router::new().route("/c/{id}", get(bytes)).with_state(Arc::new(files))
        }
    };
    Ok(axum::serve(listener, router).await?)
}

async fn authorize(State(known): State<Arc<HashSet<[u8; 32]>>>, headers: HeaderMap) -> StatusCode {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match secret {
        Some(secret) if known.contains(&<[u8; 32]>::from(Sha256::digest(secret))) => {
            StatusCode::NO_CONTENT
        }
        Some(_) => StatusCode::FORBIDDEN,
        None => StatusCode::UNAUTHORIZED,
    }
}

async fn bytes(
    State(files): State<Arc<HashMap<String, Bytes>>>,
    Segment(id): Segment<String>,
) -> Response {
    match files.get(&id) {
        Some(bytes) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
