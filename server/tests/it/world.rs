//! The whole product as one process serves it, with people in front of it: they act through forms
//! and the gate, as browsers and machines do.
//!
//! Always true: the router is the one `server::runtime` assembles, and the clock stands until a test
//! moves it. A deed here fails the test if the product refuses it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        actor::{Actor, Role, Who},
        gate::Failover,
        identity::ProvenIdentity,
        ids::{OrgId, PersonId, SessionId},
    },
    services::{
        Clock, Services,
        content::ContentStore,
        identity, mint,
        sessions::{PERSON_KEY, PostgresSessions},
    },
};
use object_store::local::LocalFileSystem;
use server::{
    config::{
        Archive, Config, Content, Database, Gate as GateLimits, Keys, Provider, Secret, Stripe, Web,
    },
    front::Front,
    gate::Gate,
    listen,
    runtime::{self, Role as Part},
    sandbox::authorization_server::{AuthorizationServer, SandboxClient, SandboxPerson},
};
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch};
use tower_sessions::Session;

use crate::{
    browser::{Browser, HOST},
    visitor::Visitor,
};

/// What letters of the payment provider are signed with, about its own account and others.
pub const LETTERS_SECRET: &str = "whsec_own";
pub const CONNECT_LETTERS_SECRET: &str = "whsec_connect";
pub const CLIENT_SECRET: &str = "the-secret-of-the-client";
/// The largest upload this world takes.
pub const UPLOAD_BYTES_MAX: u64 = 64 * 1024;

/// A clock that a test moves; it starts at 2026-03-02 10:00 UTC.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A folder that goes away with its world.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(std::env::temp_dir().join(format!("imprimatur-{}", mint::<OrgId>())));
        std::fs::create_dir_all(&folder.0).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything, and the handles to look behind it.
pub struct World {
    pub services: Services,
    pub clock: Arc<TestClock>,
    pub front: Front,
    pub gate: Gate,
    /// Where the sandbox provider is reached.
    pub issuer: String,
    content: Folder,
    _outbox: Folder,
}

impl World {
    pub async fn new(pool: PgPool) -> Self {
        Self::speaking(pool, None).await
    }

