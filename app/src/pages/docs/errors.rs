//! `/docs/errors`: every code the gate can answer, and what to do about it.
//!
//! Always true: `CODES` holds what the source can answer and nothing else; tests compare the two, and
//! hold every refusal they meet against it.

use imprimatur::services::Result;
use imprimatur::words::say;
use leptos::prelude::*;

use super::{page, part, samples};
use crate::{
    request::{Page, Request},
    ui::{Cell, CodeBlock, Column, Row, Table},
};

/// A code of the gate.
pub struct Code {
    pub status: u16,
    /// Stable: machines may depend on it.
    pub code: &'static str,
    /// What happened, and what to do.
    pub what: &'static str,
    pub advice: &'static str,
}

const fn code(status: u16, code: &'static str, what: &'static str, advice: &'static str) -> Code {
    Code { status, code, what, advice }
}

/// Codes under one heading.
pub struct Group {
    pub title: &'static str,
    pub codes: &'static [Code],
}

/// Every code of the gate.
#[rustfmt::skip]
pub const GROUPS: [Group; 6] = [
    Group { title: n!("No license, or the wrong one"), codes: &[
        code(401, "missing_token", n!("No token came along, and the work is not on offer."), n!("Send “Authorization: Bearer sk_…”.")),
        code(402, "license_required", n!("No token came along; the work is on offer."), n!("Take one of the offers in the answer, then send a token of that license.")),
        code(402, "content_not_licensed", n!("Your license does not cover this work, which is on offer."), n!("Take one of the offers in the answer.")),
        code(403, "content_not_licensed", n!("Your license does not cover this, and it is not on offer."), n!("Check the content ID, or ask its creator.")),
        code(403, "invalid_token", n!("The token is unknown, revoked or expired."), n!("Create a new one on the page of the license.")),
        code(403, "license_inactive", n!("The license is not in force: not begun, over, suspended or revoked."), n!("Look at the license; renew it or ask its creator.")),
    ]},
    Group { title: n!("Licensed, but not for this"), codes: &[
        code(403, "scope_not_granted", n!("Token, tier and terms do not grant this use together."), n!("Send a use that the answer names as Imprimatur-Scope, or take another tier.")),
        code(403, "tier_required", n!("This path needs a larger tier."), n!("Take the tier that “required_tier” names.")),
        code(403, "path_not_allowed", n!("No tier of the license covers this path."), n!("Leave the path out of your crawl.")),
        code(403, "domain_not_allowed", n!("The token is limited to other domains."), n!("Use a token for this domain.")),
        code(403, "job_not_allowed", n!("The token is limited to other jobs."), n!("Name one of its jobs as Imprimatur-Job.")),
    ]},
    Group { title: n!("Too much"), codes: &[
        code(429, "rate_limited", n!("More requests a minute than the tier allows."), n!("Wait for Retry-After seconds.")),
        code(429, "quota_exceeded", n!("The units of this month are used up."), n!("Take a larger tier, or wait for the month to begin again.")),
        code(429, "spend_cap_reached", n!("Your own spend cap is reached."), n!("Raise it on the page of the license, or wait for the next month.")),
        code(429, "too_many_unlicensed", n!("Too many requests without a license came from your address."), n!("Send a token, or wait for Retry-After seconds.")),
    ]},
    Group { title: n!("The request cannot be read"), codes: &[
        code(400, "invalid_job", n!("The name of the job is no 1 to 128 printable ASCII characters."), n!("Shorten or rename the job.")),
        code(400, "nonce_required", n!("The token needs a new nonce with every request."), n!("Send one as Imprimatur-Nonce.")),
        code(400, "invalid_nonce", n!("The nonce is no 16 to 128 letters, digits, “-” and “_”."), n!("Make it from random letters and digits.")),
        code(409, "nonce_replayed", n!("This nonce was used within the last 24 hours."), n!("Never send a nonce twice, not even to try again.")),
        code(400, "invalid_path", n!("The path can be read in more than one way."), n!("Send it without encoded slashes, backslashes and control characters.")),
        code(400, "two_hosts", n!("The request names two hosts."), n!("Send one Host header.")),
        code(400, "invalid_query", n!("Parameters of the list of receipts cannot be read."), n!("Send a limit from 1 to 1000 and a cursor as it was handed out.")),
        code(400, "invalid_cursor", n!("The cursor belongs to another list."), n!("Start again without a cursor.")),
        code(400, "expired_cursor", n!("The cursor is older than 72 hours."), n!("Start again without a cursor.")),
        code(404, "not_found", n!("There is no such manifest or receipt, or it is not yours."), n!("Check the address.")),
        code(405, "method_not_allowed", n!("Only GET and HEAD are answered."), n!("Use GET.")),
        code(406, "not_acceptable", n!("Accept-Encoding rules out every form there is."), n!("Accept identity.")),
        code(412, "precondition_failed", n!("If-Match names other content."), n!("Leave it out: content never changes under its ID.")),
        code(414, "address_too_long", n!("Path and query are too long."), n!("Shorten them.")),
        code(416, "range_not_satisfiable", n!("The range lies behind the end."), n!("See Content-Range for the length.")),
    ]},
    Group { title: n!("A site's own server"), codes: &[
        code(421, "site_lapsed", n!("The site is not served here any more."), n!("Leave the site out; its owner has to confirm it.")),
        code(502, "origin_unreachable", n!("The site's server cannot be reached."), n!("Ask again later.")),
        code(502, "origin_too_large", n!("The page is larger than is passed on."), n!("Leave the page out.")),
        code(502, "origin_broke_off", n!("The site's server broke off."), n!("Ask again later.")),
        code(504, "origin_timeout", n!("The site's server did not answer in time."), n!("Ask again later.")),
        code(508, "origin_loop", n!("The site's server leads back to the gate."), n!("Leave the site out; its owner has to mend it.")),
    ]},
    Group { title: n!("Our side"), codes: &[
        code(500, "fault", n!("Something broke on our side."), n!("Ask again; if it stays, send us the request id.")),
        code(503, "license_state_unknown", n!("The gate cannot tell whether the license still holds."), n!("Wait for Retry-After seconds.")),
        code(503, "nonces_full", n!("Too many nonces of the last 24 hours are remembered."), n!("Wait for Retry-After seconds.")),
        code(503, "too_busy", n!("More is going on than can be written down."), n!("Wait for Retry-After seconds.")),
        code(503, "outbox_full", n!("No receipt can be kept, so nothing is delivered."), n!("Wait for Retry-After seconds.")),
        code(503, "receipt_not_stored", n!("The receipt could not be stored, so nothing was delivered."), n!("Ask again.")),
        code(503, "content_unavailable", n!("The content cannot be read at the moment."), n!("Wait for Retry-After seconds.")),
    ]},
];

