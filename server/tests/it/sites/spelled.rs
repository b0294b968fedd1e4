//! One spelling for a path, and nothing hidden in a request.

use super::*;

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_path_is_asked_for_in_one_spelling(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    assert_eq!(world.fetch("/%61rticles/t%69de").await.status(), 200);
    assert_eq!(world.origin.last().1, "/articles/tide");
    let asked = world.origin.count();
    for odd in ["/premium/x", "/%70remium/x", "/a/%2e%2e/premium/x", "//premium//x"] {
        let response = world.fetch(odd).await;
        assert_eq!(problem(response).await, (403, "tier_required".into()), "{odd}");
    }
    for odd in ["/a%2fb", "/a%5cb", "/a%00"] {
        let response = world.fetch(odd).await;
        assert_eq!(response.status(), 400, "{odd}");
    }
    let long = world.fetch(&format!("/?{}", "a".repeat(5000))).await;
    assert_eq!(problem(long).await, (414, "address_too_long".into()));
    assert_eq!(world.origin.count(), asked);
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn no_request_is_smuggled_to_the_origin(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let token = format!("authorization: Bearer {}\r\n", world.secret.reveal());
    let second = "GET /secret HTTP/1.1\r\nhost: gazette.test\r\n\r\n";
    for (request, status) in [
        // A body of a GET is not passed on.
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\n{token}content-length: {}\r\nconnection: close\r\n\r\n{second}",
                second.len()
            ),
            "200",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\n{token}transfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n"
            ),
            "200",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\n{token}content-length: 5\r\ncontent-length: 6\r\nconnection: close\r\n\r\nabcdef"
            ),
            "400",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\n{token}transfer-encoding: chunked, identity\r\nconnection: close\r\n\r\n"
            ),
            "400",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\nhost: other.test\r\n{token}connection: close\r\n\r\n"
            ),
            "400",
        ),
        (format!("GET /a b HTTP/1.1\r\nhost: {HOST}\r\n{token}connection: close\r\n\r\n"), "400"),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\n{token}x: a\r\n b\r\nconnection: close\r\n\r\n"
            ),
            "400",
        ),
        // An address in the request line counts more than the header.
        (
            format!(
                "GET http://{HOST}/articles/tide HTTP/1.1\r\nhost: other.test\r\n{token}connection: close\r\n\r\n"
            ),
            "200",
        ),
        (format!("GET / HTTP/1.0\r\nhost: {HOST}\r\n{token}\r\n"), "200"),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: GAZETTE.test.:8080\r\n{token}connection: close\r\n\r\n"
            ),
            "200",
        ),
    ] {
        let answer = world.raw(&request).await;
        let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        assert!(line.contains(status), "{request}\n{line}");
    }
    let asked = world.origin.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|(method, address, headers)| {
        method == "GET"
            && matches!(address.as_str(), "/" | "/articles/tide")
            && !headers.contains_key("content-length")
            && !headers.contains_key("transfer-encoding")
            && headers["host"] == HOST
    }));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        let request = world.ask(method, "/").bearer_auth(world.secret.reveal());
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["allow"], "GET, HEAD");
        assert_eq!(problem(response).await, (405, "method_not_allowed".into()));
    }
    assert_eq!(world.origin.count(), asked.len());
}
