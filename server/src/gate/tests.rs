//! The gate under attack.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use imprimatur::{
    domain::{access_token::TokenSecret, gate::Failover},
    services::{
        Clock, Services,
        content::ContentStore,
        gate::{FailoverSettings, KeySettings, OutboxSettings, attempts::Client},
        mint,
    },
};
use object_store::memory::InMemory;
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tracing::{Event, Metadata, Subscriber, span};

use super::{request::Asked, unlicensed::ADDRESSES_MAX, *};
use crate::front::Front;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap()
    }
}

/// Counts the lines that would be logged.
#[derive(Clone, Default)]
struct Lines(Arc<AtomicU64>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO && metadata.target().starts_with("server")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().is_event() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

async fn gate(pool: PgPool, outbox: PathBuf) -> Gate {
    let services = Services {
        pool,
        clock: Arc::new(SystemClock),
        content: ContentStore::new(Arc::new(InMemory::new()), 1024),
        live: false,
    };
    let settings = Settings {
        base_url: "http://gate.test".into(),
        unlicensed_per_hour: 100,
        trusted_proxies: Vec::new(),
        attempt_key: AttemptKey::derive(&[7; 32]),
        cursor_key: CursorKey::new(&[7; 32]),
        keeper: gate::Settings {
            keys: KeySettings { secret: [7; 32], rotation_days: 90, audit_days: 400 },
            failover: FailoverSettings { policy: Failover::Allow, grace: Duration::from_secs(300) },
            outbox: OutboxSettings { dir: outbox, bytes_max: 1 << 20 },
        },
    };
    Gate::start(services, settings).await.unwrap()
}

fn guess() -> String {
    TokenSecret::from_bytes(&rand::random(), true).reveal().to_owned()
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Requests with random tokens over one connection, a hundred at a time; answers how many were
/// refused.
async fn knock(address: std::net::SocketAddr, hundreds: usize) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut refused = 0;
    let mut buffer = vec![0; 256 * 1024];
    for _ in 0..hundreds {
        let requests: String = (0..100)
            .map(|_| {
                format!(
                    "GET /receipts/x HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\n\r\n",
                    guess()
                )
            })
            .collect();
        stream.write_all(requests.as_bytes()).await.unwrap();
        let (mut seen, mut kept) = (0, 0);
        while seen < 100 {
            let count = stream.read(&mut buffer[kept..]).await.unwrap();
            assert!(count > 0, "the gate hung up");
            let text = String::from_utf8_lossy(&buffer[..kept + count]).into_owned();
            // Each answer ends with its one document.
            let whole = text.rfind('}').map_or(0, |end| end + 1);
            seen += text[..whole].matches("\"status\":4").count();
            refused += text[..whole].matches("HTTP/1.1 4").count();
            let rest = text.as_bytes()[whole..].to_vec();
            kept = rest.len();
            buffer[..kept].copy_from_slice(&rest);
        }
    }
    refused
}

/// A million guesses from everywhere, and many more over the wire from one place: all refused,
/// memory flat, the log and the tables small.
#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_million_guesses_are_refused_and_leave_no_trace_but_a_count(pool: PgPool) {
    const GUESSES: u64 = 1_000_000;
    const CONNECTIONS: usize = 10;
    const HUNDREDS: usize = 50;
    let lines = Lines::default();
    let counting = tracing::subscriber::set_default(lines.clone());
    let outbox = std::env::temp_dir().join(format!("imprimatur-attack-{}", guess()));
    let gate = gate(pool.clone(), outbox.clone()).await;
    let ask = gate_ask();
    let begun = std::time::Instant::now();
    let mut before = 0;
    let mut too_many = 0;
    for n in 0..GUESSES {
        // What grows to its bound has done so by then.
        if n == GUESSES / 5 {
            before = resident_bytes();
        }
        let mut headers = HeaderMap::new();
        let secret = guess();
        let sent = format!("Bearer {secret}");
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&sent).unwrap());
        // A third comes from one address, which soon has had its share.
        let bits = if n % 3 == 0 { 0x7f00_0001 } else { rand::random() };
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let client = Client::new(address, "guesser");
        let bearer = gate.keeper().bearer(Some(&secret));
        let (request_id, subject) = (mint(), "x".into());
        let asked = Asked { request_id, headers, bearer, client, connection: None, subject };
        let denial = gate.keeper().identify(&asked.bearer).unwrap_err();
        assert_eq!(denial.refusal.code, "invalid_token");
        let problem = gate.refuse(&asked, &ask, denial).await;
        too_many += u64::from(problem.code == "too_many_unlicensed");
        if n % 50 == 0 {
            problem.answer(&gate, asked.request_id);
            tokio::task::yield_now().await;
        }
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 48 * 1024 * 1024, "{grown} bytes more");
    assert!(gate.0.unlicensed.addresses() <= ADDRESSES_MAX);
    assert!(too_many > GUESSES / 3 - 200, "{too_many}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let front = Front::new(routes(gate.clone()), Some(gate.clone()), None, false);
    tokio::spawn(crate::listen::serve(listener, front, stopped));
    let knocks = (0..CONNECTIONS).map(|_| knock(address, HUNDREDS));
    let refused: usize = futures::future::join_all(knocks).await.into_iter().sum();
    assert_eq!(refused, CONNECTIONS * HUNDREDS * 100);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes more");

    gate.close().await;
    std::fs::remove_dir_all(&outbox).unwrap();
    drop(counting);
    let written = lines.0.load(Ordering::Relaxed);
    // Two codes, ten lines and a sum of each a second.
    let bound = (begun.elapsed().as_secs() + 2) * 22 + 20;
    assert!(written <= bound, "{written} lines in {:?}", begun.elapsed());
    let (hours, attempts): (i64, i64) =
        sqlx::query_as("select count(distinct hour), sum(attempts)::bigint from stranger_hour")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(hours <= 2);
    assert_eq!(attempts, i64::try_from(GUESSES).unwrap() + i64::try_from(refused).unwrap());
    let rows: i64 = sqlx::query_scalar(
        "select (select count(*) from gate_attempt) + (select count(*) from gate_refusal_hour)
              + (select count(*) from token_client_hour)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(rows, 0);
}

fn gate_ask() -> imprimatur::domain::gate::Ask {
    use imprimatur::domain::gate::{Ask, AskedScope, Subject};
    Ask {
        host: "gate.test".into(),
        subject: Subject::Content(None),
        scope: AskedScope::Unnamed,
        job: Ok(None),
        nonce: Ok(None),
    }
}
