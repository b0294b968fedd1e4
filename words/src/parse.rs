//! What a call of a macro holds: sentences, the places in them, and what is put there.

use proc_macro::{Ident, Literal, Span, TokenStream, TokenTree};

/// Why a call is not one.
pub struct Error {
    pub span: Span,
    pub reason: &'static str,
}

/// A call.
pub struct Call {
    /// Expressions before the sentences.
    pub before: Vec<TokenStream>,
    pub sentences: Vec<Sentence>,
    /// `name = value`.
    pub given: Vec<(Ident, TokenStream)>,
}

/// An English sentence.
pub struct Sentence {
    pub literal: Literal,
    pub holes: Vec<Hole>,
}

/// A place in a sentence.
pub struct Hole {
    pub name: String,
    /// The place alone, as a format string: `"{ends:>5}"`.
    pub literal: Literal,
}

impl Call {
    /// Reads a call of `before` expressions and `sentences` sentences.
    pub fn parse(input: TokenStream, before: usize, sentences: usize) -> Result<Self, Error> {
        let mut parts = at_commas(input).into_iter();
        let here = |reason| Error { span: Span::call_site(), reason };
        let before: Vec<_> = parts.by_ref().take(before).collect();
        let sentences: Vec<Sentence> =
            parts.by_ref().take(sentences).map(Sentence::parse).collect::<Result<_, _>>()?;
        if before.is_empty() && sentences.is_empty() {
            return Err(here("A sentence is missing."));
        }
        let given = parts.map(given).collect::<Result<_, _>>()?;
        Ok(Self { before, sentences, given })
    }

    /// The places of all sentences, each name once.
    pub fn holes(&self) -> Vec<Hole> {
        let mut all: Vec<Hole> = Vec::new();
        for hole in self.sentences.iter().flat_map(|sentence| &sentence.holes) {
            if all.iter().all(|known| known.name != hole.name) {
                all.push(Hole { name: hole.name.clone(), literal: hole.literal.clone() });
            }
        }
        all
    }
}

impl Sentence {
    fn parse(part: TokenStream) -> Result<Self, Error> {
        let mut tokens = part.into_iter();
        let reason = "A sentence is a string literal.";
        let (literal, span) = match (tokens.next(), tokens.next()) {
            (Some(TokenTree::Literal(literal)), None) => {
                let span = literal.span();
                (literal, span)
            }
            // A literal that came through a macro of ours is wrapped.
            (Some(TokenTree::Group(group)), None) => return Self::parse(group.stream()),
            (Some(other), _) => return Err(Error { span: other.span(), reason }),
            (None, _) => return Err(Error { span: Span::call_site(), reason }),
        };
        let text = literal.to_string();
        if !text.starts_with('"') {
            return Err(Error { span, reason });
        }
        let mut holes = Vec::new();
        for place in places(&text) {
            let name = place.split(':').next().unwrap_or_default().trim();
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                let reason = "Every place in a sentence has a name, for whoever translates it.";
                return Err(Error { span, reason });
            }
            let mut alone = Literal::string(&format!("{{{place}}}"));
            alone.set_span(span);
            holes.push(Hole { name: name.to_owned(), literal: alone });
        }
        Ok(Self { literal, holes })
    }
}

/// The insides of `{…}` in the source of a string literal.
fn places(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['\\', '{']) {
        let after = &rest[at + 1..];
        rest = if rest[at..].starts_with('\\') {
            match after.strip_prefix("u{") {
                Some(code) => code.split_once('}').map_or("", |(_, rest)| rest),
                None => after.get(1..).unwrap_or_default(),
            }
        } else if let Some(after) = after.strip_prefix('{') {
            after
        } else {
            match after.split_once('}') {
                Some((place, rest)) => {
                    found.push(place);
                    rest
                }
                None => "",
            }
        };
    }
    found
}

/// `name = value`.
fn given(part: TokenStream) -> Result<(Ident, TokenStream), Error> {
    let mut tokens = part.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(sign))) if sign.as_char() == '=' => {
            Ok((name, tokens.collect()))
        }
        (Some(other), _) => Err(Error { span: other.span(), reason: "Write it as name = value." }),
        (None, _) => Err(Error { span: Span::call_site(), reason: "Write it as name = value." }),
    }
}

/// The parts between commas. Angle brackets are no groups of tokens, so a comma between those of a
/// turbofish belongs in parentheses.
fn at_commas(input: TokenStream) -> Vec<TokenStream> {
    let mut parts: Vec<TokenStream> = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    for token in input {
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == ',' => {
                parts.push(part.drain(..).collect());
            }
            _ => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push(part.into_iter().collect());
    }
    parts
}
