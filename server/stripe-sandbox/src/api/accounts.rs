//! Connected accounts: who is paid, what is still to be known of them, and the links that ask.

use serde_json::{Value, json};

use crate::{
    fail::{Answer, Failure},
    params::{Params, apply_metadata},
    shape::{int, shape, text},
    state::State,
};

/// Seconds for which an onboarding link is good.
const LINK_SECONDS: i64 = 300;

/// What is asked of a new account.
const FIRST_REQUIREMENTS: [&str; 7] = [
    "business_type",
    "external_account",
    "individual.dob.day",
    "individual.first_name",
    "individual.last_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
];

/// Countries accounts can be in, and their currencies.
fn currency_of(country: &str) -> Option<&'static str> {
    match country {
        "US" => Some("usd"),
        "GB" => Some("gbp"),
        "AT" | "BE" | "DE" | "ES" | "FI" | "FR" | "IE" | "IT" | "LU" | "NL" | "PT" => Some("eur"),
        _ => None,
    }
}

/// A new account, about which nothing is known yet.
pub fn create(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let kind = p.choice("type", &["express", "custom", "standard"])?;
    let country = p.text("country")?.unwrap_or_else(|| "US".to_owned());
    let email = p.text("email")?;
    let business_type = p.text("business_type")?;
    let metadata = p.metadata()?;
    let controller = controller(&mut p, kind)?;
    let mut capabilities = json!({});
    let mut wanted = p.group("capabilities")?;
    for name in ["transfers", "card_payments"] {
        let mut capability = wanted.group(name)?;
        if capability.flag("requested")?.unwrap_or_default() {
            capabilities[name] = json!("inactive");
        }
        capability.finish()?;
    }
    wanted.finish()?;
    let interval = interval(&mut p)?.unwrap_or("daily");
    p.ignore(&["business_profile", "default_currency", "individual"]);
    p.finish()?;
    if owner.is_some() {
        return Err(Failure::invalid("", "Only a platform can create accounts.").with_status(403));
    }
    let currency = currency_of(&country).ok_or_else(|| {
        Failure::invalid(
            "country_unsupported",
            format!("{country} is not currently supported by this sandbox."),
        )
        .about("country")
    })?;
    let made = state.make(
        owner,
        "acct",
        "account",
        json!({
            "country": country, "default_currency": currency, "email": email,
            "business_type": business_type, "metadata": metadata, "capabilities": capabilities,
            "controller": controller, "type": kind.unwrap_or("express"), "created": state.now,
            "external_accounts": {"object": "list", "data": [], "has_more": false, "url": ""},
            "future_requirements": requirements(&[], None), "tos_acceptance": {"date": null},
            "requirements": requirements(&FIRST_REQUIREMENTS, Some("requirements.past_due")),
            "settings": settings(interval),
        }),
        json!({}),
    );
    let id = text(&made, "id").to_owned();
    let made = state.change(
        &id,
        json!({"external_accounts": {"url": format!("/v1/accounts/{id}/external_accounts")}}),
    );
    Ok(made)
}

/// Who answers for what.
fn controller(p: &mut Params, kind: Option<&str>) -> Result<Value, Failure> {
    let mut controller = p.group("controller")?;
    let mut fees = controller.group("fees")?;
    let payer = fees.choice("payer", &["account", "application"])?.unwrap_or("account");
    fees.finish()?;
    let mut losses = controller.group("losses")?;
    let bearer = losses.choice("payments", &["application", "stripe"])?.unwrap_or("stripe");
    losses.finish()?;
    let collection = controller
        .choice("requirement_collection", &["application", "stripe"])?
        .unwrap_or("stripe");
    let mut dashboard = controller.group("stripe_dashboard")?;
    let dashboard_type = dashboard.choice("type", &["express", "full", "none"])?.unwrap_or("full");
    dashboard.finish()?;
    controller.finish()?;
    let (payer, bearer, dashboard_type) = match kind {
        Some("express") => ("application_express", "application", "express"),
        Some("custom") => ("application_custom", "application", "none"),
        _ => (payer, bearer, dashboard_type),
    };
    Ok(json!({
        "fees": {"payer": payer}, "is_controller": true, "losses": {"payments": bearer},
        "requirement_collection": collection, "stripe_dashboard": {"type": dashboard_type},
        "type": "application",
    }))
}

