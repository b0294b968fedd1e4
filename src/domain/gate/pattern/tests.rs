use super::*;
use proptest::prelude::*;

fn path(sent: &str) -> SitePath {
    SitePath::parse(sent).unwrap()
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse("allowed_paths", text).unwrap()
}

#[test]
fn stars_match_within_and_across_segments() {
    for (text, yes, no) in [
        ("/", &["/"][..], &["/a", "/a/"][..]),
        ("/news/*", &["/news/", "/news/a"], &["/news", "/news/a/b", "/news/a/", "/newsletter"]),
        ("/news/**", &["/news/", "/news/a", "/news/a/b"], &["/news", "/newsletter"]),
        ("/news**", &["/news", "/newsletter", "/news/a/b"], &["/old/news"]),
        ("/**", &["/", "/a", "/a/b/"], &[]),
        ("/*", &["/", "/a"], &["/a/", "/a/b"]),
        ("/*/data.json", &["/a/data.json"], &["/data.json", "/a/b/data.json", "/a/data.json/"]),
        ("/**/data.json", &["/a/data.json", "/a/b/data.json"], &["/data.json", "/a/data_json"]),
        ("/a*c*e", &["/ace", "/abcde", "/acce"], &["/ac/e", "/abd"]),
        ("/a**c", &["/ac", "/a/b/c", "/acc"], &["/a/c/b"]),
        ("/a***c", &["/a/c"], &["/b/c"]),
        ("/Ä/*", &["/%C3%84/x", "/%c3%84/x"], &["/A/x"]),
        ("/a+b", &["/a+b", "/a%2Bb", "/a%2bb"], &["/a%20b"]),
        ("/case", &["/case"], &["/Case"]),
    ] {
        for sent in yes {
            assert!(pattern(text).matches(&path(sent)), "{text} must match {sent}");
        }
        for sent in no {
            assert!(!pattern(text).matches(&path(sent)), "{text} must not match {sent}");
        }
    }
}

#[test]
fn a_path_has_one_form() {
    for (sent, asked) in [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/.", "/a/b/"),
        ("/public/%2e%2E/secret", "/secret"),
        ("/public/.%2e/secret", "/secret"),
        ("/%61dmin", "/admin"),
        ("//admin", "/admin"),
        ("/a///b//", "/a/b/"),
        ("/a//../b", "/b"),
        ("/%7euser", "/~user"),
        ("/a%2bb+c", "/a%2Bb+c"),
        ("/%c3%a9", "/%C3%A9"),
        ("/é", "/%C3%A9"),
        ("/100%25", "/100%25"),
        ("/%2561dmin", "/%2561dmin"),
        ("/...", "/..."),
        ("/a;x=1", "/a;x=1"),
    ] {
        assert_eq!(path(sent).as_str(), asked, "{sent}");
    }
}

#[test]
fn what_servers_read_in_different_ways_is_refused() {
    let long = format!("/{}", "a".repeat(PATH_LENGTH_MAX));
    for sent in [
        "",
        "a",
        "*",
        "http://x/a",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a%00",
        "/a%0a",
        "/a%7f",
        "/%",
        "/%a",
        "/%g0",
        "/%2",
        "/a b",
        "/a?b",
        "/a#b",
        "/a\n",
        "/a/..;/b",
        "/a/.;x/b",
        "/a/%2e%2e;x/b",
        "/a/%2e%2e%3bx/b",
        &long,
    ] {
        let refusal = SitePath::parse(sent).unwrap_err();
        assert_eq!((refusal.code, refusal.kind.status()), ("invalid_path", 400), "{sent:?}");
    }
}

