mod quota;

use super::*;
use crate::domain::{ids::TypedId as _, license::State};
use chrono::TimeDelta;
use uuid::Uuid;

const ALL: [Scope; 3] = [Scope::Training, Scope::Inference, Scope::Preview];
const NONCE: &str = "0123456789abcdef";

fn now() -> DateTime<Utc> {
    "2026-11-22T07:50:00Z".parse().unwrap()
}

fn tier(position: i32, name: &str, price: Price, overrun: Overrun) -> TierLimits {
    TierLimits {
        tier_id: TierId::from_uuid(Uuid::from_u128(u128::try_from(position).unwrap() + 10)),
        position,
        name: name.into(),
        scopes: Scopes::from_iter(ALL),
        rate_per_minute: 2,
        price,
        unit: Unit::Call,
        overrun,
        paths: PathRules::default(),
    }
}

fn price(included_units: i64, overage_micros: Option<i64>) -> Price {
    Price::Subscription { base_micros: 0, included_units, overage_micros }
}

fn stops(included_units: i64) -> TierLimits {
    tier(1, "Standard", price(included_units, None), Overrun::Stop)
}

/// A license on the first of these tiers.
fn licensed(tiers: Vec<TierLimits>) -> Licensed {
    let tiers: Arc<[Arc<TierLimits>]> = tiers.into_iter().map(Arc::new).collect();
    Licensed {
        license_id: LicenseId::from_uuid(Uuid::from_u128(1)),
        org_id: OrgId::from_uuid(Uuid::from_u128(2)),
        creator_org_id: OrgId::from_uuid(Uuid::from_u128(3)),
        asset_id: AssetId::from_uuid(Uuid::from_u128(4)),
        site_host: Some("news.example".into()),
        standing: Standing {
            state: State::Active,
            starts_at: now() - TimeDelta::days(1),
            ends_at: Some(now() + TimeDelta::days(100)),
        },
        terms_digest: ContentId::of(b"terms").to_string(),
        terms_scopes: Scopes::from_iter(ALL),
        tier: Arc::clone(&tiers[0]),
        tiers,
        spend_cap_micros: None,
        carried: Carried::default(),
        contents: Arc::new([Arc::new(Content {
            content_id: ContentId::of(b"abc"),
            asset_id: AssetId::from_uuid(Uuid::from_u128(4)),
            bytes: 3,
            media_type: "text/plain".into(),
            registered_at: now(),
        })]),
    }
}

fn license() -> Licensed {
    licensed(vec![stops(10)])
}

fn grant() -> Grant {
    Grant {
        token_id: TokenId::from_uuid(Uuid::from_u128(5)),
        scopes: Scopes::from_iter(ALL),
        expires_at: Some(now() + TimeDelta::days(200)),
        limits: None,
    }
}

fn limited(domains: &[&str], jobs: &[&str], requires_nonce: bool) -> Grant {
    let limits = TokenLimits::parse(domains.iter().copied(), jobs.iter().copied(), requires_nonce);
    Grant { limits: Some(Arc::new(limits.unwrap())), ..grant() }
}

fn ask() -> Ask {
    Ask {
        host: "news.example".into(),
        subject: Subject::Content(Some(ContentId::of(b"abc"))),
        scope: AskedScope::Unnamed,
        job: Ok(None),
        nonce: Ok(None),
    }
}

fn scoped(scope: Scope) -> Ask {
    Ask { scope: AskedScope::Named(scope), ..ask() }
}

fn page(path: &str) -> Ask {
    Ask { subject: Subject::Page(path.into()), ..ask() }
}

fn used(used: i64) -> Meter {
    Meter::new(Units { used, billable: used }, UsedNonces::default(), now())
}

fn code(grant: &Grant, license: &Licensed, meter: &mut Meter, ask: &Ask) -> &'static str {
    code_at(grant, license, meter, ask, now())
}

fn code_at(
    grant: &Grant,
    license: &Licensed,
    meter: &mut Meter,
    ask: &Ask,
    now: DateTime<Utc>,
) -> &'static str {
    match decide(grant, license, meter, ask, now, |_, _, _| false) {
        Ok(_) => "delivered",
        Err(denial) => denial.refusal.code,
    }
}

