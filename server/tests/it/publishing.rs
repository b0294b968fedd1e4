//! What creators write, wherever it is shown: it is text, never markup.

use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;

use crate::{
    visitor::{Tier, unescaped},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_people_write_is_text_wherever_it_is_shown(pool: PgPool) {
    let world = World::new(pool).await;
    let title = "</title><script>alert('title')</script>";
    let name = "\"><img src=x onerror=alert('name')>";
    let mut mira = world.creator(name).await;
    let asset_id = mira.register(title, "Salt.").await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("</title><svg onload=alert('buyer')>").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    acme.fetch_until(&ContentId::of(b"Salt."), &token.secret, 200).await;
    let receipt_id: imprimatur::domain::ids::ReceiptId =
        sqlx::query_scalar("select receipt_id from receipt")
            .fetch_one(&world.services.pool)
            .await
            .unwrap();
    let receipt = format!("/feed/{receipt_id}");
    let (work, license) = (format!("/catalogue/{asset_id}"), format!("/licenses/{license_id}"));
    for path in
        ["/catalogue", &work, "/licenses", &license, "/feed", "/usage", "/overview", &receipt]
    {
        assert_plain(&acme.browser.get(path).await.body, path);
        assert!(unescaped(&acme.open(path).await).contains(title), "{path}");
    }
    let (asset, offer) = (format!("/assets/{asset_id}"), format!("/assets/{asset_id}/offer"));
    let (edit, new) = (format!("{asset}/edit"), format!("{asset}/versions/new"));
    for path in ["/assets", &asset, &edit, &new, "/assets/several", "/assets/claims"] {
        assert_plain(&mira.browser.get(path).await.body, path);
    }
    for path in ["/assets", &asset, &offer, "/feed", "/usage", "/overview", &receipt, "/settings"] {
        assert_plain(&mira.browser.get(path).await.body, path);
    }
    assert_plain(&acme.browser.get("/settings/members").await.body, "/settings/members");
    let gate = acme.fetch(&ContentId::of(b"Salt."), &token.secret).await;
    assert_eq!(gate.headers["content-security-policy"], "sandbox; default-src 'none'");
    world.gate.close().await;
}

/// Nothing of what was written became a tag or an attribute, in head or body.
fn assert_plain(page: &str, path: &str) {
    let tags = tags(page);
    assert!(tags.len() > 20, "{path}");
    for tag in tags {
        let mut words = tag.split_whitespace();
        let name = words.next().unwrap_or_default();
        assert_ne!(name, "img", "{path}: {tag}");
        assert!(name != "script" || tag.contains(" nonce="), "{path}: {tag}");
        assert!(words.all(|attribute| !attribute.starts_with("on")), "{path}: {tag}");
    }
}

/// The opening tags of a page, with their attributes but without the values.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let mut tag = String::new();
        let mut quoted = false;
        let mut length = 0;
        for c in after.chars() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                _ if !quoted => tag.push(c),
                _ => {}
            }
            length += c.len_utf8();
        }
        rest = &after[length..];
        if tag.starts_with("script") {
            // What stands in a script is no markup.
            rest = rest.split_once("</script").map_or("", |(_, rest)| rest);
        }
        if tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            tags.push(tag);
        }
    }
    tags
}
