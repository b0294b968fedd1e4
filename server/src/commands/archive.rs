//! `imprimatur archive`: old usage events into files of Parquet, and out of them again.

use std::io::{self, Write as _};

use futures::TryStreamExt as _;
use imprimatur::{
    domain::month::Month,
    services::{
        Services,
        archive::{self, Archive, Progress},
    },
};

use super::{Error, say};
use crate::{
    config::{Config, Source},
    runtime,
};

/// Files between one look at whether there is more and the next.
const PARTS_PER_TURN: usize = 8;

/// Archives all that is old enough, and no month after `last`.
pub async fn advance(source: &Source, last: Option<Month>) -> Result<(), Error> {
    let (services, archive) = open(source).await?;
    loop {
        match archive::advance(&services, &archive, last, PARTS_PER_TURN)
            .await
            .map_err(Error::Archive)?
        {
            Progress::More => {}
            Progress::Done => {
                say("All usage events that are old enough are in the archive.");
                return Ok(());
            }
            Progress::Busy => {
                say("Another process is archiving; it does what is to be done.");
                return Ok(());
            }
        }
    }
}

/// Writes an archived month to standard output, a JSON object on a line for each event.
pub async fn read(source: &Source, month: Month) -> Result<(), Error> {
    let (services, archive) = open(source).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut events =
        std::pin::pin!(archive::read(&services, &archive, month).await.map_err(Error::Archive)?);
    while let Some(event) = events.try_next().await.map_err(Error::Archive)? {
        let written = serde_json::to_writer(&mut out, &event).map_err(io::Error::from);
        if let Err(error) = written.and_then(|()| out.write_all(b"\n")) {
            return finished(error);
        }
    }
    out.flush().or_else(finished_io).map_err(Error::io("Writing events"))
}

/// Whoever reads may stop early, as `head` does.
fn finished(error: io::Error) -> Result<(), Error> {
    finished_io(error).map_err(Error::io("Writing events"))
}

fn finished_io(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }
}

async fn open(source: &Source) -> Result<(Services, Archive), Error> {
    let config = Config::read(source)?;
    let pool = runtime::connect(&config.database).await?;
    Ok((runtime::services(&config, pool)?, runtime::archive(&config.archive)?))
}
