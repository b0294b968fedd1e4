//! The sandbox's memory over restarts: every input, in order, never changed.

use serde_json::Value;
use sqlx::{PgPool, Row};

use crate::input::Input;

/// Where inputs are kept; nowhere, if there is no database.
#[derive(Clone, Debug)]
pub struct Log {
    pool: Option<PgPool>,
}

impl Log {
    /// Nothing is kept.
    pub const fn none() -> Self {
        Self { pool: None }
    }

    /// Kept in the schema `stripe_sandbox` of this database.
    pub async fn open(pool: PgPool) -> Result<Self, sqlx::Error> {
        for statement in [
            "create schema if not exists stripe_sandbox",
            "create table if not exists stripe_sandbox.input (
                 input_id bigint generated always as identity primary key,
                 noted_at timestamptz not null default now(),
                 input    jsonb not null
             )",
            "create or replace rule input_is_never_changed as
                 on update to stripe_sandbox.input do instead nothing",
            "create or replace rule input_is_never_deleted as
                 on delete to stripe_sandbox.input do instead nothing",
        ] {
            sqlx::query(statement).execute(&pool).await?;
        }
        Ok(Self { pool: Some(pool) })
    }

    /// Everything that was noted, in order.
    pub async fn read(&self) -> Result<Vec<Input>, sqlx::Error> {
        let Some(pool) = &self.pool else { return Ok(Vec::new()) };
        let rows = sqlx::query("select input from stripe_sandbox.input order by input_id")
            .fetch_all(pool)
            .await?;
        rows.into_iter()
            .map(|row| {
                let input: Value = row.try_get("input")?;
                serde_json::from_value(input).map_err(|error| sqlx::Error::Decode(error.into()))
            })
            .collect()
    }

    /// Notes one more, before it is applied.
    pub async fn note(&self, input: &Input) -> Result<(), sqlx::Error> {
        let Some(pool) = &self.pool else { return Ok(()) };
        let input =
            serde_json::to_value(input).map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query("insert into stripe_sandbox.input (input) values ($1)")
            .bind(input)
            .execute(pool)
            .await?;
        Ok(())
    }
}