#[test]
fn no_spelling_slips_past_a_forbidden_pattern() {
    let rules =
        PathRules::parse(&["/public/**", "/**"], &["/admin**", "/secret/**", "/p+q"]).unwrap();
    for sent in [
        "/admin",
        "/%61dmin",
        "/%61%64%6D%69%6E",
        "//admin",
        "/./admin",
        "/x/../admin/keys",
        "/public/%2e%2e/secret/a",
        "/public/../secret/a",
        "/public/.%2e//secret/a",
        "/secret//a",
        "/public/x/%2E%2e/%2e%2E/secret/",
        "/p%2Bq",
        "/p%2bq",
    ] {
        assert!(!rules.admit(&path(sent)), "{sent}");
    }
    assert!(rules.admit(&path("/public/secret")));
}

#[test]
fn forbidden_wins_and_no_list_is_everything() {
    let none: [&str; 0] = [];
    assert!(PathRules::default().admit(&path("/any/thing")));
    let only = PathRules::parse(&["/news/**"], &none).unwrap();
    assert!(only.admit(&path("/news/a")) && !only.admit(&path("/other")));
    let but = PathRules::parse(&none, &["/news/drafts/**"]).unwrap();
    assert!(but.admit(&path("/other")) && !but.admit(&path("/news/drafts/a")));
    let both = PathRules::parse(&["/news/**"], &["/news/drafts/**"]).unwrap();
    assert!(both.admit(&path("/news/a")));
    assert!(!both.admit(&path("/news/drafts/a")) && !both.admit(&path("/other")));
}

#[test]
fn a_pattern_that_could_not_match_is_refused() {
    let long = format!("/{}", "a".repeat(PATTERN_LENGTH_MAX));
    for text in [
        "", "news", "*", "/a//b", "/a/../b", "/./a", "/a?b", "/a%2Fb", "/a\\b", "/a b", "/%zz",
        &long,
    ] {
        let refusal = Pattern::parse("forbidden_paths", text).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("forbidden_paths"), "{text}");
    }
    let many = vec!["/a"; PATTERNS_MAX + 1];
    assert!(PathRules::parse(&many, &[]).is_err());
    assert_eq!(pattern(" /a/** ").as_str(), "/a/**");
}

/// What a pattern means, in as few words as possible.
fn naive(parts: &[Part], path: &[u8]) -> bool {
    match parts {
        [] => path.is_empty(),
        [Part::Byte(byte), rest @ ..] => path.first() == Some(byte) && naive(rest, &path[1..]),
        [Part::Within, rest @ ..] => (0..=path.len())
            .take_while(|&end| !path[..end].contains(&b'/'))
            .any(|end| naive(rest, &path[end..])),
        [Part::Across, rest @ ..] => (0..=path.len()).any(|end| naive(rest, &path[end..])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_matcher_agrees_with_a_naive_one(
        text in "/[ab/*]{0,10}",
        sent in "/[ab/]{0,14}",
    ) {
        if let Ok(pattern) = Pattern::parse("allowed_paths", &text) {
            let path = path(&sent);
            prop_assert_eq!(pattern.matches(&path), naive(&pattern.parts, path.compared.as_bytes()));
        }
    }

    #[test]
    fn a_read_path_reads_as_itself(sent in "/[a-c./%2eEfF;+~ -]{0,24}") {
        if let Ok(once) = SitePath::parse(&sent) {
            prop_assert_eq!(&SitePath::parse(once.as_str()).unwrap(), &once);
            let segments: Vec<&str> = once.compared.split('/').collect();
            prop_assert!(!segments.iter().any(|segment| matches!(*segment, "." | "..")));
            prop_assert!(!once.compared.contains("//"));
        }
    }
}

/// A matcher that tries every way would not come back from this one.
#[test]
fn many_stars_and_a_long_path_end_soon() {
    let stars = pattern(&format!("/{}b", "a*".repeat(60)));
    let across = pattern(&format!("/{}b", "**a".repeat(60)));
    let long = path(&format!("/{}", "a".repeat(PATH_LENGTH_MAX - 1)));
    assert!(!stars.matches(&long) && !across.matches(&long));
}
