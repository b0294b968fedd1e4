//! A creator's site between its origin and a buyer's machines.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use imprimatur::{
    domain::{
        access_token::TokenSecret,
        asset::Particulars,
        ids::{AssetId, LicenseId},
        pricing::{TypedPaths, TypedTiers},
        receipt::{self, Jwks, Receipt},
        site::{Challenge, Ground, Origin as OriginUrl, ProvenBy, SiteHost},
        terms::Scope,
    },
    services::{
        licenses::{self, Acceptance},
        mint,
        offers::{self, NewOffer},
        sites::{self, NewSite, Prober},
    },
};
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use server::{
    front::Front,
    gate::{proxy, routes},
    outbound::{Outbound, Patience, names::Names},
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::origin::Origin;
use crate::gate::{until, world::World};

pub const HOST: &str = "gazette.test";
pub const PAGE_BYTES_MAX: u64 = 1_000_000;

/// Everybody shows every challenge.
pub struct Believing;

#[async_trait]
impl Prober for Believing {
    async fn prove(&self, _host: &str, _challenge: &Challenge) -> Option<ProvenBy> {
        Some(ProvenBy::Dns)
    }
}

/// No name leads anywhere.
struct Nowhere;

#[async_trait]
impl Names for Nowhere {
    async fn addresses(&self, _host: &str) -> std::io::Result<Vec<IpAddr>> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    async fn texts(&self, _name: &str) -> std::io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

pub struct SiteWorld {
    pub gate: World,
    pub origin: Origin,
    pub asset_id: AssetId,
    pub license_id: LicenseId,
    pub secret: TokenSecret,
    /// Where the gate answers for sites.
    pub address: String,
    client: Client,
    _stop: watch::Sender<bool>,
}

impl SiteWorld {
    pub async fn new(pool: PgPool) -> Self {
        Self::with(pool, Duration::from_secs(10), 1_000_000).await
    }

    /// With an origin that is waited for so long, and so many units on the paid tier.
    pub async fn with(pool: PgPool, patience: Duration, units: u32) -> Self {
        let gate = World::new(pool).await;
        let origin = Origin::start().await;
        let asset_id = claim(&gate, &origin.url).await;
        let license_id = license(&gate, asset_id, units).await;
        let (_, secret) =
            gate.token(license_id, vec![Scope::Training, Scope::Inference, Scope::Preview]).await;
        let patience = Patience { connect: patience, answer: patience };
        let outbound = Outbound::new(Arc::new(Nowhere), true, patience).unwrap();
        let limits = proxy::Limits { page_bytes_max: PAGE_BYTES_MAX, silence_max: patience.answer };
        let base_url = gate.base_url.parse().unwrap();
        let services = gate.services.clone();
        let sites = proxy::Sites::open(services, gate.gate.clone(), outbound, limits, &base_url);
        let sites = Some(sites.await.unwrap());
        let works = Some(gate.gate.clone());
        let front = Front::new(routes(gate.gate.clone()), works, sites, false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(server::listen::serve(listener, front, stopped));
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { gate, origin, asset_id, license_id, secret, address, client, _stop: stop }
    }

    /// A request for a page, without a token.
    pub fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.ask_at(HOST, method, path)
    }

    /// A request to another host.
    pub fn ask_at(&self, host: &str, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        request.header("host", host)
    }

    /// The same, with the token.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.ask("GET", path).bearer_auth(self.secret.reveal())
    }

    pub async fn fetch(&self, path: &str) -> Response {
        self.get(path).send().await.unwrap()
    }

    /// Sends these bytes and reads until the gate closes the connection.
    pub async fn raw(&self, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        // Cut connections end in an error; what came before counts.
        let _ = tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
        answer
    }

    /// A receipt, checked with the published keys.
    pub async fn receipt(&self, jws: &str) -> Receipt {
        let keys = self.gate.get("/.well-known/jwks.json").send().await.unwrap();
        let keys: Jwks = keys.json().await.unwrap();
        let kid = receipt::kid_of(jws).unwrap();
        let key = keys.keys.iter().find(|key| key.kid == kid).unwrap().public_key().unwrap();
        receipt::verify(jws, &key).unwrap()
    }

    /// How many deliveries are in the books.
    pub async fn billed(&self) -> usize {
        self.gate.stored().await.len()
    }

    /// Codes and bytes of what was noted as not delivered.
    pub async fn attempts(&self) -> Vec<(String, i64)> {
        self.gate.gate.attempts().flush().await;
        sqlx::query_as("select code, bytes_out from gate_attempt order by bytes_out")
            .fetch_all(&self.gate.services.pool)
            .await
            .unwrap()
    }

    /// Waits until the gate answers for this path with this status.
    pub async fn until_status(&self, path: &str, status: u16) {
        until("the gate knows of the change", async || self.fetch(path).await.status() == status)
            .await;
    }
}

async fn claim(gate: &World, origin: &str) -> AssetId {
    let ground = Ground { own_host: "127.0.0.1", sandbox: true };
    let new = NewSite {
        asset_id: mint(),
        particulars: Particulars::of_site("The Gazette", "", "The Gazette").unwrap(),
        host: SiteHost::parse(HOST, ground).unwrap(),
        origin: OriginUrl::parse(origin, ground).unwrap(),
    };
    let asset_id = sites::claim(&gate.services, &gate.creator, new).await.unwrap();
    sites::verify(&gate.services, &gate.creator, &Believing, asset_id).await.unwrap();
    asset_id
}

async fn license(gate: &World, asset_id: AssetId, units: u32) -> LicenseId {
    let services = &gate.services;
    let tiers = TypedTiers {
        currency: "USD".into(),
        free_units: "1".into(),
        free_rate: "1".into(),
        paid_name: "Standard".into(),
        paid_base: "2500".into(),
        paid_units: units.to_string(),
        paid_overage: String::new(),
        paid_rate: "100000".into(),
        free_paths: TypedPaths { allowed: "/free/**".into(), forbidden: String::new() },
        paid_paths: TypedPaths { allowed: String::new(), forbidden: "/premium/**".into() },
        larger_name: "Premium".into(),
        larger_base: "5000".into(),
        larger_units: "2000000".into(),
        larger_rate: "100000".into(),
        ..TypedTiers::default()
    };
    let terms = "all-uses".to_owned();
    let new = NewOffer { offer_id: mint(), asset_id, terms, tiers, buyer: String::new() };
    offers::publish(services, &gate.creator, new).await.unwrap();
    let offer = offers::current(services, asset_id).await.unwrap().unwrap();
    let acceptance = Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: offer.tiers[1].tier_id,
        terms_digest: offer.terms.digest,
        agreed: true,
    };
    licenses::accept(services, &gate.buyer, acceptance).await.unwrap()
}
