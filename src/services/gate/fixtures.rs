//! A small world for tests of what the gate touches: two parties, and sales between them.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    domain::{
        access_token::TokenSecret,
        actor::{Actor, Member, Role, Sides, Who},
        asset::ContentId,
        gate::{Ask, AskedScope, Failover, Subject},
        ids::{AssetId, LicenseId, OrgId, PersonId, TokenId},
        profile::Reporting,
        terms::template,
    },
    services::{
        Result, Services,
        gate::{
            Admission, Delivery, FailoverSettings, Keeper, KeySettings, OutboxSettings, Parcel,
            Settings,
        },
        metering::reconcile,
        mint,
        testing::{self, Scratch, TestClock},
    },
};

pub(crate) struct World {
    pub services: Services,
    pub clock: Arc<TestClock>,
    pub creator: OrgId,
    pub buyer: OrgId,
    person: PersonId,
    scratch: Scratch,
}

/// What a buyer holds after buying.
pub(crate) struct Sale {
    pub asset_id: AssetId,
    pub content_id: ContentId,
    pub license_id: LicenseId,
    pub token_id: TokenId,
    pub secret: String,
}

/// Seals a delivery of the whole content.
pub(crate) fn seal_whole(keeper: &Keeper, admission: Admission) -> Result<Delivery> {
    let parcel = Parcel::whole(admission.content.as_ref().unwrap());
    keeper.seal(admission, parcel)
}

impl Sale {
    /// The same sale.
    pub fn again(&self) -> Self {
        Self { content_id: self.content_id.clone(), secret: self.secret.clone(), ..*self }
    }

