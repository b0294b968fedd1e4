//! Forms as a browser sends them, and what stands on a page.

use super::*;

/// Which tier of an offer.
#[derive(Clone, Copy, Debug)]
pub enum Tier {
    Free,
    Paid,
}

/// A good form that registers a work.
pub fn work<'a>(id: &'a str, title: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("id", id),
        ("title", title),
        ("kind", "text"),
        ("description", "About salt."),
        ("attribution", "Mira Holm"),
    ]
}

/// A good form that publishes an offer.
pub fn offer(id: &str) -> Vec<(&str, &str)> {
    vec![
        ("id", id),
        ("terms", "training"),
        ("currency", "USD"),
        ("free_units", "1000"),
        ("free_rate", "10"),
        ("paid_name", "Standard"),
        ("paid_base", "2500"),
        ("paid_units", "50000"),
        ("paid_overage", "5"),
        ("paid_rate", "100"),
    ]
}

/// A good form that publishes terms.
pub fn terms(id: &str) -> Vec<(&str, &str)> {
    vec![
        ("id", id),
        ("name", "Ours"),
        ("intents", "train"),
        ("commercial", "yes"),
        ("territory", "de, EU"),
        ("starts_on", ""),
        ("ends_on", ""),
        ("duration_days", "365"),
        ("retention_days", "90"),
        ("audits_per_year", "1"),
        ("revocation", "breach"),
        ("notice_days", ""),
        ("excluded_models", "Llama"),
    ]
}

/// The form with these fields in the place of those of the same name.
pub fn with<'a>(
    form: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = form.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes).copied().collect()
}

/// Owned pairs as a form takes them.
pub fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The value of the input with this name.
pub fn input(page: &str, name: &str) -> String {
    inputs(page, name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// The values of all inputs with this name.
pub fn inputs(page: &str, name: &str) -> Vec<String> {
    page.split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .filter(|tag| tag.contains(&format!(" name=\"{name}\"")))
        .map(|tag| unescaped(between(tag, " value=\"", "\"")))
        .collect()
}

/// What stands between two pieces of text, the first time.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split(after).next().unwrap()
}

/// What a page shows: its body, without the marks that Leptos leaves between pieces of text.
pub fn shown(page: &str) -> String {
    page.split_once("</head>").map_or(page, |(_, body)| body).replace("<!>", "")
}

/// Text as a browser reads it from HTML.
pub fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

pub fn multipart_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// A form with a file, as browsers write it (RFC 7578).
pub fn multipart(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let files: Vec<_> = file.into_iter().map(|(name, bytes)| ("file", name, bytes)).collect();
    multipart_with(fields, &files)
}

/// A form with files: each the name of its field, its own name and its bytes.
pub fn multipart_with(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend(part.bytes());
    }
    for (field, name, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}
