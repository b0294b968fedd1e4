//! Ids of other organizations, and ids of nothing: the two read the same.

use imprimatur::{
    domain::{
        actor::Role,
        ids::{
            AssetId, CollectionId, InvitationId, InvoiceId, LicenseId, PayoutId, PersonId, TokenId,
        },
    },
    services::mint,
};
use sqlx::PgPool;

use crate::{
    permissions::money,
    visitor::{Tier, Visitor, offer, pairs, shown},
    world::World,
};

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn ids_of_others_and_of_nobody_read_the_same(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.owner("mira", &["creator", "buyer"]).await;
    let mut seller = world.creator("seller").await;
    let asset_id = mira.register("Hidden title", "Salt.").await;
    let sold_id = seller.register("Sold", "Sold.").await;
    seller.publish_offer(sold_id).await;
    let license_id = mira.accept(sold_id, Tier::Paid).await;
    let token = mira.create_token(license_id).await;
    let code = mira.invite(Role::Viewer).await;
    let open: InvitationId = sqlx::query_scalar("select invitation_id from invitation")
        .fetch_one(&world.services.pool)
        .await
        .unwrap();
    let mut stranger = world.owner("stranger", &["creator", "buyer"]).await;
    let (mira_id, token_id) = (mira.person_id.unwrap(), token.token_id);
    for id in [asset_id.to_string(), mint::<AssetId>().to_string(), "x".into(), "%00".into()] {
        for path in [
            format!("/assets/{id}"),
            format!("/assets/{id}/edit"),
            format!("/assets/{id}/offer"),
            format!("/sites/{id}"),
            format!("/sites/{id}/try"),
            format!("/assets/{id}/provenance.json"),
            format!("/assets/{id}/versions/1"),
            format!("/assets/{id}/versions/new"),
            format!("/catalogue/{id}"),
            format!("/catalogue/{id}/provenance.json"),
            format!("/catalogue/{id}/sample"),
            format!("/catalogue/{id}/license"),
        ] {
            hidden(&world, &mut stranger, &path, None).await;
        }
        let offer = offer("01ARZ3NDEKTSV4RRFFQ69G5FAV");
        hidden(&world, &mut stranger, &format!("/assets/{id}/offer"), Some(&offer)).await;
        let edit = [("revision", "1"), ("title", "Mine"), ("kind", "text"), ("attribution", "M")];
        hidden(&world, &mut stranger, &format!("/assets/{id}/edit"), Some(&edit)).await;
        let claim = [("form", "withdraw"), ("claim_id", id.as_str())];
        hidden(&world, &mut stranger, "/assets/claims", Some(&claim)).await;
    }
    for id in [license_id.to_string(), mint::<LicenseId>().to_string(), "%FF%FE".into()] {
        for path in [format!("/licenses/{id}"), format!("/licenses/{id}/tokens/new")] {
            hidden(&world, &mut stranger, &path, None).await;
        }
        for form in ["cancel", "resume", "cap"] {
            let form = [("form", form), ("spend_cap", "")];
            hidden(&world, &mut stranger, &format!("/licenses/{id}"), Some(&form)).await;
        }
        let fresh = mint::<TokenId>().to_string();
        let form = [("id", fresh.as_str()), ("name", "crawl"), ("scopes", "training")];
        hidden(&world, &mut stranger, &format!("/licenses/{id}/tokens/new"), Some(&form)).await;
        for token_id in [token_id.to_string(), mint::<TokenId>().to_string(), String::new()] {
            let form = [("form", "revoke"), ("token_id", token_id.as_str())];
            hidden(&world, &mut stranger, &format!("/licenses/{id}"), Some(&form)).await;
        }
    }
    let (invoice_id, payout_id) =
        money::ours(&world.services.pool, mira.org_id.unwrap(), license_id).await;
    for id in [invoice_id.to_string(), mint::<InvoiceId>().to_string(), "x".into()] {
        hidden(&world, &mut stranger, &format!("/invoices/{id}"), None).await;
    }
    for id in [payout_id.to_string(), mint::<PayoutId>().to_string(), "%00".into()] {
        hidden(&world, &mut stranger, &format!("/payouts/{id}"), None).await;
    }
    for month in ["2026-13", "x", "%FF"] {
        hidden(&world, &mut stranger, &format!("/earnings/{month}"), None).await;
        hidden(&world, &mut stranger, &format!("/earnings.csv?month={month}"), None).await;
    }
    for id in [mira_id.to_string(), mint::<PersonId>().to_string(), "x".into()] {
        for form in ["role", "remove"] {
            let form = [("form", form), ("person_id", id.as_str()), ("role", "viewer")];
            hidden(&world, &mut stranger, "/settings/members", Some(&form)).await;
        }
    }
    for id in [open.to_string(), mint::<InvitationId>().to_string(), String::new()] {
        let form = [("form", "withdraw"), ("invitation_id", id.as_str())];
        hidden(&world, &mut stranger, "/settings/members", Some(&form)).await;
    }
    for id in [world.session_of(mira_id).await, mint::<PersonId>().to_string(), "\0".into()] {
        let form = [("form", "revoke"), ("session_id", id.as_str())];
        hidden(&world, &mut stranger, "/settings/sessions", Some(&form)).await;
    }
    for code in [&code[1..], "x", "%F0%28"] {
        hidden(&world, &mut stranger, &format!("/join/{code}"), None).await;
        hidden(&world, &mut stranger, &format!("/join/{code}"), Some(&[])).await;
    }
    // Ids of ours in the forms that create something.
    let ours = license_id.to_string();
    let mut form = stranger.acceptance(sold_id, Tier::Paid).await;
    form[0].1 = ours;
    let path = format!("/catalogue/{sold_id}/license");
    hidden(&world, &mut stranger, &path, Some(&pairs(&form))).await;
    let org_id = mira.org_id.unwrap().to_string();
    let form = [("id", org_id.as_str()), ("name", "Mine"), ("sides", "buyer")];
    hidden(&world, &mut stranger, "/welcome", Some(&form)).await;
    hidden(&world, &mut stranger, "/auth/act-for", Some(&[("org_id", &org_id)])).await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn collections_of_others_and_of_nobody_read_the_same(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("Hidden title", "Salt.").await;
    let mut stranger = world.owner("stranger", &["creator", "buyer"]).await;
    let kept = mint::<CollectionId>().to_string();
    let form = [("id", kept.as_str()), ("title", "Hidden title"), ("visibility", "private")];
    assert_eq!(mira.post("/assets/collections/new", &form).await.status, 303);
    for id in [kept.clone(), mint::<CollectionId>().to_string(), "x".into(), "%00".into()] {
        let own = format!("/assets/collections/{id}");
        for path in [own.clone(), format!("{own}/edit"), format!("/collections/{id}")] {
            hidden(&world, &mut stranger, &path, None).await;
        }
        let edit = [("revision", "1"), ("title", "Mine")];
        hidden(&world, &mut stranger, &format!("{own}/edit"), Some(&edit)).await;
        let ours = asset_id.to_string();
        for form in [
            vec![("form", "works"), ("do", "take-out"), ("work", ours.as_str())],
            vec![("form", "works"), ("do", "arrange"), ("arrangement", "1")],
            vec![("form", "remove")],
        ] {
            hidden(&world, &mut stranger, &own, Some(&form)).await;
        }
    }
    // Works of ours in a collection of theirs.
    let (fresh, ours) = (mint::<CollectionId>().to_string(), asset_id.to_string());
    let form = [("id", fresh.as_str()), ("title", "Mine"), ("works", ours.as_str())];
    hidden(&world, &mut stranger, "/assets/collections/new", Some(&form)).await;
    for into in [kept, fresh] {
        let form = [("form", "collect"), ("work", ours.as_str()), ("into", into.as_str())];
        hidden(&world, &mut stranger, "/assets", Some(&form)).await;
    }
}

/// There is no such thing, and the page says nothing more.
async fn hidden(world: &World, visitor: &mut Visitor, path: &str, form: Option<&[(&str, &str)]>) {
    let before = world.rows().await;
    let answer = match form {
        None => visitor.browser.get(path).await,
        Some(form) => visitor.post(path, form).await,
    };
    let page = shown(&answer.body);
    assert_eq!(answer.status, 404, "{path} {form:?}: {page}");
    assert!(page.contains("There is no such "), "{path} {form:?}: {page}");
    for secret in ["Hidden title", "mira", "Salt."] {
        assert!(!page.contains(secret), "{path} {form:?} reveals {secret}");
    }
    assert_eq!(before, world.rows().await, "{path} {form:?} changed something");
}
