//! Whether the database is there and fits this program.

use super::{Result, Services};

/// Whether every migration this program knows has been applied.
pub async fn schema_is_current(services: &Services) -> Result<bool> {
    let applied = sqlx::query_scalar!(
        r#"select coalesce(max(version), 0) as "version!" from _sqlx_migrations where success"#
    )
    .fetch_one(&services.pool)
    .await?;
    let known = crate::MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0);
    Ok(applied >= known)
}
