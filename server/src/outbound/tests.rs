#![allow(clippy::unwrap_used)]

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use imprimatur::{
    domain::site::{Challenge, ProvenBy},
    services::sites::Prober as _,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::outbound::{connect::Closed, probe::Probe};

/// Name servers that answer from a list, one answer after the other.
struct Told {
    addresses: Mutex<VecDeque<Vec<IpAddr>>>,
    texts: Vec<String>,
}

fn told(answers: &[&[&str]]) -> Arc<Told> {
    let addresses = answers.iter().map(|each| each.iter().map(|a| a.parse().unwrap()).collect());
    Arc::new(Told { addresses: Mutex::new(addresses.collect()), texts: Vec::new() })
}

#[async_trait]
impl Names for Told {
    async fn addresses(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        let next = self.addresses.lock().unwrap().pop_front();
        next.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn texts(&self, _name: &str) -> io::Result<Vec<String>> {
        Ok(self.texts.clone())
    }
}

/// A server on loopback that gives every connection this answer; and how many there were.
async fn server(answer: String) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, connections)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn ask(url: &str) -> Request<Empty<Bytes>> {
    Request::get(url).body(Empty::new()).unwrap()
}

/// Why a connection is refused; nothing if it is not.
async fn refused(names: Arc<dyn Names>, loopback: bool, url: &str) -> Option<String> {
    use tower::Service as _;
    match Connector::new(names, loopback).call(url.parse().unwrap()).await {
        Err(error) if error.get_ref().is_some_and(|why| why.is::<Closed>()) => {
            Some(error.to_string())
        }
        _ => None,
    }
}

#[tokio::test]
async fn no_spelling_of_an_inside_address_is_connected_to() {
    let (port, connections) = server(ok("inside")).await;
    for host in [
        "127.0.0.1",
        "127.1.2.3",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let why = refused(told(&[]), false, &format!("http://{host}:{port}/")).await;
        assert!(why.is_some(), "{host}");
    }
    // What is a name to us is asked for, whatever other programs take it for.
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "localhost."] {
        let names = told(&[&["127.0.0.1"]]);
        let why = refused(names, false, &format!("http://{host}:{port}/")).await;
        assert!(why.is_some(), "{host}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_comes_to_lead_inside_is_refused_at_that_connection() {
    let (port, connections) = server(ok("inside")).await;
    // The first is closed too, so that nothing leaves this machine; the second would be a hit.
    let names = told(&[&["192.0.2.1"], &["127.0.0.1"], &["10.0.0.1", "127.0.0.1", "::1"]]);
    for _ in 0..3 {
        let url = format!("http://rebinding.example:{port}/");
        assert!(refused(names.clone(), false, &url).await.is_some());
    }
    assert!(names.addresses.lock().unwrap().is_empty());
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn ports_of_other_services_are_closed_even_in_a_sandbox() {
    for port in [22, 25, 5432, 6379, 11211] {
        let url = format!("http://127.0.0.1:{port}/");
        assert!(refused(told(&[]), true, &url).await.is_some(), "{port}");
    }
}

#[tokio::test]
async fn in_a_sandbox_loopback_is_reached_and_private_addresses_are_not() {
    let (port, _) = server(ok("inside")).await;
    let outbound = Outbound::new(told(&[]), true, Patience::default()).unwrap();
    let answer = outbound.send(ask(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(answer.status(), 200);
    for host in ["10.0.0.1", "192.168.0.1", "169.254.169.254", "[fe80::1]"] {
        assert!(refused(told(&[]), true, &format!("http://{host}:8080/")).await.is_some());
    }
}

#[tokio::test]
async fn without_a_sandbox_plain_http_is_not_spoken() {
    let outbound = Outbound::new(told(&[&["8.8.8.8"]]), false, Patience::default()).unwrap();
    let answer = outbound.send(ask("http://gazette.org/")).await;
    assert!(matches!(answer, Err(NoAnswer::Unreachable(_))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (inside, hits) = server(ok("inside")).await;
    let to = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inside}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, _) = server(to).await;
    let outbound = Outbound::new(told(&[]), true, Patience::default()).unwrap();
    let answer = outbound.send(ask(&format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let patience = Patience { answer: Duration::from_millis(50), ..Patience::default() };
    let outbound = Outbound::new(told(&[]), true, patience).unwrap();
    let answer = outbound.send(ask(&format!("http://127.0.0.1:{port}/"))).await;
    assert!(matches!(answer, Err(NoAnswer::TimedOut)));
    drop(listener);
    let answer = outbound.send(ask(&format!("http://127.0.0.1:{port}/"))).await;
    assert!(matches!(answer, Err(NoAnswer::Unreachable(_))));
}

#[tokio::test]
async fn a_claim_is_proved_by_record_or_by_file() {
    let challenge = Challenge::new([7; 16]);
    let outbound = Outbound::new(told(&[]), true, Patience::default()).unwrap();
    let with = |texts: Vec<String>| {
        let names = Told { addresses: Mutex::default(), texts };
        Probe::new(Arc::new(names), outbound.clone())
    };
    let record = vec!["v=spf1 -all".to_owned(), challenge.record()];
    assert_eq!(with(record).prove("gazette.org", &challenge).await, Some(ProvenBy::Dns));
    let probe = with(Vec::new());
    // The file would be asked for over HTTPS at a name that leads nowhere.
    assert_eq!(probe.prove("gazette.org", &challenge).await, None);

    let (port, _) = server(ok(&format!("{}\n", challenge.as_str()))).await;
    assert!(probe.file(&format!("http://127.0.0.1:{port}/"), &challenge).await);
    let (port, _) = server(ok("another")).await;
    assert!(!probe.file(&format!("http://127.0.0.1:{port}/"), &challenge).await);
    let moved = "HTTP/1.1 404 Not Found\r\ncontent-length: 32\r\n\r\n".to_owned();
    let (port, _) = server(moved + challenge.as_str()).await;
    assert!(!probe.file(&format!("http://127.0.0.1:{port}/"), &challenge).await);
    let long = format!("{}\n{}", "a".repeat(20_000), challenge.as_str());
    let (port, _) = server(ok(&long)).await;
    assert!(!probe.file(&format!("http://127.0.0.1:{port}/"), &challenge).await);
}
