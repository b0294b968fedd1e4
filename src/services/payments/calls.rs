//! Calls to the provider are noted before they are sent, with their answers as they came. So a crash
//! between sending and reading loses nothing: the next attempt finds what was asked and under which
//! key, and a call that has ended is answered from here instead of being sent again.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::services::{Error, Result, Services};

/// The provider remembers a key for a day; after this long a call is not sent again.
const KEY_LIVES: TimeDelta = TimeDelta::hours(23);

/// A call that is about to be sent.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub key: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    /// On whose behalf; none for our own account.
    pub account: Option<&'a str>,
    /// SHA-256 of everything that is asked.
    pub request_digest: [u8; 32],
}

/// What to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// Send it.
    Send,
    /// It was answered before, like this.
    Answered { status: u16, answer: String },
    /// It was sent so long ago that the provider may have forgotten its key, and its end was never
    /// known. What it was to make has to be looked for.
    TooOld,
    /// The key belongs to another request.
    KeyTaken,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It happened.
    Done,
    /// It did not happen, and will not.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// Where calls are noted.
#[async_trait]
pub trait CallLog: Send + Sync {
    /// Notes a call that is about to be sent.
    async fn before(&self, call: &Call<'_>) -> Result<Before>;

    /// Notes how it ended.
    async fn after(&self, key: &str, end: End, status: Option<u16>, answer: &str) -> Result<()>;
}

#[async_trait]
impl CallLog for Services {
    async fn before(&self, call: &Call<'_>) -> Result<Before> {
        let now = self.now();
        let noted = sqlx::query!(
            "insert into stripe_call (idempotency_key, method, path, account, request_digest, sent_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (idempotency_key) do nothing",
            call.key,
            call.method,
            call.path,
            call.account,
            &call.request_digest,
            now,
        )
        .execute(&self.pool)
        .await?;
        if noted.rows_affected() == 1 {
            return Ok(Before::Send);
        }
        let old = sqlx::query!(
            "select method, path, account, request_digest, state, status, answer, sent_at
             from stripe_call where idempotency_key = $1",
            call.key,
        )
        .fetch_one(&self.pool)
        .await?;
        let is_same = (old.method.as_str(), old.path.as_str(), old.account.as_deref())
            == (call.method, call.path, call.account)
            && old.request_digest == call.request_digest;
        if !is_same {
            return Ok(Before::KeyTaken);
        }
        if let ("done" | "refused", Some(status), Some(answer)) =
            (old.state.as_str(), old.status, old.answer)
        {
            let status = u16::try_from(status)
                .map_err(|error| Error::fault("reading a call to the provider", error))?;
            return Ok(Before::Answered { status, answer });
        }
        if old.sent_at + KEY_LIVES <= now {
            return Ok(Before::TooOld);
        }
        sqlx::query!(
            "update stripe_call set attempts = attempts + 1
             where idempotency_key = $1 and state in ('sent', 'unknown')",
            call.key,
        )
        .execute(&self.pool)
        .await?;
        Ok(Before::Send)
    }

    async fn after(&self, key: &str, end: End, status: Option<u16>, answer: &str) -> Result<()> {
        let state = match end {
            End::Done => "done",
            End::Refused => "refused",
            End::Unknown => "unknown",
        };
        sqlx::query!(
            "update stripe_call set state = $2, status = $3, answer = $4, answered_at = $5
             where idempotency_key = $1 and state in ('sent', 'unknown')",
            key,
            state,
            status.map(i32::from),
            answer,
            self.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::services::testing;

    const CALL: Call<'_> = Call {
        key: "transfer:1:0",
        method: "POST",
        path: "/v1/transfers",
        account: None,
        request_digest: [7; 32],
    };

    #[sqlx::test]
    async fn a_call_is_noted_before_and_answered_from_here_after(pool: PgPool) {
        let (services, _) = testing::services(pool);
        assert_eq!(services.before(&CALL).await.unwrap(), Before::Send);
        // The process died; nobody knows what came of it.
        assert_eq!(services.before(&CALL).await.unwrap(), Before::Send);
        services.after(CALL.key, End::Unknown, Some(500), "{}").await.unwrap();
        assert_eq!(services.before(&CALL).await.unwrap(), Before::Send);
        services.after(CALL.key, End::Done, Some(200), r#"{"id":"tr_1"}"#).await.unwrap();
        let answered = Before::Answered { status: 200, answer: r#"{"id":"tr_1"}"#.to_owned() };
        assert_eq!(services.before(&CALL).await.unwrap(), answered);
        // What has ended stays as it ended.
        services.after(CALL.key, End::Unknown, Some(500), "late").await.unwrap();
        assert_eq!(services.before(&CALL).await.unwrap(), answered);
    }

    #[sqlx::test]
    async fn a_key_belongs_to_one_request(pool: PgPool) {
        let (services, _) = testing::services(pool);
        services.before(&CALL).await.unwrap();
        let other = Call { request_digest: [8; 32], ..CALL };
        assert_eq!(services.before(&other).await.unwrap(), Before::KeyTaken);
        let other = Call { account: Some("acct_1"), ..CALL };
        assert_eq!(services.before(&other).await.unwrap(), Before::KeyTaken);
    }

    #[sqlx::test]
    async fn a_call_that_is_too_old_is_not_sent_again(pool: PgPool) {
        let (services, _) = testing::services(pool);
        services.before(&CALL).await.unwrap();
        sqlx::query("update stripe_call set sent_at = sent_at - interval '2 days'")
            .execute(&services.pool)
            .await
            .unwrap();
        assert_eq!(services.before(&CALL).await.unwrap(), Before::TooOld);
    }
}
