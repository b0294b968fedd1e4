//! The page where one says who one is. It works without JavaScript and with a keyboard alone.

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

use super::{Asked, SandboxPerson};
use crate::refused::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#fcfbf9;--ink:#1b1a18;--ink-2:#5d5952;--line:#e7e3dc;--line-strong:#6f6a62;--seal:#b3341f;--focus:#2b5876}\
@media(prefers-color-scheme:dark){:root{--paper:#151412;--ink:#ece8e1;--ink-2:#a9a398;--line:#2b2925;--line-strong:#918b81;--seal:#e8705a;--focus:#8fb8d6}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--paper);color:var(--ink);font:14px/20px Inter,system-ui,sans-serif}\
main{max-width:480px;margin:0 auto;padding:56px 16px}\
h1{font:400 30px/36px Newsreader,Georgia,serif;margin:0 0 8px}\
h2{font-size:15px;line-height:20px;margin:32px 0 8px}\
p{margin:0 0 16px;color:var(--ink-2)}\
ul{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}\
li{border-bottom:1px solid var(--line)}\
button{font:inherit;color:inherit;background:none;border:1px solid var(--line-strong);padding:10px 16px;min-height:40px;cursor:pointer}\
li button{display:block;width:100%;border:0;padding:12px 8px;text-align:left}\
button:hover{text-decoration:underline}\
b{display:block;font-weight:600}\
small{font-size:12.5px;line-height:18px;color:var(--ink-2)}\
label{display:block;margin-bottom:4px}\
input[type=text]{font:inherit;color:inherit;background:none;width:100%;min-height:40px;padding:8px 12px;border:1px solid var(--line-strong);margin-bottom:12px}\
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}\
.error{color:var(--seal);margin:0 0 8px}";

// The page's own style and nothing else. No `form-action`: the answer leads back to the client.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                      base-uri 'none'";

/// A name that was typed, and what is wrong with it.
pub(super) struct Mistyped {
    pub name: String,
    pub error: String,
}

/// Everybody one can be.
pub(super) fn people(
    people: &[SandboxPerson],
    asked: &Asked,
    mistyped: Option<&Mistyped>,
) -> Response {
    let hidden = hidden(asked);
    let known: String = people
        .iter()
        .map(|person| {
            format!(
                "<li><button name=\"subject\" value=\"{}\"><b>{}</b><small>{}</small></button></li>",
                escape(&person.subject),
                escape(&person.name),
                escape(&person.about),
            )
        })
        .collect();
    let (note, invalid) = match mistyped {
        Some(Mistyped { name, error }) => (
            format!("<p class=\"error\" id=\"name-error\">{}</p>", escape(error)),
            format!(
                " value=\"{}\" aria-invalid=\"true\" aria-describedby=\"name-error\" autofocus",
                escape(name)
            ),
        ),
        None => (String::new(), String::new()),
    };
    let known = if people.is_empty() {
        String::new()
    } else {
        format!(
            "<h2>Somebody who is here already</h2>\
             <form method=\"post\" action=\"/authorize\">{hidden}<ul>{known}</ul></form>"
        )
    };
    let status = if mistyped.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = format!(
        "<h1>Who are you?</h1>\
         <p>This sign-in stands in for a real one while you try Imprimatur. Nobody is asked for a \
         password, and nothing leaves this machine.</p>{known}\
         <h2>Somebody new</h2>\
         <form method=\"post\" action=\"/authorize\">{hidden}\
         <label for=\"name\">Your name</label>{note}\
         <input type=\"text\" id=\"name\" name=\"name\" required maxlength=\"60\" \
         autocomplete=\"name\"{invalid}><button>Sign in as somebody new</button></form>\
         <h2>Not now</h2>\
         <form method=\"post\" action=\"/authorize\">{hidden}\
         <button name=\"deny\" value=\"1\">Cancel and go back</button></form>"
    );
    answer(status, "Who are you?", &body)
}

/// A request that must not be answered at the address it names.
pub(super) fn refuse(sentence: &str) -> Response {
    let body = format!("<h1>That did not work</h1><p>{}</p>", escape(sentence));
    answer(StatusCode::BAD_REQUEST, "That did not work", &body)
}

fn hidden(asked: &Asked) -> String {
    let state = asked.state.as_deref().map(|state| ("state", state));
    [
        ("response_type", asked.response_type.as_str()),
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("scope", &asked.scope),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
    ]
    .into_iter()
    .chain(state)
    .map(|(name, value)| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
    })
    .collect()
}

fn answer(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Sandbox sign-in</title><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(page)).into_response()
}