/// Every code with its status.
pub fn codes() -> impl Iterator<Item = (u16, &'static str)> {
    GROUPS.iter().flat_map(|group| group.codes).map(|code| (code.status, code.code))
}

const DOCUMENT: &str = r#"{
  "type": "about:blank",
  "title": "Too Many Requests",
  "status": 429,
  "detail": "The tier Standard allows 100 requests a minute. Wait before the next one.",
  "code": "rate_limited",
  "request_id": "01JD3Q8K2M7Z0V5X9W4T6R18K2"
}"#;

/// The page.
pub async fn show(request: &Request) -> Result<Page> {
    let base_url = request.base_url.clone();
    let lead = t!(
        "A refusal is never billed. It says what happened in a code for machines and a sentence for people."
    );
    Ok(page(request, t!("Errors"), lead, move || {
        let groups = GROUPS.iter().map(|group| part(say(group.title), table(group))).collect_view();
        view! {
            {part(t!("What a refusal looks like"), view! {
                <p>
                    {t!("Every one is ")} <code>"application/problem+json"</code>
                    {t!(" (RFC 9457). Depend on ")} <code>"code"</code> {t!(" and the status; the sentences may change. Where waiting helps, ")}
                    <code>"Retry-After"</code> {t!(" says for how many seconds.")}
                </p>
                <CodeBlock label=t!("A refusal") code=DOCUMENT />
            })}
            {groups}
            {part(t!("Come back when told"), view! {
                <p>{t!("Wait as long as the gate says, and tell a person about what waiting does not mend.")}</p>
                <CodeBlock label=t!("Come back, Python") code=samples::come_back(&base_url) />
            })}
        }
        .into_any()
    }))
}

fn table(group: &'static Group) -> AnyView {
    let rows = group
        .codes
        .iter()
        .map(|code| {
            let id = format!("{}-{}", code.code, code.status);
            Row::new(vec![
                Cell::new(view! { <code class="docs__code" id=id>{code.code}</code> })
                    .note(code.status),
                Cell::new(say(code.what)).note(say(code.advice)),
            ])
        })
        .collect();
    let columns = vec![
        Column::text(t!("Code and status")),
        Column::text(t!("What happened, and what to do")),
    ];
    view! { <Table caption=say(group.title) columns rows /> }.into_any()
}
