use super::*;
use crate::domain::{ids::TypedId as _, license::State};
use chrono::TimeDelta;
use proptest::prelude::*;
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

/// Tiers with a rate nobody reaches: standard and premium as the design has them, in small.
fn two_tiers(overrun: Overrun) -> Licensed {
    let overage = (overrun == Overrun::Charge).then_some(5_000_000);
    let wide = |tier| TierLimits { rate_per_minute: 1_000_000, ..tier };
    let base = |base_micros, included_units, overage_micros| Price::Subscription {
        base_micros,
        included_units,
        overage_micros,
    };
    licensed(vec![
        wide(tier(2, "Standard", base(2_500_000_000, 50, overage), overrun)),
        wide(tier(3, "Premium", base(5_000_000_000, 100, Some(3_000_000)), Overrun::Charge)),
    ])
}

fn scoped(scope: Scope) -> Ask {
    Ask { scope: AskedScope::Named(scope), ..ask() }
}

#[test]
fn each_policy_does_its_own_at_the_end_of_the_quota() {
    for (overrun, expected) in [
        (Overrun::Stop, Err("quota_exceeded")),
        (Overrun::Charge, Ok("Standard")),
        (Overrun::Upgrade, Ok("Premium")),
    ] {
        let (license, mut meter) = (two_tiers(overrun), used(49));
        let (grant, ask) = (grant(), scoped(Scope::Inference));
        let mut served = || {
            decide(&grant, &license, &mut meter, &ask, now(), |_, _, _| false)
                .map(|decision| decision.tier.name.clone())
                .map_err(|denial| denial.refusal.code)
        };
        assert_eq!(served().as_deref(), Ok("Standard"), "the last included unit");
        assert_eq!(served().as_deref().map_err(|code| *code), expected, "{overrun}");
        assert_eq!(served().as_deref().map_err(|code| *code), expected, "{overrun}");
    }
}

#[test]
fn a_license_that_moves_up_is_under_the_next_tier_from_then_on() {
    let mut license = two_tiers(Overrun::Upgrade);
    let (mut meter, at) = (used(50), now());
    assert_eq!(meter.tier(&license, at).name, "Standard");
    let refused = code(&grant(), &license, &mut meter, &scoped(Scope::Preview));
    assert_eq!(refused, "quota_exceeded", "what is free moves nothing up");
    let repeat = decide(&grant(), &license, &mut meter, &ask(), at, |_, _, _| true).unwrap();
    assert_eq!((repeat.tier.name.as_str(), repeat.reserved), ("Standard", None));
    for used in 51..=101 {
        assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
        assert_eq!(
            (meter.tier(&license, at).name.as_str(), meter.used(at).used),
            ("Premium", used)
        );
    }
    // Written down, it is the same; a larger tier that stops is the last.
    license.tier = Arc::clone(&license.tiers[1]);
    assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
    let december = at + TimeDelta::days(10);
    assert_eq!(meter.tier(&license, december).name, "Premium");
    let alone = licensed(vec![tier(1, "Standard", price(0, None), Overrun::Upgrade)]);
    assert_eq!(code(&grant(), &alone, &mut Meter::default(), &ask()), "quota_exceeded");
}

#[test]
fn a_spend_cap_stops_what_would_cost_more() {
    for (overrun, cap, units) in [
        // The base fee alone: the included units are paid for.
        (Overrun::Charge, 2_500_000_000, 50),
        (Overrun::Charge, 2_504_999_999, 50),
        // One more thousand was started; it is used up to its end.
        (Overrun::Charge, 2_505_000_000, 1_050),
        (Overrun::Charge, 2_510_000_000, 2_050),
        (Overrun::Upgrade, 4_999_999_999, 50),
        (Overrun::Upgrade, 5_000_000_000, 100),
        (Overrun::Upgrade, 5_003_000_000, 1_100),
    ] {
        let license = Licensed { spend_cap_micros: Some(cap), ..two_tiers(overrun) };
        let mut meter = Meter::default();
        for _ in 0..units {
            assert_eq!(code(&grant(), &license, &mut meter, &ask()), "delivered");
        }
        let refused = decide(&grant(), &license, &mut meter, &ask(), now(), |_, _, _| false);
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.refusal.code, refused.refusal.kind.status()),
            ("spend_cap_reached", 429)
        );
        assert!(refused.retry_after.is_some_and(|seconds| seconds > 86_400));
        assert_eq!(meter.used(now()).used, units, "{overrun} {cap}");
        let preview = scoped(Scope::Preview);
        let free = code(&grant(), &license, &mut meter, &preview);
        assert_eq!(free == "delivered", meter.tier(&license, now()).overrun == Overrun::Charge);
        let repeat = decide(&grant(), &license, &mut meter, &ask(), now(), |_, _, _| true);
        assert!(repeat.unwrap().reserved.is_none());
    }
}

