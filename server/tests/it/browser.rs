//! A browser, small enough for tests: it keeps its cookies and says where it was sent.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use server::front::Front;
use url::form_urlencoded;

pub const HOST: &str = "portal.test";

/// A browser in front of the portal.
#[derive(Clone)]
pub struct Browser {
    portal: Front,
    /// `name=value` as last set.
    pub cookie: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Where the browser is sent.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub fn new(portal: impl Into<Front>) -> Self {
        Self { portal: portal.into(), cookie: None }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form as a page of the portal itself would.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, form).await
    }

    /// Sends a form from a page of this relation to the portal, as `Sec-Fetch-Site` says it.
    pub async fn post_from(&mut self, site: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("sec-fetch-site", site)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends any request, as this browser.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        headers.insert(header::HOST, HOST.parse().unwrap());
        headers.insert(header::USER_AGENT, "Mozilla/5.0 (X11; Linux) Firefox/140".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        let response = self.portal.answer(request, None).await;
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0")).then_some(pair);
        }
        // A stream has no end to wait for.
        let streams =
            parts.headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/event-stream");
        let body = if streams { Body::empty() } else { body };
        let body = to_bytes(body, 1024 * 1024).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}
