//! Where events are sent to.

use serde_json::json;

use crate::{
    fail::{Answer, Failure},
    params::{Params, apply_metadata},
    shape::text,
    state::State,
};

/// A new endpoint; its secret is shown this once.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let url = address(&p.need("url")?)?;
    let events = p.texts("enabled_events")?;
    if events.is_empty() {
        return Err(Failure::needed("enabled_events"));
    }
    let is_connect = p.flag("connect")?.unwrap_or_default();
    let version = p.text("api_version")?;
    let description = p.text("description")?;
    let metadata = p.metadata()?;
    p.finish()?;
    let secret = format!("whsec_{}{}", state.token(), state.token());
    let mut made = state.make(
        owner,
        "we",
        "webhook_endpoint",
        json!({"url": url, "enabled_events": events, "api_version": version,
            "description": description, "metadata": metadata}),
        json!({"secret": secret, "connect": is_connect}),
    );
    made["secret"] = json!(secret);
    Ok(made)
}

/// Sends events elsewhere, or not at all.
pub fn update(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let old = state.get(owner, "webhook_endpoint", id)?;
    let url = p.text("url")?.map(|url| address(&url)).transpose()?;
    let events = p.texts("enabled_events")?;
    let is_disabled = p.flag("disabled")?;
    let description = p.text("description")?;
    let metadata = apply_metadata(&old["metadata"], p.metadata()?);
    p.finish()?;
    if let Some(url) = url {
        state.set(id, "url", json!(url));
    }
    if !events.is_empty() {
        state.set(id, "enabled_events", json!(events));
    }
    if let Some(is_disabled) = is_disabled {
        state.set(id, "status", json!(if is_disabled { "disabled" } else { "enabled" }));
    }
    if let Some(description) = description {
        state.set(id, "description", json!(description));
    }
    state.set(id, "metadata", metadata);
    state.get(owner, "webhook_endpoint", id)
}

/// Forgets an endpoint.
pub fn delete(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    let found = state.get(owner, "webhook_endpoint", id)?;
    p.finish()?;
    state.set(id, "status", json!("disabled"));
    state.set(id, "deleted", json!(true));
    Ok(json!({"id": text(&found, "id"), "object": "webhook_endpoint", "deleted": true}))
}

fn address(url: &str) -> Result<String, Failure> {
    match url::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url.to_owned()),
        _ => Err(Failure::invalid("url_invalid", format!("Invalid URL: {url}")).about("url")),
    }
}
