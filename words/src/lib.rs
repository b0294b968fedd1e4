//! The macros that sentences are written in: `t!`, `tn!` and `n!`.
//!
//! Always true: the English sentence is the key, so it stands where it is read, and
//! `scripts/words` finds it there. Where no other language is asked for, each comes to exactly the
//! literal, or the `format!`, that it was written as.

mod parse;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use parse::{Call, Error, Hole};

/// A sentence in the language asked for.
///
/// `t!("It is over.")` is a `&'static str`. `t!("It runs until {ends}.")` and
/// `t!("It runs until {day}.", day = date(ends))` are a `String`; what stands in a place may have a
/// format, as in `format!`, and always has a name.
#[proc_macro]
pub fn t(input: TokenStream) -> TokenStream {
    let call = match Call::parse(input, 0, 1) {
        Ok(call) => call,
        Err(error) => return refuse(error),
    };
    let [sentence] = &call.sentences[..] else { return TokenStream::new() };
    if sentence.holes.is_empty() && call.given.is_empty() {
        return runtime("say", vec![TokenTree::Literal(sentence.literal.clone()).into()]);
    }
    let found = runtime("find", vec![TokenTree::Literal(sentence.literal.clone()).into()]);
    bound(&call, choice(found, &call, format(&sentence.literal)))
}

/// A sentence that counts: `tn!(works.len(), "One work.", "{works} works.", works = …)`, a
/// `String`. A language has as many forms of it as it needs.
#[proc_macro]
pub fn tn(input: TokenStream) -> TokenStream {
    let call = match Call::parse(input, 1, 2) {
        Ok(call) => call,
        Err(error) => return refuse(error),
    };
    let ([one, other], [count]) = (&call.sentences[..], &call.before[..]) else {
        return TokenStream::new();
    };
    let count = runtime("count", vec![count.clone()]);
    let counted = || TokenTree::Ident(Ident::new("counted", Span::mixed_site()));
    let literal = |literal: &Literal| TokenStream::from(TokenTree::Literal(literal.clone()));
    let found = runtime(
        "find_counted",
        vec![literal(&one.literal), literal(&other.literal), counted().into()],
    );
    // if counted == 1 { format!(one) } else { format!(other) }
    let mut english = code("if");
    english.extend([counted()]);
    english.extend(code("== 1"));
    english.extend([braced(format(&one.literal))]);
    english.extend(code("else"));
    english.extend([braced(format(&other.literal))]);
    // It is counted first: a place may have the name of what is counted.
    let mut body = code("let");
    body.extend([counted()]);
    body.extend(code("="));
    body.extend(count);
    body.extend(code(";"));
    body.extend(bound(&call, choice(found, &call, english)));
    braced(body).into()
}

/// A sentence that is said elsewhere, with `imprimatur::words::say`: what a constant holds.
#[proc_macro]
pub fn n(input: TokenStream) -> TokenStream {
    match Call::parse(input, 0, 1) {
        Ok(call) => match &call.sentences[..] {
            [sentence] if sentence.holes.is_empty() => {
                TokenTree::Literal(sentence.literal.clone()).into()
            }
            _ => refuse(Error { span: Span::call_site(), reason: "A sentence without places." }),
        },
        Err(error) => refuse(error),
    }
}

/// `match (&(value), …) { (name, …) => body }`: every value is made once, before anything is read.
fn bound(call: &Call, body: TokenStream) -> TokenStream {
    if call.given.is_empty() {
        return body;
    }
    let (mut values, mut names) = (TokenStream::new(), TokenStream::new());
    for (name, value) in &call.given {
        values.extend(code("&"));
        values.extend([parenthesized(value.clone())]);
        values.extend(code(","));
        names.extend([TokenTree::Ident(name.clone())]);
        names.extend(code(","));
    }
    let mut arm = TokenStream::from(parenthesized(names));
    arm.extend(code("=>"));
    arm.extend([braced(body)]);
    let mut all = code("match");
    all.extend([parenthesized(values), braced(arm)]);
    all
}

/// `match found { Some(said) => said.filled(&[…]), None => english }`.
fn choice(found: TokenStream, call: &Call, english: TokenStream) -> TokenStream {
    let said = || TokenTree::Ident(Ident::new("said", Span::mixed_site()));
    let mut values = TokenStream::new();
    for Hole { name, literal } in call.holes() {
        let mut pair = TokenStream::from(TokenTree::Literal(Literal::string(&name)));
        pair.extend(code(", & ::core::format_args!"));
        pair.extend([parenthesized(TokenTree::Literal(literal).into())]);
        values.extend([parenthesized(pair)]);
        values.extend(code(","));
    }
    let mut arms = code("::core::option::Option::Some");
    arms.extend([parenthesized(said().into())]);
    arms.extend(code("=>"));
    arms.extend([said()]);
    arms.extend(code(".filled"));
    let mut list = code("&");
    list.extend([TokenTree::from(Group::new(Delimiter::Bracket, values))]);
    arms.extend([parenthesized(list)]);
    arms.extend(code(", ::core::option::Option::None =>"));
    arms.extend([braced(english)]);
    let mut all = code("match");
    all.extend(found);
    all.extend([braced(arms)]);
    all
}

/// `::std::format!(literal)`.
fn format(literal: &Literal) -> TokenStream {
    let mut call = code("::std::format!");
    call.extend([parenthesized(TokenTree::Literal(literal.clone()).into())]);
    call
}

/// A call of a function of the runtime.
fn runtime(function: &str, arguments: Vec<TokenStream>) -> TokenStream {
    let mut call = code("::imprimatur::words::");
    call.extend([TokenTree::Ident(Ident::new(function, Span::call_site()))]);
    let mut list = TokenStream::new();
    for argument in arguments {
        list.extend(argument);
        list.extend(code(","));
    }
    call.extend([parenthesized(list)]);
    call
}

/// Words and signs of Rust as tokens.
fn code(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

fn parenthesized(inside: TokenStream) -> TokenTree {
    Group::new(Delimiter::Parenthesis, inside).into()
}

fn braced(inside: TokenStream) -> TokenTree {
    Group::new(Delimiter::Brace, inside).into()
}

/// A compile error where the call stands.
fn refuse(Error { span, reason }: Error) -> TokenStream {
    let mut text = Literal::string(reason);
    text.set_span(span);
    let mut bang = Punct::new('!', Spacing::Alone);
    bang.set_span(span);
    let mut inside = parenthesized(TokenTree::Literal(text).into());
    inside.set_span(span);
    TokenStream::from_iter([
        TokenTree::Ident(Ident::new("compile_error", span)),
        TokenTree::Punct(bang),
        inside,
    ])
}
