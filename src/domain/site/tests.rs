use proptest::prelude::*;

use super::*;

const PUBLIC: Ground<'_> = Ground { own_host: "imprimatur.shop", sandbox: false };
const SANDBOX: Ground<'_> = Ground { own_host: "localhost", sandbox: true };

#[test]
fn a_host_is_kept_in_one_form() {
    for (typed, kept) in [
        ("www.gazette.org", "www.gazette.org"),
        (" WWW.Gazette.ORG ", "www.gazette.org"),
        ("gazette.org.", "gazette.org"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("XN--BCHER-KVA.de", "xn--bcher-kva.de"),
        ("press.co.uk", "press.co.uk"),
    ] {
        assert_eq!(SiteHost::parse(typed, PUBLIC).unwrap().as_str(), kept);
    }
}

#[test]
fn what_is_no_site_is_refused_by_field() {
    let long = format!("{}.org", "a".repeat(64));
    for bad in [
        "",
        "gazette",
        "https://gazette.org",
        "gazette.org:8080",
        "gazette.org/news",
        "mira@gazette.org",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "::1",
        "8.8.8.8",
        "localhost",
        "gazette.localhost",
        "printer.local",
        "db.internal",
        "gazette.test",
        "imprimatur.shop",
        "IMPRIMATUR.shop.",
        "mine.imprimatur.shop",
        "-a.org",
        "a-.org",
        "a..org",
        "a_b.org",
        "a b.org",
        "*.gazette.org",
        &long,
    ] {
        let refusal = SiteHost::parse(bad, PUBLIC).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("host"), "{bad}");
    }
    assert!(SiteHost::parse("gazette.localhost", SANDBOX).is_ok());
    assert!(SiteHost::parse("localhost", SANDBOX).is_err());
    assert!(SiteHost::parse("127.0.0.1", SANDBOX).is_err());
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port() {
    for (typed, kept) in [
        ("https://Origin.gazette.org", "https://origin.gazette.org"),
        ("https://origin.gazette.org/", "https://origin.gazette.org"),
        ("https://origin.gazette.org:443", "https://origin.gazette.org"),
        ("https://origin.gazette.org:8443", "https://origin.gazette.org:8443"),
    ] {
        assert_eq!(Origin::parse(typed, PUBLIC).unwrap().as_str(), kept);
    }
    for bad in [
        "origin.gazette.org",
        "http://origin.gazette.org",
        "ftp://origin.gazette.org",
        "file:///etc/passwd",
        "gopher://origin.gazette.org",
        "https://mira:secret@origin.gazette.org",
        "https://origin.gazette.org/news",
        "https://origin.gazette.org/?a",
        "https://origin.gazette.org/#a",
        "https://origin.gazette.org:22",
        "https://origin.gazette.org:25",
        "https://127.0.0.1",
        "https://2130706433",
        "https://[::1]",
        "https://10.0.0.1",
        "https://localhost",
        "https://metadata.internal",
        "https://imprimatur.shop",
    ] {
        let refusal = Origin::parse(bad, PUBLIC).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("origin"), "{bad}");
    }
    assert!(Origin::parse("http://127.0.0.1:4000", SANDBOX).is_ok());
}

#[test]
fn only_the_whole_challenge_proves_a_claim() {
    let challenge = Challenge::new([0xab; 16]);
    let record = challenge.record();
    assert!(challenge.is_in_records(&["v=spf1 -all", &record]));
    assert!(!challenge.is_in_records(&["imprimatur-site=", "imprimatur-site", &record[..40]]));
    assert!(challenge.is_in_file(&format!("# ours\r\n{}\r\n", challenge.as_str())));
    assert!(!challenge.is_in_file("abab"));
    assert!(!challenge.is_in_file(""));
    assert_eq!(challenge.as_str().parse::<Challenge>().unwrap(), challenge);
    assert!("AB".repeat(16).parse::<Challenge>().is_err());
}

#[test]
fn a_site_lapses_after_seven_days_of_failures_and_not_before() {
    let start: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
    let well = Health { state: SiteState::Verified, checked_at: start, failing_since: None };
    let mut health = well.after(false, start + TimeDelta::days(7));
    for day in 8..14 {
        health = health.after(false, start + TimeDelta::days(day));
        assert_eq!(health.state, SiteState::Verified);
    }
    assert_eq!(health.after(true, start + TimeDelta::days(14)).failing_since, None);
    let lapsed = health.after(false, start + TimeDelta::days(14));
    assert_eq!(lapsed.state, SiteState::Lapsed);
    assert_eq!(lapsed.after(true, start + TimeDelta::days(15)).state, SiteState::Lapsed);
}

proptest! {
    #[test]
    fn no_host_or_origin_makes_it_panic(text in "\\PC{0,40}") {
        let _ = SiteHost::parse(&text, PUBLIC);
        let _ = Origin::parse(&text, PUBLIC);
    }
}
