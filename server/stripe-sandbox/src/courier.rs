//! The two things that happen without anybody asking: the clock moves on, and events are delivered.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{Shared, delivery::Letter, input::What, real_now};

/// How many events are sent in one go.
const LETTERS_AT_ONCE: usize = 20;

/// How long an endpoint may take to answer.
const ANSWER_SECONDS: u64 = 10;

/// How often is looked for what is due.
const PERIOD: Duration = Duration::from_millis(100);

/// Works until the sandbox is dropped.
pub async fn work(shared: Arc<Shared>) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(ANSWER_SECONDS))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap_or_default();
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let (is_due, letters) = {
            let state = shared.state.lock().await;
            let now = shared.now(&state);
            (state.is_due(now), state.due_letters(now, real_now(), LETTERS_AT_ONCE))
        };
        if is_due && shared.apply(What::Tick).await.is_err() {
            tracing::warn!("The sandbox's clock could not be moved");
        }
        for letter in letters {
            let is_taken = deliver(&client, &shared, &letter).await;
            let ticket = letter.ticket;
            if shared.apply(What::Delivered { ticket, is_taken }).await.is_err() {
                tracing::warn!("A delivery of the sandbox could not be noted");
            }
        }
    }
}

async fn deliver(client: &reqwest::Client, shared: &Shared, letter: &Letter) -> bool {
    let answer = client
        .post(&letter.url)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Stripe-Signature", &letter.signature)
        .header("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .body(letter.body.clone())
        .send()
        .await;
    let is_taken = answer.is_ok_and(|answer| answer.status().is_success());
    let event: Value = serde_json::from_str(&letter.body).unwrap_or_default();
    shared
        .record
        .line(&json!({"kind": "event", "url": letter.url, "taken": is_taken, "body": event}));
    is_taken
}
