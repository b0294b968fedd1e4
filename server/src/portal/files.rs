//! Files that are made while they are asked for.

use app::{download::Download, request::Request};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use imprimatur::services::Result;

use super::Portal;

impl Portal {
    /// Answers with the file, or with the page that says why there is none.
    pub async fn download(&self, request: &Request, file: Result<Download>) -> Response {
        let Download { file_name, media_type, body } = match file {
            Ok(file) => file,
            Err(error) => return self.answer(request, Err(error)).await,
        };
        let named: String = file_name
            .chars()
            .map(
                |c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' },
            )
            .collect();
        let attached = HeaderValue::from_str(&format!("attachment; filename=\"{named}\""));
        let attached = attached.unwrap_or(HeaderValue::from_static("attachment"));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (header::CONTENT_DISPOSITION, attached),
            (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        ];
        (headers, body).into_response()
    }
}
