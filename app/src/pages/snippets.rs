//! Requests that work as pasted: in a shell, in Python, in JavaScript.
//!
//! Always true: what a token needs besides its secret, a job or a nonce, is in the request; and
//! nothing but what runs these languages is needed.

use imprimatur::{domain::access_token::TokenLimits, services::licenses::Subject};
use leptos::prelude::*;

use crate::ui::CodeBlock;

/// What is to be fetched, and with which token.
#[derive(Clone, Copy, Debug)]
pub struct Fetch<'a> {
    pub base_url: &'a str,
    pub subject: &'a Subject,
    /// Without it the secret is read from the environment, as `IMPRIMATUR_TOKEN`.
    pub secret: Option<&'a str>,
    pub limits: &'a TokenLimits,
}

impl Fetch<'_> {
    /// For a shell: the work lands in a file, its receipt with the other headers in headers.txt.
    pub fn curl(&self) -> String {
        let token = self.secret.unwrap_or("$IMPRIMATUR_TOKEN");
        let job = self
            .job()
            .map(|job| format!("  --header 'Imprimatur-Job: {}' \\\n", job.replace('\'', r"'\''")));
        let nonce = self.limits.requires_nonce.then_some(
            "  --header \"Imprimatur-Nonce: $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n')\" \\\n",
        );
        format!(
            "curl --fail-with-body --dump-header headers.txt \\\n  \
             --header \"Authorization: Bearer {token}\" \\\n\
             {}{}  \
             --output \"{}\" \\\n  \
             \"{}\"",
            job.unwrap_or_default(),
            nonce.unwrap_or_default(),
            self.file_name(),
            self.address(),
        )
    }

    /// For Python 3, with nothing installed: the work lands in a file, the receipt is printed.
    pub fn python(&self) -> String {
        let mut imports = "import urllib.request".to_owned();
        let token = match self.secret {
            Some(secret) => format!("\"Bearer {secret}\""),
            None => {
                imports = format!("import os\n{imports}");
                "\"Bearer \" + os.environ[\"IMPRIMATUR_TOKEN\"]".to_owned()
            }
        };
        let job = self.job().map(|job| format!("    \"Imprimatur-Job\": {job:?},\n"));
        let nonce = self.limits.requires_nonce.then(|| {
            imports = imports.replace("import urllib", "import secrets\nimport urllib");
            "    \"Imprimatur-Nonce\": secrets.token_hex(16),\n"
        });
        format!(
            "{imports}\n\n\
             request = urllib.request.Request(\"{address}\", headers={{\n    \
             \"Authorization\": {token},\n\
             {job}{nonce}\
             }})\n\
             with urllib.request.urlopen(request) as answer, open(\"{file}\", \"wb\") as file:\n    \
             while part := answer.read(65536):\n        \
             file.write(part)\n    \
             print(answer.headers[\"Imprimatur-Receipt\"])\n",
            address = self.address(),
            file = self.file_name(),
            job = job.unwrap_or_default(),
            nonce = nonce.unwrap_or_default(),
        )
    }

    /// For Node 18 or later, as a module: the work lands in a file, the receipt is printed.
    pub fn javascript(&self) -> String {
        let token = match self.secret {
            Some(secret) => format!("\"Bearer {secret}\""),
            None => "`Bearer ${process.env.IMPRIMATUR_TOKEN}`".to_owned(),
        };
        let job = self.job().map(|job| format!("    \"Imprimatur-Job\": {job:?},\n"));
        let nonce = self
            .limits
            .requires_nonce
            .then_some("    \"Imprimatur-Nonce\": crypto.randomUUID(),\n");
        format!(
            "import {{ writeFile }} from \"node:fs/promises\";\n\n\
             const answer = await fetch(\"{address}\", {{\n  \
             headers: {{\n    \
             Authorization: {token},\n\
             {job}{nonce}  \
             }},\n\
             }});\n\
             if (!answer.ok) throw new Error(await answer.text());\n\
             await writeFile(\"{file}\", answer.body);\n\
             console.log(answer.headers.get(\"imprimatur-receipt\"));\n",
            address = self.address(),
            file = self.file_name(),
            job = job.unwrap_or_default(),
            nonce = nonce.unwrap_or_default(),
        )
    }

    /// The job to name: the first of those the token is limited to. It is printable ASCII.
    fn job(&self) -> Option<&str> {
        self.limits.jobs.first().map(imprimatur::domain::metering::JobName::as_str)
    }

    fn address(&self) -> String {
        match self.subject {
            Subject::Content { content_id, .. } => format!("{}/c/{content_id}", self.base_url),
            Subject::Site { host } => site_address(self.base_url, host),
        }
    }

    /// A name that no shell and no language reads as anything else.
    fn file_name(&self) -> String {
        let file_name = match self.subject {
            Subject::Content { file_name, .. } => file_name.as_str(),
            Subject::Site { .. } => "index.html",
        };
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let output: String = file_name.chars().map(|c| if safe(c) { c } else { '-' }).collect();
        let output = output.trim_start_matches(['-', '.']);
        // The receipt is in headers.txt; the work must not be written over it.
        let taken = output.is_empty() || output == "headers.txt";
        if taken { "content".to_owned() } else { output.to_owned() }
    }
}

