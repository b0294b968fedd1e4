//! A market of any size: a few works made by the product's own services, everything else copied
//! from those rows inside PostgreSQL, whatever columns they have.

use imprimatur::{
    domain::{
        access_token::TypedLimits,
        actor::{Actor, Member, Role, Sides, Who},
        asset::{ContentId, Particulars},
        ids::{AssetId, LicenseId, OrgId, PersonId},
        pricing::TypedTiers,
        profile::Reporting,
        terms::Scope,
    },
    services::{
        Services, assets,
        licenses::{self, Acceptance},
        mint, offers,
        tokens::{self, NewToken},
    },
};
use sqlx::PgConnection;

use crate::Result;

/// How large a market is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub works: u64,
    pub bytes: usize,
    /// Buyers; each has a license of every work.
    pub buyers: u64,
    /// Tokens, spread over the licenses.
    pub tokens: u64,
    /// Units a month, and whether that is all there is.
    pub units: u64,
    pub hard_stop: bool,
    pub rate_per_minute: u64,
}

/// What was made.
pub struct Market {
    pub creator: Actor,
    pub buyer: Actor,
    /// In the order in which tokens ask for them.
    pub contents: Vec<(ContentId, Vec<u8>)>,
}

impl Market {
    /// Where each content is found.
    pub fn paths(&self) -> Vec<String> {
        self.contents.iter().map(|(content_id, _)| format!("/c/{content_id}")).collect()
    }
}

/// The secret of the `i`th token.
pub fn secret(i: u64) -> String {
    format!("sk_test_{i:064x}")
}

/// Copies rows: everything as in the template, but for what is given.
const MULTIPLY: &str = r#"
create or replace function bench_multiply(target text, template text, series text, given jsonb)
    returns bigint language plpgsql as
$$
declare
    columns text;
    expressions text;
    copied bigint;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum),
           string_agg(coalesce(given ->> attname, 't.' || quote_ident(attname)), ', ' order by attnum)
    into columns, expressions
    from pg_attribute
    where attrelid = target::regclass and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('insert into %s (%s) select %s from (%s) t cross join lateral (%s) s',
                   target, columns, expressions, template, series);
    get diagnostics copied = row_count;
    return copied;
end;
$$"#;

/// Fills an empty database.
pub async fn market(services: &Services, size: Size) -> Result<Market> {
    let creator = member(services, "mira").await?;
    let buyer = member(services, "acme").await?;
    let mut contents = Vec::new();
    let mut bought: Vec<(AssetId, LicenseId)> = Vec::new();
    for work in 0..size.works {
        let bytes = text_of(work, size.bytes);
        let (asset_id, content_id, license_id) =
            sale(services, &creator, &buyer, work, &bytes).await?;
        contents.push((content_id, bytes));
        bought.push((asset_id, license_id));
    }
    let (_, first) = bought.first().ok_or("a market without works")?;
    let token = NewToken {
        token_id: mint(),
        license_id: *first,
        name: "crawler".into(),
        scopes: vec![Scope::Training, Scope::Inference, Scope::Preview],
        expires_in_days: None,
        limits: TypedLimits::default(),
    };
    tokens::create(services, &buyer, token).await?;

    let mut db = services.pool.acquire().await?;
    // Rows are copied as they are: no trigger, no foreign key.
    sqlx::query("set session_replication_role = replica").execute(&mut *db).await?;
    sqlx::query(MULTIPLY).execute(&mut *db).await?;
    sqlx::query("create unlogged table bench_work (work bigint, license_id uuid)")
        .execute(&mut *db)
        .await?;
    for (work, (_, license_id)) in (0_i64..).zip(&bought) {
        sqlx::query("insert into bench_work values ($1, $2)")
            .bind(work)
            .bind(license_id.uuid())
            .execute(&mut *db)
            .await?;
    }
    set_tiers(&mut db, size).await?;
    copy_buyers(&mut db, size).await?;
    copy_tokens(&mut db, size).await?;
    sqlx::query("set session_replication_role = origin").execute(&mut *db).await?;
    sqlx::query("analyze").execute(&mut *db).await?;
    Ok(Market { creator, buyer, contents })
}

/// Makes a site of the only work, with its origin on this machine.
pub async fn make_site(services: &Services, host: &str, origin: u16) -> Result<()> {
    let mut db = services.pool.acquire().await?;
    sqlx::query("set session_replication_role = replica").execute(&mut *db).await?;
    sqlx::query("delete from asset_version").execute(&mut *db).await?;
    sqlx::query("update asset set kind = 'site'").execute(&mut *db).await?;
    sqlx::query(
        "insert into site (asset_id, org_id, host, origin, challenge, state, claimed_at,
                           verified_at, verified_by, checked_at)
         select asset_id, org_id, $1, $2, repeat('0', 32), 'verified', now(), now(), 'file', now()
         from asset",
    )
    .bind(host)
    .bind(format!("http://127.0.0.1:{origin}"))
    .execute(&mut *db)
    .await?;
    sqlx::query("set session_replication_role = origin").execute(&mut *db).await?;
    Ok(())
}

/// Copies rows of a table; `given` are SQL expressions by column, over `t` and `s`.
pub async fn multiply(
    db: &mut PgConnection,
    target: &str,
    template: &str,
    series: &str,
    given: &[(&str, String)],
) -> Result<i64> {
    let given: serde_json::Map<String, serde_json::Value> =
        given.iter().map(|(column, sql)| ((*column).to_owned(), sql.as_str().into())).collect();
    let copied = sqlx::query_scalar("select bench_multiply($1, $2, $3, $4)")
        .bind(target)
        .bind(template)
        .bind(series)
        .bind(serde_json::Value::Object(given))
        .fetch_one(db)
        .await?;
    Ok(copied)
}