    pub fn ask(&self, scope: AskedScope) -> Ask {
        Ask {
            host: "gate.example".into(),
            subject: Subject::Content(Some(self.content_id.clone())),
            scope,
            job: Ok(None),
            nonce: Ok(None),
        }
    }
}

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let (services, clock) = testing::services(pool);
        let now = services.now();
        let (creator, buyer, person) = (mint(), mint(), mint());
        let world = Self { services, clock, creator, buyer, person, scratch: Scratch::new() };
        sqlx::query("insert into person values ($1, 'Ada', null, $2)")
            .bind(world.person.uuid())
            .bind(now)
            .execute(world.pool())
            .await
            .unwrap();
        for (org_id, name) in [(world.creator, "mira"), (world.buyer, "acme")] {
            sqlx::query("insert into organization values ($1, $2, $2, true, true, $3)")
                .bind(org_id.uuid())
                .bind(name)
                .bind(now)
                .execute(world.pool())
                .await
                .unwrap();
        }
        world
    }

    pub fn pool(&self) -> &PgPool {
        &self.services.pool
    }

    /// Settings of a gate with an outbox of its own.
    pub fn settings(&self) -> Settings {
        let dir = self.scratch.path().join(fresh().to_string());
        Settings {
            keys: KeySettings { secret: [7; 32], rotation_days: 90, audit_days: 400 },
            failover: FailoverSettings { policy: Failover::Allow, grace: Duration::from_secs(300) },
            outbox: OutboxSettings { dir, bytes_max: 1 << 30 },
        }
    }

    pub fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    /// The buyer takes a license of a new work and makes a token.
    pub async fn sale(&self, included_units: i64, overage_micros: Option<i64>) -> Sale {
        let overrun = if overage_micros.is_some() { "charge" } else { "stop" };
        self.sale_on(included_units, overage_micros, overrun).await
    }

    /// The same on a tier with this policy for the end of its quota, and a larger tier above it
    /// that stops at 2,000 units.
    pub async fn sale_on(
        &self,
        included_units: i64,
        overage_micros: Option<i64>,
        overrun: &str,
    ) -> Sale {
        let now = self.services.now() - TimeDelta::days(1);
        let content_id = ContentId::of(fresh().as_bytes());
        let secret = TokenSecret::from_bytes(&rand::random(), false);
        let sale = Sale {
            asset_id: mint(),
            content_id,
            license_id: mint(),
            token_id: mint(),
            secret: secret.reveal().to_owned(),
        };
        let terms = template("all-uses").unwrap().terms;
        let (terms_id, offer_id, tier_id) = (self.terms().await, fresh(), fresh());
        let scopes: Vec<&str> = terms.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut tx = self.pool().begin().await.unwrap();
        sqlx::query(
            "insert into asset (asset_id, org_id, title, description, attribution, kind, rights,
                                tags, visibility, created_at)
             values ($1, $2, 'The Salt Roads', '', 'Mira', 'text', '', '{}', 'listed', $3)",
        )
        .bind(sale.asset_id.uuid())
        .bind(self.creator.uuid())
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "insert into asset_version values ($1, $2, 1, $3, 7, 'text/plain', 'a.txt', $4)",
        )
        .bind(fresh())
        .bind(sale.asset_id.uuid())
        .bind(sale.content_id.as_str())
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query("insert into offer values ($1, $2, $3, $4, $5, null)")
            .bind(offer_id)
            .bind(self.creator.uuid())
            .bind(sale.asset_id.uuid())
            .bind(terms_id)
            .bind(now)
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query(
            "insert into tier (tier_id, offer_id, position, name, currency, base_micros, included_units,
                               overrun, overage_micros, rate_per_minute, scopes)
             values ($1, $2, 1, 'Standard', 'USD', 0, $3, $6, $4, 100000, $5),
                    ($7, $2, 2, 'Premium', 'USD', 5000000, 2000, 'stop', null, 100000, $5)",
        )
        .bind(tier_id)
        .bind(offer_id)
        .bind(included_units)
        .bind(overage_micros)
        .bind(&scopes)
        .bind(overrun)
        .bind(fresh())
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "insert into license (license_id, org_id, creator_org_id, asset_id, offer_id, tier_id,
                                  terms_id, terms_digest, state, accepted_by, accepted_at, starts_at,
                                  ends_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, $10, null)",
        )
        .bind(sale.license_id.uuid())
        .bind(self.buyer.uuid())
        .bind(self.creator.uuid())
        .bind(sale.asset_id.uuid())
        .bind(offer_id)
        .bind(tier_id)
        .bind(terms_id)
        .bind(terms.digest().unwrap().as_str())
        .bind(self.person.uuid())
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "insert into access_token (token_id, license_id, org_id, name, secret_hash, prefix, last_four,
                                       scopes, created_by, created_at, expires_at, revoked_at)
             values ($1, $2, $3, 'crawler', $4, $5, $6, $7, $8, $9, null, null)",
        )
        .bind(sale.token_id.uuid())
        .bind(sale.license_id.uuid())
        .bind(self.buyer.uuid())
        .bind(secret.hash())
        .bind(secret.prefix())
        .bind(secret.last_four())
        .bind(&scopes)
        .bind(self.person.uuid())
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        sale
    }

    async fn terms(&self) -> Uuid {
        let terms = template("all-uses").unwrap().terms;
        sqlx::query("insert into terms values ($1, $2, $3, $4, $5, $6) on conflict do nothing")
            .bind(fresh())
            .bind(self.creator.uuid())
            .bind(terms.digest().unwrap().as_str())
            .bind(&terms.name)
            .bind(sqlx::types::Json(&terms))
            .bind(self.services.now())
            .execute(self.pool())
            .await
            .unwrap();
        sqlx::query_scalar("select terms_id from terms").fetch_one(self.pool()).await.unwrap()
    }

    pub fn member(&self, org_id: OrgId, role: Role) -> Actor {
        let sides = Sides { creator: true, buyer: true };
        Actor {
            who: Who::Member(Member {
                person_id: self.person,
                org_id,
                role,
                sides,
                reporting: Reporting::Full,
            }),
            request_id: mint(),
        }
    }

    /// Fails unless sums, events, units and receipts agree.
    pub async fn assert_books_balance(&self) {
        let proof = reconcile(&self.services.pool, None, None).await.unwrap();
        assert!(proof.holds(), "{proof:#?}");
    }
}

/// A key for rows no typed id of this world names.
fn fresh() -> Uuid {
    mint::<AssetId>().uuid()
}
