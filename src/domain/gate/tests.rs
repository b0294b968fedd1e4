use super::*;
use crate::domain::{ids::TypedId as _, license::State};
use proptest::prelude::*;
use uuid::Uuid;

const ALL: [Scope; 3] = [Scope::Training, Scope::Inference, Scope::Preview];

fn now() -> DateTime<Utc> {
    "2026-11-22T07:50:00Z".parse().unwrap()
}

fn license() -> Licensed {
    Licensed {
        license_id: LicenseId::from_uuid(Uuid::from_u128(1)),
        org_id: OrgId::from_uuid(Uuid::from_u128(2)),
        creator_org_id: OrgId::from_uuid(Uuid::from_u128(3)),
        asset_id: AssetId::from_uuid(Uuid::from_u128(4)),
        site_host: None,
        standing: Standing {
            state: State::Active,
            starts_at: now() - TimeDelta::days(1),
            ends_at: Some(now() + TimeDelta::days(100)),
        },
        terms_digest: ContentId::of(b"terms").to_string(),
        terms_scopes: ALL.to_vec(),
        tier_name: "Standard".into(),
        tier_scopes: ALL.to_vec(),
        rate_per_minute: 2,
        included_units: 10,
        hard_stop: true,
        contents: Arc::new([Content {
            content_id: ContentId::of(b"abc"),
            asset_id: AssetId::from_uuid(Uuid::from_u128(4)),
            bytes: 3,
            media_type: "text/plain".into(),
            registered_at: now(),
        }]),
    }
}

fn grant(license: Licensed) -> Grant {
    Grant {
        token_id: TokenId::from_uuid(Uuid::from_u128(5)),
        scopes: ALL.to_vec(),
        expires_at: Some(now() + TimeDelta::days(200)),
        license: Arc::new(license),
    }
}

fn ask() -> Ask {
    Ask {
        host: "gate.example".into(),
        subject: Subject::Content(Some(ContentId::of(b"abc"))),
        scope: AskedScope::Unnamed,
        job: Ok(None),
        nonce: Ok(None),
    }
}

fn code(grant: &Grant, meter: &mut Meter, ask: &Ask, now: DateTime<Utc>) -> &'static str {
    match decide(grant, meter, ask, now, |_, _, _| false) {
        Ok(_) => "delivered",
        Err(denial) => denial.refusal.code,
    }
}

/// Breaks a good request step by step from the last check to the first; each time the step just
/// broken must answer, whatever is broken behind it.
#[test]
fn the_first_check_that_fails_answers() {
    let mut meter = Meter::new(10, now());
    let mut full = grant(license());
    let mut ask = ask();
    assert_eq!(code(&full, &mut meter, &ask, now()), "quota_exceeded");
    assert_eq!(code(&full, &mut meter, &ask, now()), "quota_exceeded");
    assert_eq!(code(&full, &mut meter, &ask, now()), "rate_limited");

    ask.job = JobName::parse("a\nb").map(Some);
    assert_eq!(code(&full, &mut meter, &ask, now()), "invalid_job");
    ask.scope = AskedScope::Unknown;
    assert_eq!(code(&full, &mut meter, &ask, now()), "scope_not_granted");
    ask.subject = Subject::Content(Some(ContentId::of(b"other")));
    assert_eq!(code(&full, &mut meter, &ask, now()), "content_not_licensed");
    ask.subject = Subject::Content(None);
    assert_eq!(code(&full, &mut meter, &ask, now()), "content_not_licensed");
    let late = now() + TimeDelta::days(100);
    assert_eq!(code(&full, &mut meter, &ask, late), "license_inactive");
    full.expires_at = Some(late);
    assert_eq!(code(&full, &mut meter, &ask, late), "invalid_token");

    let refused = |presented: Presented<&Grant>| {
        let refusal = presented.known().unwrap_err();
        (refusal.code, refusal.kind.status())
    };
    assert_eq!(refused(Presented::Unknown), ("invalid_token", 403));
    assert_eq!(refused(Presented::Nothing), ("missing_token", 401));
    assert_eq!(Presented::Known(&full).known(), Ok(&full));
}

#[test]
fn a_refusal_before_the_rate_takes_nothing_from_the_bucket() {
    let (full, mut meter) = (grant(license()), Meter::default());
    let wrong = Ask { scope: AskedScope::Unknown, ..ask() };
    for _ in 0..10 {
        assert_eq!(code(&full, &mut meter, &wrong, now()), "scope_not_granted");
    }
    assert_eq!(code(&full, &mut meter, &ask(), now()), "delivered");
    assert_eq!(meter.used(now()), 1);
}

#[test]
fn every_state_of_a_license_but_active_is_refused() {
    for &state in State::ALL {
        let standing = Standing { state, ..license().standing };
        let full = grant(Licensed { standing, ..license() });
        let expected = if state == State::Active { "delivered" } else { "license_inactive" };
        assert_eq!(code(&full, &mut Meter::default(), &ask(), now()), expected);
    }
}

