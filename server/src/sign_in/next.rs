//! Where a person wanted to go before they had to sign in: a path of ours or nothing.

use url::Url;

const LENGTH_MAX: usize = 2048;

/// Reads a path of this site. Whatever a browser could take for another host is nothing at all:
/// `//host`, backslashes (read as slashes) and control characters (skipped while reading).
pub fn same_site_path(text: &str) -> Option<String> {
    let plain = text.len() <= LENGTH_MAX
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if !plain {
        return None;
    }
    // The parser browsers share has the last word.
    let here = Url::parse("https://here.invalid").ok()?;
    let there = here.join(text).ok()?;
    (there.origin() == here.origin()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_ours_is_kept_as_it_is() {
        for path in ["/", "/works/01J?tier=a&x=%20#terms", "/%5C%5Cevil.example", "/a//b"] {
            assert_eq!(same_site_path(path).as_deref(), Some(path));
        }
    }

    #[test]
    fn nothing_leads_to_another_host() {
        for text in [
            "",
            "works",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n//evil.example",
            " //evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/é",
            "/a\0",
            "/a b",
        ] {
            assert_eq!(same_site_path(text), None, "{text:?}");
        }
        assert_eq!(same_site_path(&format!("/{}", "x".repeat(LENGTH_MAX))), None);
    }
}