#[test]
fn bytes_are_set_aside_whole_and_kept_as_far_as_they_went_out() {
    let by_byte = Price::PerUse { price_micros: 1_000, per: 1, quota: Some(10) };
    let wide = TierLimits {
        unit: Unit::Byte,
        rate_per_minute: 1_000_000,
        ..tier(1, "T", by_byte, Overrun::Stop)
    };
    let license = Licensed { spend_cap_micros: Some(8_000), ..licensed(vec![wide]) };
    let (mut meter, ask) = (Meter::default(), scoped(Scope::Inference));
    let mut reserved = || {
        decide(&grant(), &license, &mut meter, &ask, now(), |_, _, _| false)
            .map(|decision| decision.reserved.unwrap())
            .map_err(|denial| denial.refusal.code)
    };
    let (first, second) = (reserved().unwrap(), reserved().unwrap());
    assert_eq!((first.units, second.units), (3, 3), "the content has three bytes");
    assert_eq!(reserved(), Err("spend_cap_reached"), "nine would cost more than the cap");
    meter.keep(first, 1);
    meter.give_back(second);
    assert_eq!(meter.used(now()), Units { used: 1, billable: 1 });
    let uncapped = Licensed { spend_cap_micros: None, ..license };
    for expected in ["delivered", "delivered", "delivered", "quota_exceeded"] {
        assert_eq!(code(&grant(), &uncapped, &mut meter, &ask), expected);
    }
}

#[test]
fn tokens_that_were_reported_use_up_the_quota_and_the_cap() {
    let by_token = |quota| Price::PerUse { price_micros: 1_000, per: 1, quota };
    let of = |price, overrun, cap| {
        let wide = TierLimits {
            unit: Unit::Token,
            rate_per_minute: 1_000_000,
            ..tier(1, "T", price, overrun)
        };
        Licensed { spend_cap_micros: cap, ..licensed(vec![wide]) }
    };
    let ask = scoped(Scope::Inference);
    let ends = of(by_token(Some(10)), Overrun::Stop, None);
    let capped = of(by_token(None), Overrun::Charge, Some(9_999));
    for (license, refused) in [(ends, "quota_exceeded"), (capped, "spend_cap_reached")] {
        let mut meter = Meter::default();
        for _ in 0..20 {
            assert_eq!(code(&grant(), &license, &mut meter, &ask), "delivered");
        }
        assert_eq!(meter.used(now()), Units::default(), "only the consumer knows");
        meter.at_least(Units { used: 10, billable: 10 }, now());
        assert_eq!(code(&grant(), &license, &mut meter, &ask), refused);
    }
}

#[test]
fn prepaid_units_that_are_left_over_are_for_one_month() {
    let prepaid = |rolls_over| Price::Prepaid {
        year_micros: 1,
        included_units: 2,
        overage_micros: None,
        rolls_over,
    };
    for (rolls_over, delivered) in [(true, 5), (false, 2)] {
        let wide = TierLimits {
            rate_per_minute: 1_000_000,
            ..tier(1, "Year", prepaid(rolls_over), Overrun::Stop)
        };
        let carried = Carried { units: 3, month: month_start(now()) };
        let license = Licensed { carried, ..licensed(vec![wide]) };
        for (at, delivered) in [(now(), delivered), (now() + TimeDelta::days(10), 2)] {
            let mut meter = Meter::default();
            let served = (0..9).filter(|_| {
                decide(&grant(), &license, &mut meter, &ask(), at, |_, _, _| false).is_ok()
            });
            assert_eq!(served.count(), delivered, "{at}");
        }
    }
}

#[test]
fn a_unit_given_back_after_the_month_turned_changes_nothing() {
    let (license, mut meter) = (license(), Meter::default());
    let reserved = |meter: &mut Meter, at| {
        decide(&grant(), &license, meter, &ask(), at, |_, _, _| false).unwrap().reserved.unwrap()
    };
    let november = reserved(&mut meter, now());
    let december = now() + TimeDelta::days(10);
    let second = reserved(&mut meter, december);
    meter.give_back(november);
    assert_eq!(meter.used(december).used, 1);
    meter.give_back(second);
    assert_eq!(meter.used(december), Units::default());
}

proptest! {
    /// Whatever is reserved and given back in whatever order, no more is out than the quota, and
    /// nothing is charged beyond the cap.
    #[test]
    fn no_order_of_events_grants_more_than_quota_and_cap(
        included in 0..20_i64,
        overage in 1..5_i64,
        cap in proptest::option::of(0..8_i64),
        steps in proptest::collection::vec((0..3_usize, any::<bool>()), 1..80),
    ) {
        let overrun = if cap.is_some() { Overrun::Charge } else { Overrun::Stop };
        let price = price(included, cap.map(|_| overage));
        let wide = TierLimits { rate_per_minute: 1_000_000, ..tier(1, "T", price, overrun) };
        let license = Licensed { spend_cap_micros: cap, ..licensed(vec![wide]) };
        let (mut meter, mut out) = (Meter::default(), Vec::new());
        for (scope, give_back) in steps {
            if give_back && !out.is_empty() {
                meter.give_back(out.swap_remove(out.len() / 2));
                continue;
            }
            let asked = scoped(ALL[scope]);
            if let Ok(decision) = decide(&grant(), &license, &mut meter, &asked, now(), |_, _, _| false) {
                out.push(decision.reserved.unwrap());
            }
            let billable = i64::try_from(out.iter().filter(|unit| unit.billable).count()).unwrap();
            let units = i64::try_from(out.len()).unwrap();
            prop_assert_eq!(meter.used(now()), Units { used: units, billable });
            match cap {
                Some(cap) => {
                    let spend = crate::domain::rating::month_spend(&price, billable, 0);
                    prop_assert!(spend <= i128::from(cap.max(0)));
                }
                None => prop_assert!(units <= included),
            }
        }
    }
}
