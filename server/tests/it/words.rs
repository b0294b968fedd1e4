//! Every page in another language: nothing that is read is left in English.
//!
//! Always true: the language is made here from the list that translators get, each sentence between
//! brackets. What stands outside of them is data, or a name that no language changes.

use std::{collections::BTreeSet, fs};

use axum::http::header;
use imprimatur::{domain::asset::ContentId, services::mint};
use sqlx::PgPool;

use crate::{
    browser::Browser,
    visitor::{Tier, Visitor, between, unescaped, work},
    world::{Folder, World},
};

const TAG: &str = "qps";
const LIST: &str = include_str!("../../../words/imprimatur.pot");
const ROUTER: &str = include_str!("../../src/router.rs");
const TEXT: &str = "Salt was the first road.";

/// What people of this world typed, and what is called the same everywhere.
const DATA: [&str; 49] = [
    // Typed by people.
    "The Salt Roads",
    "The Tide Tables",
    TEXT,
    "About salt.",
    "Mira Holm",
    "mira",
    "acme",
    "theo",
    "salt, tides",
    "nightly crawl",
    "work.txt",
    "salt.example.com",
    "https://origin.example.com",
    "text/plain; charset=utf-8",
    "text/plain",
    "Standard",
    "nothing at all",
    // Names of tiers, terms and providers: what was published never changes.
    "Preview",
    "Training, commercial",
    "Training, research only",
    "Training and answers",
    "Answers with credit",
    "Search and links",
    "Display with credit",
    "Thirty-day evaluation",
    "Standing license",
    "Sandbox",
    // Names of things.
    "Imprimatur",
    "http://portal.test",
    "/.well-known/jwks.json",
    "check.mjs",
    "Firefox",
    "Linux",
    "USD",
    "EUR",
    "GBP",
    "UTC",
    "CSV",
    "JSON",
    "kB",
    "GB",
    "MB",
    "Ctrl",
    "Esc",
    "GitHub",
    "Node 20",
    "JavaScript",
    "Python",
    "Stripe",
];

/// Columns of a table that works are registered by: whoever writes one needs them as they are.
const COLUMNS: [&str; 10] = [
    "file",
    "text",
    "title",
    "description",
    "kind",
    "tags",
    "language",
    "rights",
    "attribution",
    "visibility",
];

/// The list with every sentence translated to itself, between brackets.
fn bracketed() -> String {
    let mut made = String::new();
    let (mut one, mut many) = (String::new(), String::new());
    for line in LIST.lines() {
        let quoted = |line: &str| line.split_once('"').unwrap().1.trim_end_matches('"').to_owned();
        let line = if line.starts_with("msgid ") {
            one = quoted(line);
            line.to_owned()
        } else if line.starts_with("msgid_plural ") {
            many = quoted(line);
            line.to_owned()
        } else if line == "msgstr[1] \"\"" {
            format!("msgstr[1] \"⟦{many}⟧\"")
        } else if line.starts_with("msgstr") && !one.is_empty() {
            line.replace("\"\"", &format!("\"⟦{one}⟧\""))
        } else {
            line.to_owned()
        };
        made.push_str(&line);
        made.push('\n');
    }
    made
}

/// A world that speaks the language of brackets.
async fn speaking(pool: PgPool) -> (World, Folder) {
    let folder = Folder::new();
    fs::write(folder.0.join(format!("{TAG}.po")), bracketed()).unwrap();
    (World::speaking(pool, Some(&folder.0)).await, folder)
}

/// The same browser, with the language chosen.
fn choosing(visitor: &Visitor) -> Browser {
    let mut browser = visitor.browser.clone();
    let session = browser.cookie.unwrap_or_else(|| "none=0".to_owned());
    browser.cookie = Some(format!("{session}; lang={TAG}"));
    browser
}

/// The texts of a page that somebody reads or hears.
fn read_out(page: &str) -> Vec<String> {
    const SILENT: [&str; 6] = ["script", "style", "code", "pre", "kbd", "textarea"];
    const SPOKEN: [&str; 5] = ["title", "aria-label", "placeholder", "alt", "label"];
    let mut texts = Vec::new();
    let mut rest = page;
    while let Some((text, after)) = rest.split_once('<') {
        texts.push(unescaped(text));
        let (tag, after) = match after.strip_prefix("!--") {
            Some(comment) => ("", comment.split_once("-->").unwrap().1),
            None => after.split_once('>').unwrap(),
        };
        for name in SPOKEN {
            let named = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest);
            texts.extend(named.map(|value| unescaped(value.split('"').next().unwrap())));
        }
        let element = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.starts_with("meta name=\"description\"") {
            texts.push(unescaped(between(tag, "content=\"", "\"")));
        }
        rest = match SILENT.contains(&element) {
            true => &after[after.find(&format!("</{element}")).unwrap()..],
            false => after,
        };
    }
    texts
}

