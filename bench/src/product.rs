//! The product under test: the binary as it is shipped, with the gate's role alone.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Result,
    books::Book,
    machine::{Bench, Core, Process, until_answering},
};

/// What the product is configured with. Sign-in is asked for and never used.
pub fn settings(database_url: &str, port: u16, data: &Path) -> Vec<(String, String)> {
    let settings = [
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("BASE_URL", format!("http://127.0.0.1:{port}")),
        ("DATABASE_URL", database_url.to_owned()),
        ("DATA_DIR", data.display().to_string()),
        ("SITE_DIR", data.display().to_string()),
        ("KEYS_SECRET", STANDARD.encode([8; 32])),
        ("CURSOR_SECRET", STANDARD.encode([7; 32])),
        ("OIDC_ISSUER", "http://127.0.0.1:1".to_owned()),
        ("OIDC_CLIENT_ID", "bench".to_owned()),
        ("OIDC_CLIENT_SECRET", "bench".to_owned()),
        ("SANDBOX", "true".to_owned()),
    ];
    settings.into_iter().map(|(key, value)| (format!("IMPRIMATUR_{key}"), value)).collect()
}

/// Starts a gate on a database.
pub async fn start(bench: &Bench, book: &Book, port: u16) -> Result<Process> {
    let mut command = Command::new(binary()?);
    command.args(["serve", "--roles", "gate"]);
    command.envs(settings(&book.url, port, &bench.dir.join(format!("data-{}", book.name))));
    let log = bench.dir.join(format!("gate-{}.log", book.name));
    let process = Process::start(command, Core::First, &log)?;
    until_answering(port).await.map_err(|error| format!("{error} See {}.", log.display()))?;
    Ok(process)
}

/// `imprimatur`, beside this program.
fn binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("imprimatur");
    if binary.exists() {
        return Ok(binary);
    }
    Err(format!("{} is missing; run make bench.", binary.display()).into())
}
