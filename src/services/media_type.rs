//! The media type of bytes, told from the bytes and never from what the sender claims.
//!
//! Only for text does the file's name help, because text looks alike.

/// The media type of content that begins with `head` (at most 8 KiB of it).
pub(crate) fn of(head: &[u8], file_name: &str) -> &'static str {
    if let Some(known) = infer::get(head) {
        return known.mime_type();
    }
    if !is_text(head) {
        return "application/octet-stream";
    }
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv") => "text/csv; charset=utf-8",
        Some("md" | "markdown") => "text/markdown; charset=utf-8",
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        _ => "text/plain; charset=utf-8",
    }
}

/// UTF-8 without NUL; a character cut in two by the end of `head` is forgiven.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn bytes_tell_their_type() {
        assert_eq!(of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "essay.txt"), "image/png");
        assert_eq!(of(b"tide,height\n1,2", "tides.CSV"), "text/csv; charset=utf-8");
        assert_eq!(of("Å".as_bytes(), "essay"), "text/plain; charset=utf-8");
        assert_eq!(of(&"Å".as_bytes()[..1], "essay"), "text/plain; charset=utf-8");
        assert_eq!(of(b"a\0b", "essay.txt"), "application/octet-stream");
    }
}
