//! The documentation is true: its samples run as they are pasted, and its codes are those of the gate.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Stdio,
};

use app::pages::docs::errors;
use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;
use tokio::process::Command;

use crate::{
    browser::HOST,
    visitor::{Tier, between, shown, unescaped},
    world::{Folder, World},
};

const TEXT: &str = "Salt was the first road.";

/// Fails unless the gate's refusal stands in the documentation with this status.
pub fn assert_documented(status: u16, code: &str) {
    assert!(
        errors::codes().any(|known| known == (status, code)),
        "{code} with {status} is not in app/src/pages/docs/errors.rs"
    );
}

/// A sample as a page shows it under this label.
fn sample(page: &str, label: &str) -> String {
    let page = shown(page);
    let marked = format!("aria-label=\"{label}\"");
    let (_, rest) =
        page.split_once(&marked).unwrap_or_else(|| panic!("no sample “{label}” in {page}"));
    unescaped(between(rest, "<code>", "</code>"))
}

struct Shell {
    folder: Folder,
    environment: Vec<(&'static str, String)>,
}

impl Shell {
    /// Runs a sample as somebody would who pasted it; answers with what it wrote.
    async fn run(&self, program: &str, arguments: &[&str], sample: &str) -> String {
        let output = Command::new(program)
            .args(arguments)
            .arg(sample)
            .current_dir(&self.folder.0)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} said {said}{failed} to:\n{sample}");
        said
    }

    async fn sh(&self, sample: &str) -> String {
        self.run("bash", &["-euo", "pipefail", "-c"], sample).await
    }

    async fn python(&self, sample: &str) -> String {
        self.run("python3", &["-c"], sample).await
    }

    async fn node(&self, sample: &str) -> String {
        self.run("node", &["--input-type=module", "--eval"], sample).await
    }
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn every_sample_works_as_it_is_pasted(pool: PgPool) {
    let world = World::new(pool).await;
    let mut mira = world.creator("mira").await;
    let asset_id = mira.register("The Salt Roads", TEXT).await;
    mira.publish_offer(asset_id).await;
    let mut acme = world.buyer("acme").await;
    let license_id = acme.accept(asset_id, Tier::Paid).await;
    let token = acme.create_token(license_id).await;
    let content_id = ContentId::of(TEXT.as_bytes());
    acme.fetch_until(&content_id, &token.secret, 200).await;

    let address = world.serve().await;
    let mut visitor = world.visitor();
    let mut pages = Vec::new();
    for path in ["/docs", "/docs/quickstart", "/docs/receipts", "/docs/errors"] {
        let page = visitor.open(path).await;
        pages.push(page.replace(&format!("http://{HOST}"), &format!("http://{address}")));
    }
    let [_, quickstart, receipts, mistakes] = &pages[..] else { unreachable!() };
    let mut shell = Shell {
        folder: Folder::new(),
        environment: vec![("TOKEN", token.secret.clone()), ("CONTENT", content_id.to_string())],
    };

    let said = shell.sh(&sample(quickstart, "Shell")).await;
    let (_, receipt) = said.trim().split_once(": ").unwrap();
    assert_eq!(std::fs::read_to_string(shell.folder.0.join("work.bin")).unwrap(), TEXT);
    let said = shell.python(&sample(quickstart, "Python")).await;
    assert!(said.starts_with("24 bytes, receipt ey"), "{said}");
    let said = shell.node(&sample(quickstart, "JavaScript, Node 20")).await;
    assert!(said.starts_with("24 bytes, receipt ey"), "{said}");
    let said = shell.sh(&sample(quickstart, "Price")).await;
    assert!(said.contains("license_required") && said.contains("base_per_month"), "{said}");

    shell.environment.push(("RECEIPT", receipt.trim().to_owned()));
    let said = shell.node(&sample(receipts, "Check, Node 20")).await;
    assert!(said.starts_with("valid") && said.contains(&content_id.to_string()), "{said}");
    for (name, _) in app::pages::docs::RECEIPT_FIELDS {
        assert!(shown(receipts).contains(&format!("<code>{name}</code>")), "{name}");
    }
    world.gate.settled().await;
    shell.python(&sample(receipts, "Keep, Python")).await;
    let kept = std::fs::read_to_string(shell.folder.0.join("receipts.txt")).unwrap();
    assert!(kept.lines().count() >= 4, "{kept}");
    assert!(kept.contains(receipt.trim()));
    let said = shell.python(&sample(mistakes, "Come back, Python")).await;
    assert_eq!(said, "24 bytes\n");

    // A receipt that was changed is found out.
    let (head, rest) = receipt.trim().split_once('.').unwrap();
    let forged = format!("{head}.{}{}", if rest.starts_with('e') { 'f' } else { 'e' }, &rest[1..]);
    shell.environment.push(("RECEIPT", forged));
    let refused = Command::new("node")
        .args(["--input-type=module", "--eval", &sample(receipts, "Check, Node 20")])
        .envs(shell.environment.iter().map(|(name, value)| (name, value)))
        .output()
        .await
        .unwrap();
    assert!(!refused.status.success());
    world.gate.close().await;
}

/// What stands where a code is made, up to the code itself.
const MAKERS: [&str; 7] = [
    "Self::new( StatusCode::",
    "Problem::new( StatusCode::",
    "Refusal::new( Kind::",
    "unavailable( \"",
    "refuse( \"",
    "let code = \"",
    "=> ( \"license_",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if matches!(name, "tests" | "fixtures" | "attempts") {
            continue;
        }
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// The codes that a piece of source makes, without its tests.
fn codes_made(source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let plain = lines.collect::<Vec<_>>().join(" ").replace('(', "( ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut codes = BTreeSet::new();
    for maker in MAKERS {
        for (at, _) in plain.match_indices(maker) {
            let Some((_, rest)) = plain[at..].split_once('"') else { continue };
            let code = rest.split('"').next().unwrap();
            if !code.is_empty()
                && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            {
                codes.insert(code.to_owned());
            }
        }
    }
    codes
}

#[test]
fn the_codes_are_those_the_gate_can_answer_and_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files: Vec<PathBuf> =
        ["src/domain/license.rs", "src/domain/cursor.rs"].map(|file| root.join(file)).into();
    for folder in ["src/domain/gate", "src/services/gate", "server/src/gate"] {
        sources(&root.join(folder), &mut files);
    }
    let mut made =
        codes_made(&std::fs::read_to_string(root.join("src/domain/metering/mod.rs")).unwrap());
    // Made by `Refusal::not_found`, for every noun alike.
    made.insert("not_found".to_owned());
    for file in files {
        made.extend(codes_made(&std::fs::read_to_string(&file).unwrap()));
    }
    // Ends the start of a second gate on the same folder; no request meets it.
    assert!(made.remove("outbox_in_use"));
    let told: BTreeSet<String> = errors::codes().map(|(_, code)| code.to_owned()).collect();
    let untold: Vec<_> = made.difference(&told).collect();
    let unmade: Vec<_> = told.difference(&made).collect();
    assert!(
        untold.is_empty() && unmade.is_empty(),
        "not in the docs: {untold:?}; not in the source: {unmade:?}"
    );
    let mut seen = BTreeSet::new();
    assert!(errors::codes().all(|each| seen.insert(each)), "one is listed twice");
}