async fn set_tiers(db: &mut PgConnection, size: Size) -> Result<()> {
    let (overrun, overage) = if size.hard_stop { ("stop", None) } else { ("charge", Some(5000)) };
    sqlx::query(
        "update tier set rate_per_minute = $1, included_units = $2, overrun = $3,
                         overage_micros = $4
         where base_micros > 0",
    )
    .bind(i32::try_from(size.rate_per_minute)?)
    .bind(i64::try_from(size.units)?)
    .bind(overrun)
    .bind(overage)
    .execute(db)
    .await?;
    Ok(())
}

/// The first buyer is there already.
async fn copy_buyers(db: &mut PgConnection, size: Size) -> Result<()> {
    let others = format!("select i from generate_series(1, {}) i", size.buyers - 1);
    multiply(
        db,
        "organization",
        "select * from organization where slug = 'acme'",
        &others,
        &[("org_id", org("s.i")), ("slug", "'buyer-' || s.i".into())],
    )
    .await?;
    multiply(
        db,
        "license",
        "select license.*, work from license join bench_work using (license_id)",
        &others,
        &[("license_id", license("s.i", "t.work")), ("org_id", org("s.i"))],
    )
    .await?;
    Ok(())
}

/// Token `i` asks for work `i mod works` under the license of buyer `i / works mod buyers`.
async fn copy_tokens(db: &mut PgConnection, size: Size) -> Result<()> {
    let Size { works, buyers, tokens, .. } = size;
    let series = format!(
        "select i, w.license_id as first, w.work, i / {works} % {buyers} as buyer
         from generate_series(0, {tokens} - 1) i join bench_work w on w.work = i % {works}"
    );
    let own = "case when s.buyer = 0 then";
    multiply(
        db,
        "access_token",
        "select * from access_token limit 1",
        &series,
        &[
            ("token_id", "md5('token ' || s.i)::uuid".into()),
            ("license_id", format!("{own} s.first else {} end", license("s.buyer", "s.work"))),
            ("org_id", format!("{own} t.org_id else {} end", org("s.buyer"))),
            (
                "secret_hash",
                "sha256(convert_to('sk_test_' || lpad(to_hex(s.i), 64, '0'), 'UTF8'))".into(),
            ),
        ],
    )
    .await?;
    Ok(())
}

fn org(buyer: &str) -> String {
    format!("md5('buyer ' || {buyer})::uuid")
}

fn license(buyer: &str, work: &str) -> String {
    format!("md5('license ' || {buyer} || ' ' || {work})::uuid")
}

/// Registers, offers and licenses one work.
async fn sale(
    services: &Services,
    creator: &Actor,
    buyer: &Actor,
    work: u64,
    bytes: &[u8],
) -> Result<(AssetId, ContentId, LicenseId)> {
    let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes.to_vec().into())]);
    let staged = services.content.stage(stream).await?;
    let content_id = staged.content_id.clone();
    let new = assets::NewAsset {
        asset_id: mint(),
        particulars: Particulars::parse(&format!("Work {work}"), "", "Mira Holm", "text")?,
        file_name: format!("{work}.txt"),
        staged,
    };
    let asset_id = assets::register(services, creator, new).await?.work()?;
    let tiers = TypedTiers {
        currency: "USD".into(),
        free_units: "1".into(),
        free_rate: "1".into(),
        paid_name: "Standard".into(),
        paid_base: "2500".into(),
        paid_units: "50000".into(),
        paid_overage: "5".into(),
        paid_rate: "100".into(),
        ..TypedTiers::default()
    };
    let new = offers::NewOffer {
        offer_id: mint(),
        asset_id,
        terms: "all-uses".into(),
        tiers,
        buyer: String::new(),
    };
    offers::publish(services, creator, new).await?;
    let offer = offers::current(services, asset_id).await?.ok_or("no offer")?;
    let tier = offer.tiers.get(1).ok_or("no paid tier")?;
    let acceptance = Acceptance {
        license_id: mint(),
        asset_id,
        tier_id: tier.tier_id,
        terms_digest: offer.terms.digest,
        agreed: true,
    };
    let license_id = licenses::accept(services, buyer, acceptance).await?;
    Ok((asset_id, content_id, license_id))
}

/// The owner of a new organization that sells and buys.
async fn member(services: &Services, name: &str) -> Result<Actor> {
    let (person_id, org_id): (PersonId, OrgId) = (mint(), mint());
    let now = services.now();
    sqlx::query("insert into person (person_id, name, created_at) values ($1, $2, $3)")
        .bind(person_id.uuid())
        .bind(name)
        .bind(now)
        .execute(&services.pool)
        .await?;
    sqlx::query(
        "insert into organization (org_id, name, slug, is_creator, is_buyer, created_at)
         values ($1, $2, $2, true, true, $3)",
    )
    .bind(org_id.uuid())
    .bind(name)
    .bind(now)
    .execute(&services.pool)
    .await?;
    let sides = Sides { creator: true, buyer: true };
    let member = Member { person_id, org_id, role: Role::Owner, sides, reporting: Reporting::Full };
    Ok(Actor { who: Who::Member(member), request_id: mint() })
}

/// Readable bytes, different for every work.
fn text_of(work: u64, bytes: usize) -> Vec<u8> {
    let line = format!("The salt roads of the fens, work {work}, one line after another.\n");
    line.bytes().cycle().take(bytes).collect()
}