/// Breaks a good request step by step from the last check to the first; each time the step just
/// broken must answer with its code and status, whatever is broken behind it.
#[test]
fn the_first_check_that_fails_answers() {
    let rules =
        |allowed: &[&str], forbidden: &[&str]| PathRules::parse(allowed, forbidden).unwrap();
    let mut license = licensed(vec![
        TierLimits { paths: rules(&["/news/**"], &[]), ..stops(0) },
        TierLimits {
            paths: rules(&[], &["/admin/**"]),
            ..tier(2, "Plus", price(10, None), Overrun::Stop)
        },
    ]);
    let mut grant = limited(&["news.example"], &["run-1"], true);
    let mut meter = used(0);
    meter
        .nonces
        .keep(Mark::new(Some(&JobName::parse("run-1").unwrap()), "used-up-already-"), now());
    let mut at = now();
    let mut ask = page("/news/a");
    ask.job = JobName::parse("run-1").map(Some);
    ask.nonce = Nonce::parse(NONCE).map(Some);

    let mut step = 0;
    let mut answers =
        |grant: &Grant, license: &Licensed, ask: &Ask, at, status: u16, code: &str| {
            step += 1;
            let denial = decide(grant, license, &mut meter, ask, at, |_, _, _| false).unwrap_err();
            let answer = (denial.refusal.kind.status(), denial.refusal.code);
            assert_eq!(answer, (status, code), "step {step}");
            assert_eq!(denial.rate.is_some(), status == 429, "step {step}");
            assert_eq!(denial.retry_after.is_some(), status == 429, "step {step}");
            assert_eq!(meter.used(at).used, 0, "a refusal takes no unit");
            denial
        };
    // 6: a cap that nothing fits under, and no units.
    answers(&grant, &license, &ask, at, 429, "quota_exceeded");
    let mut charges = license.clone();
    let tier = TierLimits {
        price: price(0, Some(1)),
        overrun: Overrun::Charge,
        ..(*charges.tier).clone()
    };
    (charges.tier, charges.spend_cap_micros) = (Arc::new(tier), Some(0));
    answers(&grant, &charges, &ask, at, 429, "spend_cap_reached");
    // 5
    answers(&grant, &license, &ask, at, 429, "rate_limited");
    // 4
    ask.nonce = Nonce::parse("used-up-already-").map(Some);
    answers(&grant, &license, &ask, at, 409, "nonce_replayed");
    ask.nonce = Ok(None);
    answers(&grant, &license, &ask, at, 400, "nonce_required");
    ask.nonce = Nonce::parse("short").map(Some);
    answers(&grant, &license, &ask, at, 400, "invalid_nonce");
    ask.job = JobName::parse("run-2").map(Some);
    answers(&grant, &license, &ask, at, 403, "job_not_allowed");
    ask.job = Ok(None);
    answers(&grant, &license, &ask, at, 403, "job_not_allowed");
    ask.job = JobName::parse("a\nb").map(Some);
    answers(&grant, &license, &ask, at, 400, "invalid_job");
    ask.scope = AskedScope::Unknown;
    answers(&grant, &license, &ask, at, 403, "scope_not_granted");
    // 3
    ask.subject = Subject::Page("/other".into());
    let denial = answers(&grant, &license, &ask, at, 403, "tier_required");
    let gap = TierGap { required: "Plus".into(), current: "Standard".into() };
    assert_eq!(denial.tiers.as_deref(), Some(&gap));
    ask.subject = Subject::Page("/x/%2e%2e/admin/keys".into());
    let denial = answers(&grant, &license, &ask, at, 403, "path_not_allowed");
    assert_eq!(denial.tiers, None);
    ask.subject = Subject::Page("/a%2Fb".into());
    answers(&grant, &license, &ask, at, 400, "invalid_path");
    license.site_host = Some("other.example".into());
    answers(&grant, &license, &ask, at, 403, "content_not_licensed");
    ask.subject = Subject::Content(None);
    answers(&grant, &license, &ask, at, 403, "content_not_licensed");
    ask.subject = Subject::Content(Some(ContentId::of(b"other")));
    answers(&grant, &license, &ask, at, 403, "content_not_licensed");
    ask.host = "evil.example".into();
    answers(&grant, &license, &ask, at, 403, "domain_not_allowed");
    // 2
    at = now() + TimeDelta::days(100);
    answers(&grant, &license, &ask, at, 403, "license_inactive");
    // 1
    grant.expires_at = Some(at);
    answers(&grant, &license, &ask, at, 403, "invalid_token");
    let refused = |presented: Presented<&Grant>| {
        let refusal = presented.known().unwrap_err();
        (refusal.code, refusal.kind.status())
    };
    assert_eq!(refused(Presented::Unknown), ("invalid_token", 403));
    assert_eq!(refused(Presented::Nothing), ("missing_token", 401));
    assert_eq!(Presented::Known(&grant).known(), Ok(&grant));
}

#[test]
fn a_refusal_before_the_rate_takes_nothing_from_the_bucket_and_no_nonce() {
    let (license, mut meter) = (license(), Meter::default());
    let nonce = Nonce::parse(NONCE).map(Some);
    let good = Ask { nonce: nonce.clone(), ..ask() };
    let wrong = Ask { scope: AskedScope::Unknown, nonce, ..ask() };
    for _ in 0..10 {
        assert_eq!(code(&grant(), &license, &mut meter, &wrong), "scope_not_granted");
    }
    assert!(
        permit(&grant(), &license, &mut meter, &good, now()).is_ok(),
        "a look leaves the nonce"
    );
    assert_eq!(code(&grant(), &license, &mut meter, &good), "delivered");
    assert_eq!(code(&grant(), &license, &mut meter, &good), "nonce_replayed");
    assert_eq!(meter.used(now()), Units { used: 1, billable: 1 });
}

