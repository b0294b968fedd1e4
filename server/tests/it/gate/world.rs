//! A creator, a buyer, works sold between them, and the gate listening on a socket of its own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound as _, Utc};
use imprimatur::{
    domain::{
        access_token::{TokenSecret, TypedLimits},
        actor::{Actor, Member, Role, Sides, Who},
        asset::{ContentId, Particulars},
        gate::Failover,
        ids::{AssetId, LicenseId, OrgId, PersonId, ReceiptId, TokenId},
        pricing::TypedTiers,
        profile::Reporting,
        receipt::{self, Jwks, Receipt},
        terms::Scope,
    },
    services::{
        Clock, Services, assets,
        content::ContentStore,
        gate::{self, FailoverSettings, KeySettings, OutboxSettings, attempts::AttemptKey},
        licenses::{self, Acceptance},
        mint, offers,
        reports::CursorKey,
        tokens::{self, NewToken},
    },
};
use object_store::memory::InMemory;
use reqwest::{Client, Method, RequestBuilder, Response};
use server::{
    front::Front,
    gate::{Gate, Settings, routes},
};
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch};

use crate::world::Folder;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

pub struct World {
    pub services: Services,
    pub store: Arc<InMemory>,
    pub gate: Gate,
    pub base_url: String,
    client: Client,
    pub creator: Actor,
    pub buyer: Actor,
    /// Dropped, it would end the serving.
    _stop: watch::Sender<bool>,
    scratch: Folder,
}

/// What the buyer holds after buying.
pub struct Sale {
    pub bytes: Vec<u8>,
    pub content_id: ContentId,
    pub license_id: LicenseId,
    pub token_id: TokenId,
    pub secret: TokenSecret,
}

/// The paid tier: every use, this many units a month and no more, this many requests a minute.
pub struct Limits {
    pub units: u32,
    pub rate: u32,
}

/// Enough for what a test asks without a token, few enough to use up.
pub const UNLICENSED_PER_HOUR: u32 = 300;

