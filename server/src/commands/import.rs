//! `imprimatur import`: the works of a folder, one by one, each with its line in the report.
//!
//! Always true: a work is registered whole or not at all, what is wrong with one stops no other, and
//! running it again registers nothing twice.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use imprimatur::{
    domain::{actor::Actor, asset::TypedParticulars},
    services::{
        self, Services,
        assets::{Batch, BatchOutcome, CameOf},
        identity, mint,
    },
};
use tokio_util::io::ReaderStream;

use super::{Error, say};
use crate::{
    config::{Config, Source},
    runtime,
};

/// The table in a folder that says what its files are.
const TABLE: &str = "works.csv";
/// How wide the progress bar is.
const BAR_WIDTH: usize = 30;

/// What to import, and for whom.
#[derive(Debug, Args)]
pub struct Import {
    /// The folder: its files, and works.csv if it has one. Folders inside it are passed over.
    dir: PathBuf,
    /// The short name of the organization that the works will belong to.
    #[arg(long)]
    org: String,
    /// The credit line of works whose row says none; the organization's name unless told.
    #[arg(long)]
    credit: Option<String>,
    /// Who finds works whose row does not say: private, unlisted or listed.
    #[arg(long, default_value = "listed")]
    visibility: String,
}

/// Imports a folder.
///
/// # Errors
///
/// `ImportedInPart` if a work was refused, so that the command fails.
pub async fn import(source: &Source, import: Import) -> Result<(), Error> {
    let config = Config::read(source)?;
    let pool = runtime::connect(&config.database).await?;
    let services = runtime::services(&config, pool)?;
    let actor = identity::first_owner(&services, &import.org).await.map_err(stopped)?;
    let organization = identity::organization(&services, &actor).await.map_err(stopped)?;
    let common = TypedParticulars {
        attribution: import.credit.unwrap_or(organization.name),
        visibility: import.visibility,
        ..TypedParticulars::default()
    };
    let mut files = files(&import.dir).map_err(Error::io("Reading the folder"))?;
    let mut batch = Batch::new(&actor, mint(), common).map_err(stopped)?;
    if let Some(at) = files.iter().position(|file| file.ends_with(TABLE)) {
        let table = std::fs::read_to_string(files.remove(at));
        let table = table.map_err(Error::io("Reading works.csv"))?;
        batch.read_table(&table, usize::MAX).map_err(stopped)?;
    }
    let total = batch.outcomes().len() + files.len().max(batch.waiting());
    let mut report = Report { said: 0, total, refused: 0, bar: io::stderr().is_terminal() };
    report.catch_up(&batch);
    let outcome = bring(&services, &actor, &mut batch, &files, &mut report).await;
    report.catch_up(&batch);
    outcome?;
    batch.close();
    report.catch_up(&batch);
    report.end(&batch)
}

async fn bring(
    services: &Services,
    actor: &Actor,
    batch: &mut Batch,
    files: &[PathBuf],
    report: &mut Report,
) -> Result<(), Error> {
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match tokio::fs::File::open(path).await {
            Ok(file) => {
                let bytes = ReaderStream::new(file);
                batch.file(services, actor, &name, bytes).await.map_err(stopped)?;
            }
            Err(error) => batch.unreadable(&name, &error),
        }
        report.catch_up(batch);
    }
    while batch.text(services, actor).await.map_err(stopped)? {
        report.catch_up(batch);
    }
    Ok(())
}

/// What ends the whole import.
fn stopped(error: services::Error) -> Error {
    Error::Import(match error.refusal() {
        Some(refusal) => refusal.sentence.clone(),
        None => format!("{error}."),
    })
}

/// The files of a folder by name, without hidden ones.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What has been said of a batch: a line for each work, and a bar below them.
struct Report {
    said: usize,
    total: usize,
    refused: usize,
    bar: bool,
}

impl Report {
    /// Says what has come since.
    fn catch_up(&mut self, batch: &Batch) {
        for outcome in &batch.outcomes()[self.said..] {
            self.clear();
            say(&line(outcome));
            self.refused += usize::from(matches!(outcome.came_of, CameOf::Refused(_)));
        }
        self.said = batch.outcomes().len();
        self.draw();
    }

    fn draw(&self) {
        if self.bar && self.said < self.total {
            let full = self.said * BAR_WIDTH / self.total.max(1);
            let (done, open) = ("#".repeat(full), " ".repeat(BAR_WIDTH - full.min(BAR_WIDTH)));
            let (said, total) = (self.said, self.total);
            let _ = write!(io::stderr(), "[{done}{open}] {said} of {total}");
        }
    }

    /// Takes the bar away, so that a line can stand in its place.
    fn clear(&self) {
        if self.bar {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    fn end(&self, batch: &Batch) -> Result<(), Error> {
        self.clear();
        let count = |of: fn(&CameOf) -> bool| {
            batch.outcomes().iter().filter(|outcome| of(&outcome.came_of)).count()
        };
        say(&format!(
            "{} registered, {} registered before, {} claimed, {} refused.",
            count(|came_of| matches!(came_of, CameOf::Registered(_))),
            count(|came_of| matches!(came_of, CameOf::Known(_))),
            count(|came_of| matches!(came_of, CameOf::Claimed(_))),
            self.refused,
        ));
        match self.refused {
            0 => Ok(()),
            refused => Err(Error::ImportedInPart(refused)),
        }
    }
}

/// The line of a work.
fn line(outcome: &BatchOutcome) -> String {
    let at = outcome.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let name = &outcome.name;
    match &outcome.came_of {
        CameOf::Registered(asset_id) => format!("registered  {asset_id}  {at}{name}"),
        CameOf::Known(_) => format!("known       {at}{name}: registered before"),
        CameOf::Claimed(claim_id) => {
            format!("claimed     {claim_id}  {at}{name}: another creator registered it first")
        }
        CameOf::Refused(refusal) => format!("refused     {at}{name}: {}", refusal.sentence),
    }
}