/// The three of them, the shell's first.
pub fn draw(fetch: &Fetch<'_>) -> AnyView {
    let (curl, python, javascript) = (fetch.curl(), fetch.python(), fetch.javascript());
    view! {
        <CodeBlock label=t!("Request") code=curl />
        <details class="fold">
            <summary>{t!("In Python")}</summary>
            <CodeBlock label="Python" code=python />
        </details>
        <details class="fold">
            <summary>{t!("In JavaScript")}</summary>
            <CodeBlock label="JavaScript" code=javascript />
        </details>
    }
    .into_any()
}

/// The first page of a site, where this product answers for it: with its scheme and its port.
fn site_address(base_url: &str, host: &str) -> String {
    let (scheme, authority) = base_url.split_once("://").unwrap_or(("https", base_url));
    match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{scheme}://{host}:{port}/")
        }
        _ => format!("{scheme}://{host}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch<'a>(subject: &'a Subject, limits: &'a TokenLimits) -> Fetch<'a> {
        Fetch { base_url: "http://127.0.0.1:3000", subject, secret: Some("sk_test_ab"), limits }
    }

    #[test]
    fn a_file_name_cannot_do_anything() {
        for (file_name, output) in [
            ("salt roads.txt", "salt-roads.txt"),
            ("$(rm -rf ~).txt", "rm--rf---.txt"),
            ("--output=x", "output-x"),
            ("..", "content"),
            ("headers.txt", "content"),
            ("\"; import os", "import-os"),
        ] {
            let subject =
                Subject::Content { content_id: "sha256:00".into(), file_name: file_name.into() };
            let limits = TokenLimits::default();
            assert_eq!(fetch(&subject, &limits).file_name(), output);
        }
    }

    #[test]
    fn what_a_token_needs_is_in_the_request() {
        let subject = Subject::Site { host: "gazette.localhost".into() };
        let limits = TokenLimits::parse([], ["it's \"run\" 7"], true).unwrap();
        let fetch = fetch(&subject, &limits);
        assert!(fetch.curl().contains(r#"'Imprimatur-Job: it'\''s "run" 7'"#), "{}", fetch.curl());
        for text in [fetch.python(), fetch.javascript()] {
            assert!(text.contains(r#""Imprimatur-Job": "it's \"run\" 7","#), "{text}");
            assert!(text.contains("http://gazette.localhost:3000/"), "{text}");
        }
        for text in [fetch.curl(), fetch.python(), fetch.javascript()] {
            assert!(text.contains("Imprimatur-Nonce") && text.contains("Bearer sk_test_ab"));
        }
        let none = TokenLimits::default();
        let plain = Fetch { limits: &none, secret: None, ..fetch };
        for text in [plain.curl(), plain.python(), plain.javascript()] {
            assert!(!text.contains("Nonce") && !text.contains("Job"), "{text}");
            assert!(text.contains("IMPRIMATUR_TOKEN"), "{text}");
        }
    }
}
