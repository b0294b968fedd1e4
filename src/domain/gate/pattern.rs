//! Which paths of a site a tier covers: patterns, and the paths they are compared with.
//!
//! A pattern begins with `/`. `*` stands for any run of characters within a segment, also an empty
//! one; `**` for any run at all, slashes included. Everything else stands for itself, in upper and
//! lower case as written. So `/news/*` covers `/news/` and `/news/today` but not `/news/2026/today`,
//! `/news/**` covers all three, and `/news**` also `/news` and `/newsletter`.
//!
//! A path is compared in one form only, so no other spelling of it slips past a pattern: percent
//! codes of characters that need none are read, dot segments are gone (RFC 3986, sections 5.2.4 and
//! 6.2.2), and runs of slashes are one slash. What servers read in different ways is refused:
//! encoded slashes, backslashes, controls, and dot segments with parameters. Matching takes time
//! in proportion to the path, however the pattern is made.

use super::super::error::{Kind, Refusal};

/// The most bytes of a path.
pub const PATH_LENGTH_MAX: usize = 4096;
/// The most bytes of a pattern.
pub const PATTERN_LENGTH_MAX: usize = 200;
/// The most patterns in a list.
pub const PATTERNS_MAX: usize = 50;

/// The path of a request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePath {
    asked: String,
    compared: String,
}

impl SitePath {
    /// Reads a path as it was sent: beginning with a slash, without a query.
    ///
    /// # Errors
    ///
    /// `invalid_path`, where servers could read the path in different ways or not at all.
    pub fn parse(sent: &str) -> Result<Self, Refusal> {
        if !sent.starts_with('/') || sent.len() > PATH_LENGTH_MAX {
            return Err(invalid_path());
        }
        let (mut asked, mut compared): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let segments: Vec<&str> = sent.split('/').collect();
        let last = segments.len() - 1;
        for (n, segment) in segments.into_iter().enumerate().skip(1) {
            let (for_origin, for_pattern) = spell(segment).ok_or_else(invalid_path)?;
            match for_pattern.as_str() {
                "" | "." if n < last => {}
                "" | "." => push(&mut asked, &mut compared, String::new(), String::new()),
                ".." => {
                    asked.pop();
                    compared.pop();
                    if n == last {
                        push(&mut asked, &mut compared, String::new(), String::new());
                    }
                }
                dots if dots.starts_with(".;") || dots.starts_with("..;") => {
                    return Err(invalid_path());
                }
                _ => push(&mut asked, &mut compared, for_origin, for_pattern),
            }
        }
        let join = |parts: Vec<String>| format!("/{}", parts.join("/"));
        Ok(Self { asked: join(asked), compared: join(compared) })
    }

    /// What the origin is to be asked for, so that it is asked for what was decided on. Percent
    /// codes stay where they may mean something to it.
    pub fn as_str(&self) -> &str {
        &self.asked
    }
}

fn push(asked: &mut Vec<String>, compared: &mut Vec<String>, origin: String, pattern: String) {
    asked.push(origin);
    compared.push(pattern);
}

fn invalid_path() -> Refusal {
    Refusal::new(
        Kind::Malformed,
        "invalid_path",
        t!(
            "This path cannot be read in one way only. Send it without encoded slashes, backslashes and control characters."
        ),
    )
}

/// A segment as the origin is asked for it and as patterns see it; nothing where it is ambiguous.
fn spell(segment: &str) -> Option<(String, String)> {
    let (mut asked, mut compared) = (String::new(), String::new());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let (read, coded) = match byte {
            b'%' => (hex(bytes.next()?)? << 4 | hex(bytes.next()?)?, true),
            b'\\' | b'?' | b'#' | 0..=b' ' | 0x7f => return None,
            _ => (byte, false),
        };
        match read {
            b'/' | b'\\' | 0..=0x1f | 0x7f => return None,
            _ if is_unreserved(read) => {
                asked.push(char::from(read));
                compared.push(char::from(read));
            }
            _ => {
                let plain = is_plain(read);
                if coded || !plain {
                    percent(&mut asked, read)
                } else {
                    asked.push(char::from(read))
                }
                if plain { compared.push(char::from(read)) } else { percent(&mut compared, read) }
            }
        }
    }
    Some((asked, compared))
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether it may stand in a path without a percent code (RFC 3986, section 3.3).
const fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn percent(text: &mut String, byte: u8) {
    text.push('%');
    for digit in [byte >> 4, byte & 15] {
        let digit = if digit < 10 { b'0' + digit } else { b'A' + digit - 10 };
        text.push(char::from(digit));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Byte(u8),
    /// `*`
    Within,
    /// `**`
    Across,
}

/// A pattern of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Box<[Part]>,
}

