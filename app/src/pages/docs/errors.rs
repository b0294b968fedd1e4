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
    Group { title: "No license, or the wrong one", codes: &[
        code(401, "missing_token", "No token came along, and the work is not on offer.", "Send “Authorization: Bearer sk_…”."),
        code(402, "license_required", "No token came along; the work is on offer.", "Take one of the offers in the answer, then send a token of that license."),
        code(402, "content_not_licensed", "Your license does not cover this work, which is on offer.", "Take one of the offers in the answer."),
        code(403, "content_not_licensed", "Your license does not cover this, and it is not on offer.", "Check the content ID, or ask its creator."),
        code(403, "invalid_token", "The token is unknown, revoked or expired.", "Create a new one on the page of the license."),
        code(403, "license_inactive", "The license is not in force: not begun, over, suspended or revoked.", "Look at the license; renew it or ask its creator."),
    ]},
    Group { title: "Licensed, but not for this", codes: &[
        code(403, "scope_not_granted", "Token, tier and terms do not grant this use together.", "Send a use that the answer names as Imprimatur-Scope, or take another tier."),
        code(403, "tier_required", "This path needs a larger tier.", "Take the tier that “required_tier” names."),
        code(403, "path_not_allowed", "No tier of the license covers this path.", "Leave the path out of your crawl."),
        code(403, "domain_not_allowed", "The token is limited to other domains.", "Use a token for this domain."),
        code(403, "job_not_allowed", "The token is limited to other jobs.", "Name one of its jobs as Imprimatur-Job."),
    ]},
    Group { title: "Too much", codes: &[
        code(429, "rate_limited", "More requests a minute than the tier allows.", "Wait for Retry-After seconds."),
        code(429, "quota_exceeded", "The units of this month are used up.", "Take a larger tier, or wait for the month to begin again."),
        code(429, "spend_cap_reached", "Your own spend cap is reached.", "Raise it on the page of the license, or wait for the next month."),
        code(429, "too_many_unlicensed", "Too many requests without a license came from your address.", "Send a token, or wait for Retry-After seconds."),
    ]},
    Group { title: "The request cannot be read", codes: &[
        code(400, "invalid_job", "The name of the job is no 1 to 128 printable ASCII characters.", "Shorten or rename the job."),
        code(400, "nonce_required", "The token needs a new nonce with every request.", "Send one as Imprimatur-Nonce."),
        code(400, "invalid_nonce", "The nonce is no 16 to 128 letters, digits, “-” and “_”.", "Make it from random letters and digits."),
        code(409, "nonce_replayed", "This nonce was used within the last 24 hours.", "Never send a nonce twice, not even to try again."),
        code(400, "invalid_path", "The path can be read in more than one way.", "Send it without encoded slashes, backslashes and control characters."),
        code(400, "two_hosts", "The request names two hosts.", "Send one Host header."),
        code(400, "invalid_query", "Parameters of the list of receipts cannot be read.", "Send a limit from 1 to 1000 and a cursor as it was handed out."),
        code(400, "invalid_cursor", "The cursor belongs to another list.", "Start again without a cursor."),
        code(400, "expired_cursor", "The cursor is older than 72 hours.", "Start again without a cursor."),
        code(404, "not_found", "There is no such manifest or receipt, or it is not yours.", "Check the address."),
        code(405, "method_not_allowed", "Only GET and HEAD are answered.", "Use GET."),
        code(406, "not_acceptable", "Accept-Encoding rules out every form there is.", "Accept identity."),
        code(412, "precondition_failed", "If-Match names other content.", "Leave it out: content never changes under its ID."),
        code(414, "address_too_long", "Path and query are too long.", "Shorten them."),
        code(416, "range_not_satisfiable", "The range lies behind the end.", "See Content-Range for the length."),
    ]},
    Group { title: "A site's own server", codes: &[
        code(421, "site_lapsed", "The site is not served here any more.", "Leave the site out; its owner has to confirm it."),
        code(502, "origin_unreachable", "The site's server cannot be reached.", "Ask again later."),
        code(502, "origin_too_large", "The page is larger than is passed on.", "Leave the page out."),
        code(502, "origin_broke_off", "The site's server broke off.", "Ask again later."),
        code(504, "origin_timeout", "The site's server did not answer in time.", "Ask again later."),
        code(508, "origin_loop", "The site's server leads back to the gate.", "Leave the site out; its owner has to mend it."),
    ]},
    Group { title: "Our side", codes: &[
        code(500, "fault", "Something broke on our side.", "Ask again; if it stays, send us the request id."),
        code(503, "license_state_unknown", "The gate cannot tell whether the license still holds.", "Wait for Retry-After seconds."),
        code(503, "nonces_full", "Too many nonces of the last 24 hours are remembered.", "Wait for Retry-After seconds."),
        code(503, "too_busy", "More is going on than can be written down.", "Wait for Retry-After seconds."),
        code(503, "outbox_full", "No receipt can be kept, so nothing is delivered.", "Wait for Retry-After seconds."),
        code(503, "receipt_not_stored", "The receipt could not be stored, so nothing was delivered.", "Ask again."),
        code(503, "content_unavailable", "The content cannot be read at the moment.", "Wait for Retry-After seconds."),
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
    let lead = "A refusal is never billed. It says what happened in a code for machines and a sentence for people.";
    Ok(page(request, "Errors", lead, move || {
        let groups = GROUPS.iter().map(|group| part(say(group.title), table(group))).collect_view();
        view! {
            {part("What a refusal looks like", view! {
                <p>
                    "Every one is " <code>"application/problem+json"</code>
                    " (RFC 9457). Depend on " <code>"code"</code> " and the status; the sentences may change. Where waiting helps, "
                    <code>"Retry-After"</code> " says for how many seconds."
                </p>
                <CodeBlock label="A refusal" code=DOCUMENT />
            })}
            {groups}
            {part("Come back when told", view! {
                <p>"Wait as long as the gate says, and tell a person about what waiting does not mend."</p>
                <CodeBlock label="Come back, Python" code=samples::come_back(&base_url) />
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
    let columns =
        vec![Column::text("Code and status"), Column::text("What happened, and what to do")];
    view! { <Table caption=say(group.title) columns rows /> }.into_any()
}