/// What of a text is neither between brackets nor data.
fn left_over(text: &str) -> String {
    let mut depth = 0;
    let mut outside = String::new();
    for c in text.chars() {
        match c {
            '⟦' => depth += 1,
            '⟧' => depth -= 1,
            c if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    if COLUMNS.contains(&outside.trim()) {
        return String::new();
    }
    for data in DATA {
        outside = outside.replace(data, "");
    }
    // Initials, addresses, and what has digits: ids, digests, short figures.
    let is_word = |word: &&str| {
        word.chars().any(char::is_alphabetic)
            && !word.starts_with('/')
            && !word.chars().any(|c| c.is_ascii_digit())
            && word.chars().count() > 1
    };
    let words: Vec<&str> = outside.split_whitespace().filter(is_word).collect();
    words.join(" ")
}

/// Everything that was looked at, and what was found.
#[derive(Default)]
struct Found {
    paths: Vec<String>,
    english: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, path: &str, page: &str) {
        self.paths.push(path.to_owned());
        assert!(page.contains(&format!("<html lang=\"{TAG}\">")), "{path}: {page}");
        for text in read_out(page) {
            let left = left_over(&text);
            if !left.is_empty() {
                self.english.insert(format!("{left}   ({path}: {})", text.trim()));
            }
        }
    }

    async fn open(&mut self, browser: &mut Browser, path: &str) -> String {
        let cookie = browser.cookie.clone();
        let answer = browser.get(path).await;
        browser.cookie = cookie;
        assert!(!answer.status.is_redirection(), "{path} leads to {}", answer.location());
        self.add(path, &answer.body);
        answer.body
    }

    async fn refuse(&mut self, browser: &mut Browser, path: &str, form: &[(&str, &str)]) {
        let cookie = browser.cookie.clone();
        let answer = browser.post(path, form).await;
        browser.cookie = cookie;
        assert!(answer.status.is_client_error(), "{path} {form:?}: {}", answer.status);
        self.add(path, &answer.body);
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn nothing_on_any_page_stays_in_english(pool: PgPool) {
    let (world, _folder) = speaking(pool).await;
    let mut mira = world.owner("mira", &["creator", "buyer"]).await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    let bare_id = mira.register("The Tide Tables", "Tides turn.").await;
    mira.publish_offer(asset_id).await;
    let site_id = mint::<imprimatur::domain::ids::AssetId>().to_string();
    let host = [("id", site_id.as_str()), ("host", "salt.example.com")];
    let origin = [("origin", "https://origin.example.com"), ("title", "The Salt Roads")];
    let credit = [("attribution", "Mira Holm")];
    let claimed = mira.post("/sites/new", &[&host[..], &origin, &credit].concat()).await;
    assert_eq!(claimed.status, 303, "{}", claimed.body);
    let mut acme = world.owner("acme", &["creator", "buyer"]).await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(TEXT.as_bytes());
    acme.fetch_until(&content_id, &token.secret, 200).await;
    acme.fetch(&content_id, "sk_test_0").await;
    // Somebody else's bytes: a claim.
    let again = mint::<imprimatur::domain::ids::AssetId>().to_string();
    let file = Some(("work.txt", TEXT.as_bytes()));
    let claim = acme.upload(&work(&again, "The Salt Roads"), file).await;
    assert!(!claim.status.is_client_error(), "{}", claim.body);
    world.gate.settled().await;
    let code = acme.invite(imprimatur::domain::actor::Role::Viewer).await;

    let mut found = Found::default();
    let terms = mira.open(&format!("/assets/{asset_id}")).await;
    let digest = between(&terms, "href=\"/terms/", "\"").to_owned();
    let feed = acme.open("/feed?side=buyer").await;
    let receipt = format!("/feed/{}", between(&feed, "href=\"/feed/", "\""));
    let catalogue = acme.open(&format!("/catalogue/{asset_id}")).await;
    let creator = format!("/creators/{}", between(&catalogue, "href=\"/creators/", "\""));

    let nobody = &mut choosing(&world.visitor());
    for path in [
        "/",
        "/catalogue",
        "/catalogue?q=nothing+at+all",
        &format!("/catalogue/{asset_id}"),
        &creator,
        &format!("/terms/{digest}"),
        "/docs",
        "/docs/quickstart",
        "/docs/receipts",
        "/docs/errors",
        "/find",
        "/find?q=salt",
        "/collections",
        &format!("/collections/{bare_id}"),
        "/sign-in",
        "/nothing",
        "/catalogue?kind=song",
    ] {
        found.open(nobody, path).await;
    }
    let person = &mut choosing(&world.person("theo").await);
    found.open(person, "/welcome").await;
    found.open(person, &format!("/join/{code}")).await;
    found.refuse(person, "/welcome", &[("id", "x")]).await;

    let mira = &mut choosing(&mira);
    for path in [
        "/overview",
        "/usage",
        "/usage?side=creator&grain=hour&days=1",
        "/usage?by=counterparty&from=2026-01-01&until=2026-03-02",
        "/feed",
        "/feed?side=creator&outcome=refused",
        "/settings",
        "/settings/members",
        "/settings/sessions",
        "/settings/payment",
        "/settings/payouts",
        "/settings/profile",
        "/assets",
        "/assets/collections",
        "/assets/collections/new",
        &format!("/assets/collections/{bare_id}"),
        &format!("/assets/collections/{bare_id}/edit"),
        "/assets/new",
        "/assets/several",
        "/assets/claims",
        &format!("/assets/{asset_id}"),
        &format!("/assets/{bare_id}"),
        &format!("/assets/{asset_id}/edit"),
        &format!("/assets/{asset_id}/versions/new"),
        &format!("/assets/{bare_id}/offer"),
        &format!("/assets/{bare_id}/offer?model=per_use"),
        &format!("/assets/{bare_id}/offer?model=prepaid"),
        &format!("/assets/{bare_id}/offer?model=upfront"),
        &format!("/assets/{bare_id}/offer?model=revenue_share"),
        "/terms",
        "/terms/new",
        "/offers",
        "/earnings",
        "/earnings/2026-02",
        "/payouts",
        &format!("/payouts/{bare_id}"),
        "/sites",
        "/sites/new",
        &format!("/sites/{site_id}"),
        &format!("/sites/{site_id}/try"),
    ] {
        found.open(mira, path).await;
    }
    let offer = format!("/assets/{bare_id}/offer");
    let id = mint::<imprimatur::domain::ids::OfferId>().to_string();
    for form in [
        vec![("id", "x")],
        vec![("id", id.as_str())],
        vec![("id", &id), ("terms", "training"), ("currency", "USD"), ("free_units", "many")],
    ] {
        found.refuse(mira, &offer, &form).await;
    }
    found.refuse(mira, "/terms/new", &[("id", &id), ("name", "")]).await;
    found.refuse(mira, "/sites/new", &[("id", &id), ("host", "nothing at all")]).await;
    found.refuse(mira, "/settings", &[("name", "")]).await;

    let acme = &mut choosing(&acme);
    for path in [
        "/overview",
        "/usage",
        "/usage?side=buyer&by=license",
        "/feed?side=buyer",
        &receipt,
        "/assets/claims",
        "/licenses",
        "/invoices",
        &format!("/invoices/{bare_id}"),
        &format!("/licenses/{license_id}"),
        &format!("/licenses/{license_id}/tokens/new"),
        &format!("/licenses/{license_id}/rotate?token={}", token.token_id),
        &format!("/catalogue/{asset_id}"),
        &format!("/catalogue/{asset_id}/license"),
    ] {
        found.open(acme, path).await;
    }
    let license = format!("/licenses/{license_id}");
    found.refuse(acme, &license, &[("form", "cap"), ("spend_cap", "much")]).await;
    found.refuse(acme, &format!("{license}/tokens/new"), &[("id", &id), ("name", "")]).await;

    let left: Vec<String> = found.english.into_iter().collect();
    assert!(left.is_empty(), "{} texts are English:\n{}", left.len(), left.join("\n"));
    for route in pages() {
        let seen = found.paths.iter().any(|path| is_at(path, &route));
        assert!(seen, "{route} was not looked at");
    }
    world.gate.close().await;
}

/// The addresses of all pages; the one that shows the components is for those who make them.
fn pages() -> Vec<String> {
    let routes = ROUTER.split(".route(").skip(1).filter(|route| {
        let is_page = route.contains("page!(") || route.contains("page_of!(");
        is_page && !route.contains("pages::public::design")
    });
    routes.map(|route| between(route, "\"", "\"").to_owned()).collect()
}

fn is_at(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (path, route) = (path.split('/'), route.split('/'));
    path.clone().count() == route.clone().count()
        && path.zip(route).all(|(here, there)| there.starts_with('{') || here == there)
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_page_says_which_language_it_was_asked_for(pool: PgPool) {
    let (world, _folder) = speaking(pool).await;
    let mut visitor = world.visitor();
    let english = visitor.browser.get("/sign-in").await;
    assert!(english.body.contains("<html lang=\"en\">"), "{}", english.body);
    assert!(!english.body.contains('⟦'));
    assert!(!english.headers.contains_key(header::CONTENT_LANGUAGE));
    assert!(english.headers.get_all(header::VARY).iter().any(|it| it == "accept-language, cookie"));

    let other = choosing(&visitor).get("/sign-in").await;
    assert_eq!(other.headers[header::CONTENT_LANGUAGE], TAG);
    assert!(other.body.contains("⟦Sign in⟧"), "{}", other.body);
    world.gate.close().await;
}
