use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

fn whole() -> Vec<(&'static str, String)> {
    vec![
        ("BASE_URL", "https://imprimatur.example".into()),
        ("DATABASE_URL", "postgres://localhost/imprimatur".into()),
        ("DATA_DIR", "data".into()),
        ("SITE_DIR", "site".into()),
        ("KEYS_SECRET", STANDARD.encode([1; 32])),
        ("CURSOR_SECRET", STANDARD.encode([2; 32])),
        ("OIDC_ISSUER", "https://id.example".into()),
        ("OIDC_CLIENT_ID", "imprimatur".into()),
        ("OIDC_CLIENT_SECRET", "hush".into()),
    ]
}

fn read(changes: &[(&'static str, Option<&str>)]) -> Result<Config, Error> {
    let mut settings: BTreeMap<_, _> = whole().into_iter().collect();
    for (key, value) in changes {
        match value {
            Some(value) => settings.insert(key, (*value).to_owned()),
            None => settings.remove(key),
        };
    }
    let environment = settings.into_iter().map(|(key, value)| (format!("IMPRIMATUR_{key}"), value));
    Config::read(&Source::load(environment)?)
}

#[test]
fn a_whole_configuration_is_read() {
    let config = read(&[]).unwrap();
    assert_eq!(config.web.base_url, "https://imprimatur.example");
    assert_eq!(config.content.upload_bytes_max, 5_368_709_120);
    assert_eq!(config.archive.raw_days, 90);
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn no_secret_may_be_missing() {
    for key in ["DATABASE_URL", "KEYS_SECRET", "CURSOR_SECRET", "OIDC_CLIENT_SECRET"] {
        assert_eq!(read(&[(key, None)]).unwrap_err(), Error::Missing(key));
    }
    assert_eq!(read(&[("OIDC_ISSUER", None)]).unwrap_err(), Error::NoProvider);
}

#[test]
fn in_public_no_sandbox_and_no_plain_http() {
    assert_eq!(read(&[("SANDBOX", Some("true"))]).unwrap_err(), Error::SandboxInPublic);
    let plain = read(&[("BASE_URL", Some("http://imprimatur.example"))]);
    assert!(matches!(plain, Err(Error::NotHttps(_))));
    let local = [("SANDBOX", Some("true")), ("BASE_URL", Some("http://127.0.0.1:3000"))];
    assert!(read(&local).is_ok());
    let everywhere = [local[0], local[1], ("LISTEN", Some("0.0.0.0:3000"))];
    assert_eq!(read(&everywhere).unwrap_err(), Error::SandboxInPublic);
}

#[test]
fn events_are_kept_for_longer_than_they_may_be_reported() {
    assert_eq!(read(&[("RAW_DAYS", Some("35"))]).unwrap().archive.raw_days, 35);
    let early = read(&[("RAW_DAYS", Some("34"))]).unwrap_err();
    assert!(matches!(early, Error::Unreadable { key: "RAW_DAYS", .. }));
}

#[test]
fn proxies_are_a_list_of_networks() {
    let config = read(&[("TRUSTED_PROXIES", Some("10.0.0.0/8, fd00::/8"))]).unwrap();
    assert_eq!(config.gate.trusted_proxies.len(), 2);
    assert_eq!(config.gate.unlicensed_per_hour, 100);
    let bad = read(&[("TRUSTED_PROXIES", Some("everybody"))]);
    assert!(matches!(bad, Err(Error::Unreadable { key: "TRUSTED_PROXIES", .. })));
}

#[test]
fn a_misspelt_setting_is_named() {
    let error = Source::load([("IMPRIMATUR_BASE_ULR".to_owned(), String::new())]).unwrap_err();
    assert_eq!(error, Error::Unknown("IMPRIMATUR_BASE_ULR".into()));
}

#[test]
fn every_key_is_documented() {
    let documented: BTreeSet<&str> = include_str!("../../../.env.example")
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").strip_prefix("IMPRIMATUR_"))
        .filter_map(|line| line.split('=').next())
        .collect();
    assert_eq!(documented, KEYS.iter().copied().collect());
}