impl Pattern {
    /// Reads what a creator typed.
    ///
    /// # Errors
    ///
    /// An invalid `field`, where the text is too long or could not match any path.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Refusal> {
        let refuse = |sentence: String| Err(Refusal::invalid(field, sentence));
        let text = text.trim();
        if !text.starts_with('/') {
            return refuse(t!("Begin “{text}” with a slash, like /news/**."));
        }
        if text.len() > PATTERN_LENGTH_MAX {
            return refuse(t!("Shorten each pattern to {PATTERN_LENGTH_MAX} characters."));
        }
        let mut parts = Vec::with_capacity(text.len());
        for (n, segment) in text.split('/').enumerate().skip(1) {
            if n > 1 && parts.last() == Some(&Part::Byte(b'/')) {
                return refuse(t!("“{text}” has two slashes in a row; no path has that."));
            }
            parts.push(Part::Byte(b'/'));
            if matches!(segment, "." | "..") {
                return refuse(t!("“{text}” has a dot segment; no path has that."));
            }
            let mut literals = segment.split('*');
            if let Some(first) = literals.next() {
                spell_into(&mut parts, first).ok_or_else(|| unreadable(field, text))?;
            }
            for literal in literals {
                match parts.last_mut() {
                    Some(last @ (Part::Within | Part::Across)) => *last = Part::Across,
                    _ => parts.push(Part::Within),
                }
                spell_into(&mut parts, literal).ok_or_else(|| unreadable(field, text))?;
            }
        }
        Ok(Self { text: text.to_owned(), parts: parts.into() })
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole path matches.
    pub fn matches(&self, path: &SitePath) -> bool {
        let parts = &*self.parts;
        let mut path = path.compared.bytes();
        // Most patterns differ in their plain beginning, where only one place is possible.
        let mut from = 0;
        while let Some(Part::Byte(wanted)) = parts.get(from) {
            match path.next() {
                Some(byte) if byte == *wanted => from += 1,
                _ => return false,
            }
        }
        if from == parts.len() {
            return path.next().is_none();
        }
        let mut places = vec![false; parts.len() + 1];
        reach(&mut places, parts, from);
        let mut next = vec![false; parts.len() + 1];
        for byte in path {
            next.fill(false);
            for (place, part) in parts.iter().enumerate().skip(from) {
                if !places.get(place).copied().unwrap_or(false) {
                    continue;
                }
                match part {
                    Part::Byte(wanted) if *wanted == byte => reach(&mut next, parts, place + 1),
                    Part::Within if byte != b'/' => reach(&mut next, parts, place),
                    Part::Across => {
                        if place + 1 == parts.len() {
                            return true;
                        }
                        reach(&mut next, parts, place);
                    }
                    Part::Byte(_) | Part::Within => {}
                }
            }
            std::mem::swap(&mut places, &mut next);
        }
        places.last().copied().unwrap_or(false)
    }
}

/// Marks a place in the pattern, and those behind the stars that follow, which may stand for nothing.
fn reach(places: &mut [bool], parts: &[Part], mut place: usize) {
    loop {
        let Some(reached) = places.get_mut(place) else { return };
        if std::mem::replace(reached, true) {
            return;
        }
        match parts.get(place) {
            Some(Part::Within | Part::Across) => place += 1,
            _ => return,
        }
    }
}

fn spell_into(parts: &mut Vec<Part>, literal: &str) -> Option<()> {
    let (_, compared) = spell(literal)?;
    parts.extend(compared.bytes().map(Part::Byte));
    Some(())
}

fn unreadable(field: &'static str, text: &str) -> Refusal {
    Refusal::invalid(
        field,
        t!("Write “{text}” as a path: without a query, backslashes, blanks and encoded slashes."),
    )
}

/// Which paths are covered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathRules {
    /// Empty is every path.
    pub allowed: Vec<Pattern>,
    /// These win over the allowed ones.
    pub forbidden: Vec<Pattern>,
}

impl PathRules {
    /// Reads lists of patterns as they are typed or stored.
    ///
    /// # Errors
    ///
    /// An invalid `allowed_paths` or `forbidden_paths`.
    pub fn parse<T: AsRef<str>>(allowed: &[T], forbidden: &[T]) -> Result<Self, Refusal> {
        Ok(Self {
            allowed: list("allowed_paths", allowed)?,
            forbidden: list("forbidden_paths", forbidden)?,
        })
    }

    /// Whether a path is covered.
    pub fn admit(&self, path: &SitePath) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(path));
        !any(&self.forbidden) && (self.allowed.is_empty() || any(&self.allowed))
    }
}

fn list<T: AsRef<str>>(field: &'static str, texts: &[T]) -> Result<Vec<Pattern>, Refusal> {
    if texts.len() > PATTERNS_MAX {
        return Err(Refusal::invalid(field, t!("Use at most {PATTERNS_MAX} patterns.")));
    }
    texts.iter().map(|text| Pattern::parse(field, text.as_ref())).collect()
}

#[cfg(test)]
mod tests;