    /// A world that speaks the languages of a folder too.
    pub async fn speaking(pool: PgPool, words_dir: Option<&Path>) -> Self {
        let (content, outbox) = (Folder::new(), Folder::new());
        let store = LocalFileSystem::new_with_prefix(&content.0).unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_772_445_600_000_000)));
        let services = Services {
            pool,
            clock: clock.clone(),
            content: ContentStore::new(
                Arc::new(store.with_automatic_cleanup(true)),
                UPLOAD_BYTES_MAX,
            ),
            live: false,
        };
        let issuer = provider().await;
        let config = configured(&issuer, &content.0, &outbox.0, words_dir);
        let parts = [Part::Portal, Part::Api, Part::Gate];
        let (_, going_on) = watch::channel(false);
        let (front, gate) = runtime::assemble(&config, &parts, &services, &going_on).await.unwrap();
        Self { services, clock, front, gate: gate.unwrap(), issuer, content, _outbox: outbox }
    }

    /// A browser nobody has signed in with.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(Browser::new(self.front.clone()), self.services.clone())
    }

    /// Somebody who has signed in and belongs to no organization. The way through a provider is
    /// left out; the session it ends in is a real one.
    pub async fn person(&self, name: &str) -> Visitor {
        let visitor = Actor { who: Who::Visitor, request_id: mint() };
        let proven = ProvenIdentity::new(&self.issuer, name, Some(name), None).unwrap();
        let person = identity::sign_in(&self.services, &visitor, proven).await.unwrap();
        let mut visitor = self.visitor();
        visitor.browser.cookie = Some(self.session(person.person_id).await);
        visitor.person_id = Some(person.person_id);
        visitor
    }

    async fn session(&self, person_id: PersonId) -> String {
        let store = Arc::new(PostgresSessions::new(&self.services));
        let session = Session::new(None, store, None);
        session.insert(PERSON_KEY, person_id).await.unwrap();
        session.save().await.unwrap();
        format!("session={}", session.id().unwrap())
    }

    /// The id of the one session of a person.
    pub async fn session_of(&self, person_id: PersonId) -> String {
        let found = sqlx::query_scalar("select session_id from session where person_id = $1");
        let session_id: SessionId =
            found.bind(person_id.uuid()).fetch_one(&self.services.pool).await.unwrap();
        session_id.to_string()
    }

    /// The owner of an organization that sells.
    pub async fn creator(&self, name: &str) -> Visitor {
        self.owner(name, &["creator"]).await
    }

    /// The owner of an organization that buys.
    pub async fn buyer(&self, name: &str) -> Visitor {
        self.owner(name, &["buyer"]).await
    }

    /// The owner of an organization on these sides.
    pub async fn owner(&self, name: &str, sides: &[&str]) -> Visitor {
        let mut visitor = self.person(name).await;
        visitor.found(name, sides).await;
        visitor
    }

    /// Somebody who joined the owner's organization by invitation.
    pub async fn colleague(&self, owner: &mut Visitor, role: Role, name: &str) -> Visitor {
        let code = owner.invite(role).await;
        let mut visitor = self.person(name).await;
        visitor.join(&code).await;
        visitor.org_id = owner.org_id;
        visitor
    }

    /// A digest of every row there is, by table: equal before and after means nothing changed.
    pub async fn rows(&self) -> BTreeMap<String, String> {
        self.gate.settled().await;
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select relname::text, (xpath('//c/text()', query_to_xml(format(
                 'select count(*) || '':'' || coalesce(md5(string_agg(t::text, '','' order by t::text)), '''') c from %I t',
                 relname), false, true, '')))[1]::text
             from pg_stat_user_tables where schemaname = 'public'
               -- What was asked of the gate is noted a little later, whatever the answer.
               and relname not in ('gate_attempt', 'gate_refusal_hour', 'stranger_hour', 'token_client_hour')",
        )
        .fetch_all(&self.services.pool)
        .await
        .unwrap();
        assert!(rows.len() > 15, "{rows:?}");
        rows.into_iter().collect()
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let rows = self.rows().await;
        rows[table].split(':').next().unwrap().parse().unwrap()
    }

    /// Every file that content is kept in, staging included.
    pub fn kept(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(&self.content.0, &mut found);
        found.sort();
        found
    }

    /// The same behind a real socket.
    pub async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = self.front.clone();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            let _serving = stop;
            listen::serve(listener, front, stopped).await
        });
        address
    }

    /// Runs a statement that changes the world behind everybody's back.
    pub async fn fate(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.services.pool).await.unwrap();
    }
}

/// A provider on loopback; answers with where it is.
async fn provider() -> String {
    let client = SandboxClient {
        client_id: "imprimatur".to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        redirect_uris: vec![format!("http://{HOST}/auth/callback/oidc")],
    };
    let people = ["mira", "acme"].map(|subject| SandboxPerson {
        subject: subject.to_owned(),
        name: subject.to_owned(),
        email: format!("{subject}@example.com"),
        about: String::new(),
    });
    let server = AuthorizationServer::bind(0, client, people.to_vec()).await.unwrap();
    let issuer = server.issuer().to_owned();
    tokio::spawn(server.serve(std::future::pending()));
    issuer
}

fn configured(issuer: &str, content: &Path, outbox: &Path, words_dir: Option<&Path>) -> Config {
    Config {
        web: Web {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            base_url: format!("http://{HOST}"),
            site_dir: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../public"),
            words_dir: words_dir.map(Path::to_owned),
            sandbox: true,
        },
        database: Database { url: Secret(String::new()), connections_max: 1 },
        content: Content { dir: content.to_owned(), upload_bytes_max: UPLOAD_BYTES_MAX },
        archive: Archive { dir: content.join("archive"), raw_days: 90 },
        gate: GateLimits {
            unlicensed_per_hour: 100,
            page_bytes_max: 1 << 20,
            trusted_proxies: Vec::new(),
            outbox_dir: outbox.to_owned(),
            outbox_bytes_max: 1 << 30,
            failover: Failover::Allow,
            grace: Duration::from_secs(300),
        },
        keys: Keys {
            secret: Secret([7; 32]),
            receipt_key_days: 90,
            audit_days: 400,
            cursor: Secret([7; 32]),
        },
        providers: vec![Provider::Oidc {
            issuer: issuer.parse().unwrap(),
            label: "Sandbox".to_owned(),
            client_id: "imprimatur".to_owned(),
            client_secret: Secret(CLIENT_SECRET.to_owned()),
        }],
        // Nobody answers there; letters come in all the same.
        stripe: Some(Stripe {
            key: Secret("sk_test_of_the_tests".to_owned()),
            base_url: "http://127.0.0.1:9".parse().ok(),
            webhook_secret: Secret(LETTERS_SECRET.to_owned()),
            connect_secret: Secret(CONNECT_LETTERS_SECRET.to_owned()),
        }),
    }
}