pub const PLENTY: Limits = Limits { units: 1_000_000, rate: 100_000 };

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let store = Arc::new(InMemory::new());
        let services = Services {
            pool,
            clock: Arc::new(SystemClock),
            content: ContentStore::new(store.clone(), 1 << 30),
            live: false,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let scratch = Folder::new();
        let outbox = OutboxSettings { dir: scratch.0.join("outbox"), bytes_max: 1 << 30 };
        let settings = Settings {
            base_url: base_url.clone(),
            unlicensed_per_hour: UNLICENSED_PER_HOUR,
            trusted_proxies: vec!["127.0.0.2/32".parse().unwrap()],
            attempt_key: AttemptKey::derive(&[7; 32]),
            cursor_key: CursorKey::new(&[7; 32]),
            keeper: gate::Settings {
                keys: KeySettings { secret: [7; 32], rotation_days: 90, audit_days: 400 },
                failover: FailoverSettings {
                    policy: Failover::Allow,
                    grace: Duration::from_secs(300),
                },
                outbox,
            },
        };
        let gate = Gate::start(services.clone(), settings).await.unwrap();
        let front = Front::new(routes(gate.clone()), Some(gate.clone()), None, false);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(server::listen::serve(listener, front, stopped));
        let creator = member(&services, "mira").await;
        let buyer = member(&services, "acme").await;
        let client = Client::new();
        Self { services, store, gate, base_url, client, creator, buyer, _stop: stop, scratch }
    }

    /// The creator registers and offers a work; the buyer takes the paid tier and makes a token.
    pub async fn sale(&self, bytes: Vec<u8>, limits: Limits) -> Sale {
        let services = &self.services;
        let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes.clone().into())]);
        let staged = services.content.stage(stream).await.unwrap();
        let content_id = staged.content_id.clone();
        let new = assets::NewAsset {
            asset_id: mint(),
            particulars: Particulars::parse("The Salt Roads", "", "Mira Holm", "text").unwrap(),
            file_name: "salt-roads.txt".into(),
            staged,
        };
        let registered = assets::register(services, &self.creator, new).await.unwrap();
        let asset_id: AssetId = registered.work().unwrap();
        let tiers = TypedTiers {
            currency: "USD".into(),
            free_units: "1".into(),
            free_rate: "1".into(),
            paid_name: "Standard".into(),
            paid_base: "2500".into(),
            paid_units: limits.units.to_string(),
            paid_overage: String::new(),
            paid_rate: limits.rate.to_string(),
            ..TypedTiers::default()
        };
        let terms = "all-uses".to_owned();
        let new =
            offers::NewOffer { offer_id: mint(), asset_id, terms, tiers, buyer: String::new() };
        offers::publish(services, &self.creator, new).await.unwrap();
        let offer = offers::current(services, asset_id).await.unwrap().unwrap();
        let acceptance = Acceptance {
            license_id: mint(),
            asset_id,
            tier_id: offer.tiers[1].tier_id,
            terms_digest: offer.terms.digest,
            agreed: true,
        };
        let license_id = licenses::accept(services, &self.buyer, acceptance).await.unwrap();
        let scopes = vec![Scope::Training, Scope::Inference, Scope::Preview];
        let (token_id, secret) = self.token(license_id, scopes).await;
        Sale { bytes, content_id, license_id, token_id, secret }
    }

    /// One more token, and the gate knows it.
    pub async fn token(&self, license_id: LicenseId, scopes: Vec<Scope>) -> (TokenId, TokenSecret) {
        let token_id = mint();
        let new = NewToken {
            token_id,
            license_id,
            name: "crawler".into(),
            scopes,
            expires_in_days: None,
            limits: TypedLimits::default(),
        };
        let secret = tokens::create(&self.services, &self.buyer, new).await.unwrap().unwrap();
        super::until("the gate knows the token", async || {
            let nothing = self.get("/receipts/none").bearer_auth(secret.reveal());
            nothing.send().await.unwrap().status() == 404
        })
        .await;
        (token_id, secret)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base_url))
    }

    pub fn head(&self, path: &str) -> RequestBuilder {
        self.client.head(format!("{}{path}", self.base_url))
    }

    /// A request with any method and the token of a sale.
    pub async fn send(&self, method: &str, path: &str, sale: &Sale) -> Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.base_url));
        request.bearer_auth(sale.secret.reveal()).send().await.unwrap()
    }

    /// A request for the content of a sale.
    pub fn fetch(&self, sale: &Sale) -> RequestBuilder {
        self.get(&sale.path()).bearer_auth(sale.secret.reveal())
    }

    /// The receipt in a response, checked with the published keys.
    pub async fn receipt(&self, response: &Response) -> Receipt {
        let jws = response.headers()["imprimatur-receipt"].to_str().unwrap();
        let keys: Jwks =
            self.get("/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
        let kid = receipt::kid_of(jws).unwrap();
        let key = keys.keys.iter().find(|key| key.kid == kid).unwrap().public_key().unwrap();
        receipt::verify(jws, &key).unwrap()
    }

    /// Where receipts wait for the books.
    pub fn outbox(&self) -> PathBuf {
        self.scratch.0.join("outbox")
    }

    /// The receipts in the books, once those of every delivery so far are.
    pub async fn stored(&self) -> Vec<ReceiptId> {
        self.gate.settled().await;
        sqlx::query_scalar("select receipt_id from receipt order by receipt_id")
            .fetch_all(&self.services.pool)
            .await
            .unwrap()
    }

    /// Runs a statement that changes the world behind everybody's back.
    pub async fn fate(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.services.pool).await.unwrap();
    }
}

impl Sale {
    pub fn path(&self) -> String {
        format!("/c/{}", self.content_id)
    }
}

async fn member(services: &Services, name: &str) -> Actor {
    let (person_id, org_id): (PersonId, OrgId) = (mint(), mint());
    let now = services.now();
    let mut tx = services.pool.begin().await.unwrap();
    sqlx::query("insert into person (person_id, name, created_at) values ($1, $2, $3)")
        .bind(person_id.uuid())
        .bind(name)
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query(
        "insert into organization (org_id, name, slug, is_creator, is_buyer, created_at)
         values ($1, $2, $2, true, true, $3)",
    )
    .bind(org_id.uuid())
    .bind(name)
    .bind(now)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let sides = Sides { creator: true, buyer: true };
    let member = Member { person_id, org_id, role: Role::Owner, sides, reporting: Reporting::Full };
    Actor { who: Who::Member(member), request_id: mint() }
}
