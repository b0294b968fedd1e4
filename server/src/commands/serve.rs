//! `imprimatur serve`, `migrate` and `rotate-receipt-key`: production.

use imprimatur::MIGRATOR;

use super::{Error, say, until_told_to_stop};
use crate::{
    config::{Config, Keys, Source},
    runtime::{self, Role, Runtime},
};

/// Serves these roles until told to stop.
pub async fn serve(source: &Source, roles: &[Role]) -> Result<(), Error> {
    let config = Config::read(source)?;
    let stop = until_told_to_stop()?;
    let runtime = Runtime::start(config, roles, stop).await?;
    tracing::info!("Serving {} on {}", runtime.base_url(), runtime.address());
    Ok(runtime.finish().await?)
}

/// Brings the schema up to date. Two at once do it once: sqlx holds an advisory lock.
pub async fn migrate(source: &Source) -> Result<(), Error> {
    let pool = runtime::connect(&source.database()?).await?;
    MIGRATOR.run(&pool).await.map_err(runtime::Error::Migrate)?;
    tracing::info!("The schema is up to date");
    Ok(())
}

/// Makes a new key that signs receipts and says its name.
pub async fn rotate_receipt_key(source: &Source, now: bool) -> Result<(), Error> {
    let pool = runtime::connect(&source.database()?).await?;
    let keys = runtime::key_settings(&Keys::read(source)?);
    let kid = runtime::rotate_receipt_key(pool, &keys, now).await?;
    say(&format!(
        "Receipts are signed with {kid} {}.",
        if now { "from now on" } else { "in ten minutes" }
    ));
    Ok(())
}
