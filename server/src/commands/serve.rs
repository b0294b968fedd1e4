//! `imprimatur serve` and `imprimatur migrate`: production.

use imprimatur::MIGRATOR;

use super::{Error, until_told_to_stop};
use crate::{
    config::{Config, Source},
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