fn interval(p: &mut Params) -> Result<Option<&'static str>, Failure> {
    let mut settings = p.group("settings")?;
    let mut payouts = settings.group("payouts")?;
    let mut schedule = payouts.group("schedule")?;
    let interval = schedule.choice("interval", &["daily", "manual", "weekly", "monthly"])?;
    schedule.ignore(&["delay_days", "weekly_anchor", "monthly_anchor"]);
    schedule.finish()?;
    payouts.ignore(&["debit_negative_balances", "statement_descriptor"]);
    payouts.finish()?;
    settings.finish()?;
    Ok(interval)
}

fn settings(interval: &str) -> Value {
    json!({
        "branding": {"icon": null, "logo": null, "primary_color": null, "secondary_color": null},
        "card_issuing": {"tos_acceptance": {"date": null, "ip": null}},
        "card_payments": {"decline_on": {"avs_failure": false, "cvc_failure": false},
            "statement_descriptor_prefix": null, "statement_descriptor_prefix_kana": null,
            "statement_descriptor_prefix_kanji": null},
        "dashboard": {"display_name": null, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": null, "hosted_payment_method_save": null},
        "payments": {"statement_descriptor": null, "statement_descriptor_kana": null,
            "statement_descriptor_kanji": null, "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null},
        "payouts": {"debit_negative_balances": true, "statement_descriptor": null,
            "schedule": {"delay_days": 2, "interval": interval}},
        "sepa_debit_payments": {},
    })
}

/// What is still to be known, and by when.
pub fn requirements(due: &[&str], disabled_reason: Option<&str>) -> Value {
    json!({
        "alternatives": [], "current_deadline": null, "currently_due": due,
        "disabled_reason": disabled_reason, "errors": [], "eventually_due": due,
        "past_due": if disabled_reason.is_some() { due } else { &[] },
        "pending_verification": [],
    })
}

/// Says something else about an account.
pub fn update(state: &mut State, owner: Option<&str>, id: &str, mut p: Params) -> Answer {
    let found = state.get(owner, "account", id)?;
    let email = p.text("email")?;
    let interval = interval(&mut p)?;
    let metadata = apply_metadata(&found["metadata"], p.metadata()?);
    p.ignore(&["business_profile", "business_type"]);
    p.finish()?;
    if let Some(email) = email {
        state.set(id, "email", json!(email));
    }
    if let Some(interval) = interval {
        state.change(id, json!({"settings": {"payouts": {"schedule": {"interval": interval}}}}));
    }
    state.set(id, "metadata", metadata);
    state.emit("account.updated", id);
    state.get(owner, "account", id)
}

/// A link to the hosted form: good once, and for five minutes.
pub fn link(state: &mut State, owner: Option<&str>, mut p: Params) -> Answer {
    let account = p.need("account")?;
    let refresh_url = p.need("refresh_url")?;
    let return_url = p.need("return_url")?;
    let kind = p.choice("type", &["account_onboarding", "account_update"])?;
    let mut options = p.group("collection_options")?;
    options.ignore(&["fields", "future_requirements"]);
    options.finish()?;
    p.ignore(&["collect"]);
    p.finish()?;
    if kind.is_none() {
        return Err(Failure::needed("type"));
    }
    state.get(owner, "account", &account)?;
    let token = state.token();
    let expires_at = state.now + LINK_SECONDS;
    let url = format!("{}/connect/onboard/{token}", state.base);
    let mut shown = state.make(
        owner,
        "alink",
        "account_link",
        json!({"expires_at": expires_at, "url": url}),
        json!({"token": token, "account": account, "refresh_url": refresh_url,
            "return_url": return_url, "used": false}),
    );
    if let Some(members) = shown.as_object_mut() {
        members.remove("id");
    }
    Ok(shown)
}

/// A link to the account's own dashboard.
pub fn login_link(state: &mut State, owner: Option<&str>, id: &str, p: Params) -> Answer {
    p.finish()?;
    let found = state.get(owner, "account", id)?;
    if found["details_submitted"] != true {
        return Err(Failure::invalid(
            "",
            "Cannot create a login link for an account that has not completed onboarding.",
        ));
    }
    let url = format!("{}/connect/dashboard/{id}", state.base);
    Ok(shape("login_link", json!({"created": state.now, "url": url})))
}

/// How a person leaves the hosted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onboarded {
    /// Everything was given and found good.
    Complete,
    /// They went away half-way.
    HalfWay,
    /// What was given could not be verified.
    Unverified,
}

/// The link's object, if it can still be followed.
pub fn open_link(state: &State, token: &str) -> Result<Value, String> {
    let link = state
        .every("account_link")
        .find(|link| text(&link["_"], "token") == token)
        .ok_or_else(String::new)?;
    if link["_"]["used"] == true || int(link, "expires_at") <= state.now {
        return Err(text(&link["_"], "refresh_url").to_owned());
    }
    Ok(link.clone())
}

/// A person has been through the hosted form. Answers with where they go next; an error is where the
/// link sends those who are too late.
pub fn onboard(state: &mut State, token: &str, how: Onboarded) -> Result<String, String> {
    let link = open_link(state, token)?;
    let (link_id, account) = (text(&link, "id"), text(&link["_"], "account").to_owned());
    state.change(link_id, json!({"_": {"used": true}}));
    match how {
        Onboarded::Complete => complete(state, &account),
        Onboarded::HalfWay => {
            state.emit("account.updated", &account);
        }
        Onboarded::Unverified => {
            state.change(&account, json!({"details_submitted": true}));
            ask(
                state,
                &account,
                &["individual.verification.document"],
                Some("requirements.past_due"),
                Some("The document could not be read; hand in another picture of it."),
            );
        }
    }
    Ok(text(&link["_"], "return_url").to_owned())
}

/// All is known, and the account can be paid.
pub fn complete(state: &mut State, account: &str) {
    let Some(found) = state.find(account).cloned() else { return };
    let mut capabilities = found["capabilities"].clone();
    if let Some(members) = capabilities.as_object_mut() {
        for status in members.values_mut() {
            *status = json!("active");
        }
    }
    if found["external_accounts"]["data"].as_array().is_none_or(Vec::is_empty) {
        let bank = state.mint("ba");
        let bank = shape(
            "bank_account",
            json!({"id": bank, "account": account, "bank_name": "STRIPE TEST BANK", "last4": "6789",
                "country": found["country"], "currency": found["default_currency"],
                "default_for_currency": true, "status": "new", "metadata": {},
                "available_payout_methods": ["standard"], "fingerprint": "sandboxbank",
                "routing_number": "110000000"}),
        );
        state.change(account, json!({"external_accounts": {"data": [bank]}}));
    }
    state.change(
        account,
        json!({"details_submitted": true, "charges_enabled": true, "payouts_enabled": true,
            "capabilities": capabilities, "requirements": requirements(&[], None),
            "tos_acceptance": {"date": state.now}}),
    );
    state.emit("account.updated", account);
}

/// Something more is to be known; too late already, if there is a reason to stop.
pub fn ask(
    state: &mut State,
    account: &str,
    due: &[&str],
    disabled_reason: Option<&str>,
    error: Option<&str>,
) {
    let Some(found) = state.find(account).cloned() else { return };
    let is_stopped = disabled_reason.is_some();
    let mut asked = requirements(due, disabled_reason);
    if !is_stopped {
        asked["current_deadline"] = json!(state.now + 14 * crate::agenda::DAY);
    }
    if let (Some(error), Some(requirement)) = (error, due.first()) {
        asked["errors"] = json!([{"code": "verification_document_not_readable", "reason": error,
            "requirement": requirement}]);
    }
    let mut capabilities = found["capabilities"].clone();
    if let (true, Some(members)) = (is_stopped, capabilities.as_object_mut()) {
        for status in members.values_mut() {
            *status = json!("inactive");
        }
    }
    let is_on = !is_stopped && found["payouts_enabled"] == true;
    state.change(
        account,
        json!({"requirements": asked, "capabilities": capabilities, "payouts_enabled": is_on,
            "charges_enabled": is_on}),
    );
    state.emit("account.updated", account);
}
