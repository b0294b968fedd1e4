//! `imprimatur import`, run as an operator runs it.

use std::{path::Path, process::Output};

use sqlx::ConnectOptions as _;
use tokio::process::Command;

use super::*;
use crate::world::Folder;

async fn import(
    world: &World,
    pool: &PgPool,
    data: &Path,
    dir: &Path,
    org: &str,
) -> (Output, String) {
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let output = Command::new(env!("CARGO_BIN_EXE_imprimatur"))
        .arg("import")
        .arg(dir)
        .args(["--org", org])
        .env_clear()
        .env("IMPRIMATUR_DATABASE_URL", pool.connect_options().to_url_lossy().to_string())
        .env("IMPRIMATUR_DATA_DIR", data)
        .env("IMPRIMATUR_SITE_DIR", data)
        .env("IMPRIMATUR_UPLOAD_BYTES_MAX", "65536")
        .env("IMPRIMATUR_KEYS_SECRET", key)
        .env("IMPRIMATUR_CURSOR_SECRET", key)
        .env("IMPRIMATUR_OIDC_ISSUER", &world.issuer)
        .env("IMPRIMATUR_OIDC_CLIENT_ID", "nobody")
        .env("IMPRIMATUR_OIDC_CLIENT_SECRET", "nothing")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output, said)
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_folder_is_imported_row_by_row_and_only_once(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    world.creator("mira").await;
    let (data, dir) = (Folder::new(), Folder::new());
    let put = |name: &str, bytes: &[u8]| std::fs::write(dir.0.join(name), bytes).unwrap();
    put("a.md", b"# Salt");
    put("large.bin", &vec![b'x'; 65537]);
    put("works.csv", b"file,title,text,tags\na.md,The Salt Roads,,salt\nlarge.bin,Large,,\n,A note,Words.,\n,Nothing,,\n");

    let (output, said) = import(&world, &pool, &data.0, &dir.0, "mira").await;
    assert!(!output.status.success(), "{said}");
    for line in [
        "line 2: The Salt Roads",
        "line 3: Large: Choose a file of at most 64 KiB.",
        "line 4: A note",
        "line 5: Nothing: Name a file, or write the text itself.",
        "2 registered, 0 registered before, 0 claimed, 2 refused.",
        "2 works were not imported",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (_, said) = import(&world, &pool, &data.0, &dir.0, "mira").await;
    assert!(said.contains("0 registered, 2 registered before, 0 claimed, 2 refused."), "{said}");
    assert_eq!((world.count("asset").await, world.count("asset_version").await), (2, 2));

    // Without a table every file is a work.
    std::fs::remove_file(dir.0.join("works.csv")).unwrap();
    std::fs::remove_file(dir.0.join("large.bin")).unwrap();
    put("tide-tables.csv", b"a,b\n1,2\n");
    let (output, said) = import(&world, &pool, &data.0, &dir.0, "mira").await;
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("tide tables") && said.contains("1 registered, 1 registered before"),
        "{said}"
    );

    let (output, said) = import(&world, &pool, &data.0, &dir.0, "nobody").await;
    assert!(!output.status.success() && said.contains("There is no such organization."), "{said}");
    world.gate.close().await;
}