#[test]
fn a_use_needs_the_token_the_tier_and_the_terms() {
    let bits = |mask: u8| -> Vec<Scope> {
        (0..3_u8).filter(|bit| mask & (1 << bit) != 0).map(|bit| ALL[usize::from(bit)]).collect()
    };
    for masks in 0..512_u16 {
        let [token, tier, terms] = [0, 3, 6].map(|shift| u8::try_from(masks >> shift & 7).unwrap());
        let full = Grant {
            scopes: bits(token),
            ..grant(Licensed { tier_scopes: bits(tier), terms_scopes: bits(terms), ..license() })
        };
        let common = bits(token & tier & terms);
        let chosen = choose_scope(&full, AskedScope::Unnamed);
        assert_eq!(chosen.ok(), common.first().copied());
        for scope in ALL {
            let named = choose_scope(&full, AskedScope::Named(scope));
            assert_eq!(named.is_ok(), common.contains(&scope));
        }
    }
}

#[test]
fn limits_say_when_to_come_back() {
    let (full, mut meter) = (grant(license()), Meter::new(9, now()));
    let mut decided = |at, repeat| {
        decide(&full, &mut meter, &ask(), at, |_, _, _| repeat)
            .map(|decision| (decision.rate_remaining, decision.reserved))
            .map_err(|denial| (denial.refusal.code, denial.retry_after, denial.rate_remaining))
    };
    assert_eq!(decided(now(), false), Ok((1, true)));
    let december = 8 * 86_400 + 16 * 3600 + 10 * 60;
    assert_eq!(decided(now(), false), Err(("quota_exceeded", Some(december), Some(0))));
    assert_eq!(decided(now(), false), Err(("rate_limited", Some(30), Some(0))));
    let later = now() + TimeDelta::seconds(60);
    assert_eq!(decided(later, true), Ok((1, false)), "a known repeat is served beyond the quota");
    let december: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(decided(december, false), Ok((1, true)));
}

#[test]
fn a_request_that_takes_nothing_needs_the_rate_but_no_quota() {
    let (full, mut meter) = (grant(license()), Meter::new(10, now()));
    let wrong = Ask { scope: AskedScope::Unknown, ..ask() };
    assert_eq!(
        permit(&full, &mut meter, &wrong, now()).unwrap_err().refusal.code,
        "scope_not_granted"
    );
    for left in [1, 0] {
        assert_eq!(permit(&full, &mut meter, &ask(), now()).unwrap().rate_remaining, left);
    }
    assert_eq!(permit(&full, &mut meter, &ask(), now()).unwrap_err().refusal.code, "rate_limited");
    assert_eq!(meter.used(now()), 10);
}

#[test]
fn a_tier_with_overage_has_no_hard_stop() {
    let license = Licensed { hard_stop: false, included_units: 0, rate_per_minute: 9, ..license() };
    let (full, mut meter) = (grant(license), Meter::default());
    for used in 1..=9 {
        assert_eq!(code(&full, &mut meter, &ask(), now()), "delivered");
        assert_eq!(meter.used(now()), used);
    }
}

#[test]
fn a_unit_given_back_after_the_month_turned_changes_nothing() {
    let (full, mut meter) = (grant(license()), Meter::default());
    assert_eq!(code(&full, &mut meter, &ask(), now()), "delivered");
    let december = now() + TimeDelta::days(10);
    assert_eq!(code(&full, &mut meter, &ask(), december), "delivered");
    meter.give_back(now());
    assert_eq!(meter.used(december), 1);
    meter.give_back(december);
    assert_eq!(meter.used(december), 0);
}

proptest! {
    /// Over any time, a bucket lets through at most its capacity and what flowed in since.
    #[test]
    fn a_bucket_never_grants_more_than_its_rate(
        rate in 1..500_u32,
        waits in proptest::collection::vec(0..5_000_i64, 1..400),
    ) {
        let (mut bucket, mut at, mut granted) = (Bucket::default(), now(), 0_i64);
        for wait in waits {
            at += TimeDelta::milliseconds(wait);
            if bucket.take(rate, at).is_ok() {
                granted += 1;
            }
            let elapsed = (at - now()).num_milliseconds();
            // One more: the interval is cut to whole nanoseconds.
            prop_assert!(granted <= i64::from(rate) + elapsed * i64::from(rate) / 60_000 + 1);
        }
    }

    #[test]
    fn waiting_as_told_is_enough(rate in 1..1000_u32, taken in 0..1000_u32) {
        let mut bucket = Bucket::default();
        for _ in 0..taken {
            let _ = bucket.take(rate, now());
        }
        if let Err(wait) = bucket.take(rate, now()) {
            prop_assert!(bucket.take(rate, now() + wait).is_ok());
        }
    }

    #[test]
    fn a_bucket_at_rest_counts_down_from_its_rate(rate in 1..200_u32) {
        let mut bucket = Bucket::default();
        for left in (0..rate).rev() {
            prop_assert_eq!(bucket.take(rate, now()).unwrap(), left);
        }
        prop_assert!(bucket.take(rate, now()).is_err());
    }
}