#[test]
fn every_state_of_a_license_but_active_is_refused() {
    for &state in State::ALL {
        let standing = Standing { state, ..license().standing };
        let license = Licensed { standing, ..license() };
        let expected = if state == State::Active { "delivered" } else { "license_inactive" };
        assert_eq!(code(&grant(), &license, &mut Meter::default(), &ask()), expected);
    }
}

#[test]
fn a_use_needs_the_token_the_tier_and_the_terms() {
    let bits = |mask: u16| -> Vec<Scope> {
        (0..3_u8).filter(|bit| mask & (1 << bit) != 0).map(|bit| ALL[usize::from(bit)]).collect()
    };
    for masks in 0..512_u16 {
        let [token, tier, terms] = [0, 3, 6].map(|shift| masks >> shift & 7);
        let of = |mask| bits(mask).into_iter().collect::<Scopes>();
        let grant = Grant { scopes: of(token), ..grant() };
        let mut license = licensed(vec![TierLimits { scopes: of(tier), ..stops(10) }]);
        license.terms_scopes = of(terms);
        let chosen = |scope| {
            let asked = Ask { scope, ..ask() };
            let decided = permit(&grant, &license, &mut Meter::default(), &asked, now());
            decided.map(|permit| permit.scope).map_err(|denial| denial.refusal.code)
        };
        let common = bits(token & tier & terms);
        let refused = Err("scope_not_granted");
        let first = common.first().copied().ok_or("scope_not_granted");
        assert_eq!(chosen(AskedScope::Unnamed), first);
        for scope in ALL {
            let expected = if common.contains(&scope) { Ok(scope) } else { refused };
            assert_eq!(chosen(AskedScope::Named(scope)), expected);
        }
    }
}

#[test]
fn only_the_uses_of_a_gate_are_delivered_whatever_is_granted() {
    let all = Scopes::from_iter(Scope::ALL.iter().copied());
    let mut license = licensed(vec![TierLimits { scopes: all, rate_per_minute: 100, ..stops(10) }]);
    license.terms_scopes = all;
    let grant = Grant { scopes: all, ..grant() };
    for &scope in Scope::ALL {
        let expected = if ALL.contains(&scope) { "delivered" } else { "scope_not_granted" };
        assert_eq!(code(&grant, &license, &mut used(0), &scoped(scope)), expected, "{scope:?}");
    }
    let display = Scopes::from_iter([Scope::Display]);
    license.terms_scopes = display;
    assert_eq!(code(&grant, &license, &mut used(0), &ask()), "scope_not_granted");
}

#[test]
fn limits_say_when_to_come_back() {
    let (license, mut meter) = (license(), used(9));
    let mut decided = |at, repeat| {
        decide(&grant(), &license, &mut meter, &ask(), at, |_, _, _| repeat)
            .map(|decision| (decision.rate.remaining, decision.reserved.is_some()))
            .map_err(|denial| {
                (denial.refusal.code, denial.retry_after, denial.rate.unwrap().remaining)
            })
    };
    assert_eq!(decided(now(), false), Ok((1, true)));
    let december = 8 * 86_400 + 16 * 3600 + 10 * 60;
    assert_eq!(decided(now(), false), Err(("quota_exceeded", Some(december), 0)));
    assert_eq!(decided(now(), false), Err(("rate_limited", Some(30), 0)));
    let later = now() + TimeDelta::seconds(60);
    assert_eq!(decided(later, true), Ok((1, false)), "a known repeat is served beyond the quota");
    let december: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(decided(december, false), Ok((1, true)));
}

#[test]
fn a_request_that_takes_nothing_needs_the_rate_but_no_quota() {
    let (license, mut meter) = (license(), used(10));
    let wrong = Ask { scope: AskedScope::Unknown, ..ask() };
    let refused = permit(&grant(), &license, &mut meter, &wrong, now()).unwrap_err();
    assert_eq!(refused.refusal.code, "scope_not_granted");
    for left in [1, 0] {
        let permit = permit(&grant(), &license, &mut meter, &ask(), now()).unwrap();
        assert_eq!((permit.rate.remaining, permit.rate.limit), (left, 2));
    }
    let refused = permit(&grant(), &license, &mut meter, &ask(), now()).unwrap_err();
    assert_eq!(refused.refusal.code, "rate_limited");
    assert_eq!(meter.used(now()).used, 10);
}
