//! A real crawler walks a site through the gate.

use std::process::Stdio;

use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;
use tokio::process::Command;

use super::world::{HOST, SiteWorld};
use crate::world::Folder;

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn wget_mirrors_a_site_and_every_page_has_its_receipt(pool: PgPool) {
    let world = SiteWorld::new(pool).await;
    let folder = Folder::new();
    let status = Command::new("wget")
        .env("http_proxy", format!("http://{}", world.address))
        .args(["--recursive", "--level=3", "--tries=1", "--timeout=20", "--no-verbose"])
        .arg(format!("--header=Authorization: Bearer {}", world.secret.reveal()))
        .arg(format!("http://{HOST}/"))
        .current_dir(&folder.0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .unwrap();
    // 8: a server answered with an error; one page of the site has moved to where nobody is.
    assert!(matches!(status.code(), Some(0 | 4 | 5 | 8)), "{status}");
    let mirror = folder.0.join(HOST);
    let mut mirrored = Vec::new();
    for page in ["index.html", "articles/tide", "articles/salt"] {
        let page = std::fs::read(mirror.join(page)).unwrap();
        mirrored.push(ContentId::of(&page).to_string());
    }
    world.gate.gate.settled().await;
    let mut booked: Vec<String> = sqlx::query_scalar("select content_id from receipt")
        .fetch_all(&world.gate.services.pool)
        .await
        .unwrap();
    booked.sort();
    mirrored.sort();
    assert_eq!(booked, mirrored);
    assert!(mirror.join("robots.txt").exists());
}
