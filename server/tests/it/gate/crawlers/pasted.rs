//! What the portal offers to paste is run as it stands, by a shell, by Python and by Node.

use app::pages::snippets::Fetch;
use imprimatur::{
    domain::access_token::{TokenLimits, TypedLimits},
    services::{licenses, mint, tokens},
};
use sqlx::PgPool;

use super::{
    super::{
        totals, until,
        world::{PLENTY, World},
    },
    Folder, assert_done, text,
};

/// Runs it in a folder of its own, with what a person has put into the environment.
async fn paste(
    program: &str,
    arguments: &[&str],
    folder: &Folder,
    secret: &str,
) -> std::process::Output {
    let command = tokio::process::Command::new(program)
        .args(arguments)
        .current_dir(&folder.0)
        .env("IMPRIMATUR_TOKEN", secret)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), command).await;
    output
        .expect("it took more than a minute")
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}); run scripts/setup."))
}

/// Every language, once with the secret in the text and once without.
async fn paste_all(world: &World, fetch: Fetch<'_>, secret: &str, bytes: &[u8]) {
    for secret_in_text in [Some(secret), None] {
        let fetch = Fetch { secret: secret_in_text, ..fetch };
        let (curl, python, javascript) = (fetch.curl(), fetch.python(), fetch.javascript());
        for (program, arguments) in [
            ("bash", ["-c", curl.as_str()].as_slice()),
            ("python3", &["-c", python.as_str()]),
            ("node", &["--input-type=module", "-e", javascript.as_str()]),
        ] {
            let folder = Folder::new();
            let before = world.stored().await.len();
            let output = paste(program, arguments, &folder, secret).await;
            assert_done(&output);
            let file = folder.file("salt-roads.txt");
            assert_eq!(std::fs::read(&file).unwrap(), bytes, "{program}");
            let said = match program {
                "bash" => std::fs::read_to_string(folder.file("headers.txt")).unwrap(),
                _ => String::from_utf8(output.stdout).unwrap(),
            };
            assert!(said.contains("eyJ"), "{program} shows no receipt: {said}");
            assert_eq!(world.stored().await.len(), before + 1, "{program}");
        }
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn pasted_requests_fetch_the_work_and_its_receipt(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(200_000), PLENTY).await;
    let license = licenses::get(&world.services, &world.buyer, sale.license_id).await.unwrap();
    let none = TokenLimits::default();
    let fetch =
        Fetch { base_url: &world.base_url, subject: &license.subject, secret: None, limits: &none };
    paste_all(&world, fetch, sale.secret.reveal(), &sale.bytes).await;

    // A token that is limited to a job with an awkward name, and needs nonces.
    let limits = TypedLimits {
        jobs: "it's \"run\" $7\\n".into(),
        requires_nonce: true,
        ..TypedLimits::default()
    };
    let new = tokens::NewToken {
        token_id: mint(),
        license_id: sale.license_id,
        name: "run 7".into(),
        scopes: license.tier.scopes.clone(),
        expires_in_days: None,
        limits: limits.clone(),
    };
    let secret = tokens::create(&world.services, &world.buyer, new).await.unwrap().unwrap();
    until("the gate knows the token", async || {
        let nothing = world.get("/receipts/none").bearer_auth(secret.reveal());
        nothing.send().await.unwrap().status() == 404
    })
    .await;
    let limits = limits.parse().unwrap();
    paste_all(&world, Fetch { limits: &limits, ..fetch }, secret.reveal(), &sale.bytes).await;
    // Once for the month, once for the job.
    assert_eq!(totals(&world).await.billable_units, 2);
    world.gate.close().await;
}
