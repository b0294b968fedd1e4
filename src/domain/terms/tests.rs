use super::*;
use proptest::prelude::*;

fn training() -> Terms {
    template("training").unwrap().terms
}

#[test]
fn the_canonical_form_has_sorted_keys_and_no_spaces() {
    assert_eq!(
        training().canonical().unwrap(),
        r#"{"attribution":false,"audits_per_year":0,"commercial":true,"derivatives":true,"duration_days":365,"ends_on":null,"excluded_models":[],"intents":["train","fine_tune","distill"],"name":"Training, commercial","notice_days":0,"retention_days":90,"revocation":"breach","scopes":["training","preview"],"starts_on":null,"sublicensing":false,"territory":[],"version":1}"#
    );
}

#[test]
fn stored_terms_read_back_as_published() {
    for template in templates() {
        let stored = template.terms.canonical().unwrap();
        let read: Terms = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, template.terms);
        assert_eq!(read.digest().unwrap(), template.terms.digest().unwrap());
    }
}

#[test]
fn templates_have_distinct_keys_names_and_digests() {
    let all = templates();
    assert!(all.len() >= 6);
    for (i, a) in all.iter().enumerate() {
        for b in &all[i + 1..] {
            assert!(a.key != b.key && a.terms.name != b.terms.name);
            assert_ne!(a.terms.digest().unwrap(), b.terms.digest().unwrap());
        }
    }
}

#[test]
fn a_form_sends_every_template_back_as_it_is() {
    for template in templates() {
        assert_eq!(TypedTerms::of(&template.terms).parse().unwrap(), template.terms);
    }
}

#[test]
fn what_is_forbidden_is_said() {
    let clauses = template("answers").unwrap().terms.in_words();
    let says = |kind, part: &str| {
        assert!(
            clauses.iter().any(|c| c.kind == kind && c.sentence.contains(part)),
            "{part}: {clauses:#?}"
        );
    };
    says(ClauseKind::MayNot, "No model may be trained or fine-tuned");
    says(ClauseKind::May, "models may read, quote and summarize the work");
    says(ClauseKind::MayNot, "they may not translate, analyze or index it");
    says(ClauseKind::Must, "The credit line must be shown");
}

#[test]
fn each_bad_field_is_named() {
    type Change = fn(&mut TypedTerms);
    let good = TypedTerms::of(&training());
    let bad = |change: Change| {
        let mut typed = good.clone();
        change(&mut typed);
        typed.parse().unwrap_err().field.unwrap().into_owned()
    };
    let cases: [(&str, Change); 23] = [
        ("name", |t| t.name = " ".into()),
        ("name", |t| t.name = "å".repeat(121)),
        ("name", |t| t.name = "a\u{202e}b".into()),
        ("intents", |t| t.intents.clear()),
        ("intents", |t| t.intents = vec!["sing".into()]),
        ("intents", |t| t.intents = vec!["distill".into()]),
        ("territory", |t| t.territory = "DE, XX".into()),
        ("territory", |t| t.territory = "Germany".into()),
        ("starts_on", |t| t.starts_on = "31.1.2027".into()),
        ("starts_on", |t| t.starts_on = "9999-01-01".into()),
        ("starts_on", |t| t.starts_on = "2027-01-01-01".into()),
        ("starts_on", |t| t.starts_on = "2027-1-01".into()),
        ("ends_on", |t| t.ends_on = "2027-02-30".into()),
        ("ends_on", |t| {
            t.starts_on = "2027-02-02".into();
            t.ends_on = "2027-02-01".into();
        }),
        ("duration_days", |t| t.duration_days = "0".into()),
        ("duration_days", |t| t.duration_days = "36526".into()),
        ("retention_days", |t| t.retention_days = "-1".into()),
        ("retention_days", |t| t.retention_days = String::new()),
        ("audits_per_year", |t| t.audits_per_year = "3".into()),
        ("revocation", |t| t.revocation = "whenever".into()),
        ("notice_days", |t| {
            t.revocation = "notice".into();
            t.notice_days = "0".into();
        }),
        ("excluded_models", |t| t.excluded_models = "a".repeat(81)),
        ("excluded_models", |t| {
            t.excluded_models = (0..21).map(|n| format!("m{n}\n")).collect();
        }),
    ];
    for (field, change) in cases {
        assert_eq!(bad(change), field);
    }
}

#[test]
fn a_license_lasts_as_long_as_the_terms_say() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let now = at("2026-11-22T07:50:00Z");
    let plain = Terms { duration_days: Some(30), ..training() };
    assert_eq!(plain.period(now).unwrap(), (now, Some(at("2026-12-22T07:50:00Z"))));
    let open = Terms { duration_days: None, ..training() };
    assert_eq!(open.period(now).unwrap(), (now, None));
    let later = Terms { starts_on: day("2026-12-01"), ..plain.clone() };
    assert_eq!(
        later.period(now).unwrap(),
        (at("2026-12-01T00:00:00Z"), Some(at("2026-12-31T00:00:00Z")))
    );
    let short = Terms { ends_on: day("2026-11-30"), ..open };
    assert_eq!(short.period(now).unwrap().1, Some(at("2026-12-01T00:00:00Z")));
    let over = Terms { ends_on: day("2026-11-21"), ..plain };
    assert_eq!(over.period(now).unwrap_err().code, "terms_ended");
}

fn any_typed() -> impl Strategy<Value = TypedTerms> {
    let intents = proptest::sample::subsequence(Intent::ALL.to_vec(), 1..=Intent::ALL.len());
    let flags = any::<[bool; 4]>();
    let places = proptest::sample::subsequence(vec!["DE", "EU", "FR", "US"], 0..=4);
    let dates = (proptest::option::of(1..28_u32), proptest::option::of(1..28_u32));
    let days = (proptest::option::of(1..800_u32), 0..800_u32, 1..100_u32);
    let choices = (
        proptest::sample::select(vec!["0", "1", "2", "4", "12"]),
        proptest::sample::select(vec!["never", "breach", "notice"]),
        proptest::sample::subsequence(vec!["Llama", "GPT", "Claude"], 0..=3),
    );
    (intents, flags, places, dates, days, choices).prop_filter_map(
        "distilling needs training",
        |(intents, flags, places, dates, days, choices)| {
            if intents == [Intent::Distill] {
                return None;
            }
            let day = |month: u32, day: Option<u32>| {
                day.map(|day| format!("2027-{month:02}-{day:02}")).unwrap_or_default()
            };
            Some(TypedTerms {
                name: "Ours".into(),
                intents: intents.iter().map(ToString::to_string).collect(),
                commercial: flags[0],
                derivatives: flags[1],
                sublicensing: flags[2],
                attribution: flags[3],
                territory: places.join(" "),
                starts_on: day(1, dates.0),
                ends_on: day(2, dates.1),
                duration_days: days.0.map(|days| days.to_string()).unwrap_or_default(),
                retention_days: days.1.to_string(),
                audits_per_year: choices.0.into(),
                revocation: choices.1.into(),
                notice_days: days.2.to_string(),
                excluded_models: choices.2.join("\n"),
            })
        },
    )
}

proptest! {
    /// Every field is in the words, so nothing can change unsaid.
    #[test]
    fn terms_that_differ_differ_in_words(a in any_typed(), b in any_typed()) {
        let (a, b) = (a.parse().unwrap(), b.parse().unwrap());
        prop_assert_eq!(difference(&a, &b).is_empty(), a == b);
        prop_assert_eq!(a.digest().unwrap() == b.digest().unwrap(), a == b);
        prop_assert!(difference(&a, &a).is_empty());
    }

    #[test]
    fn any_terms_come_back_from_a_form_and_from_storage(typed in any_typed()) {
        let terms = typed.parse().unwrap();
        prop_assert_eq!(&TypedTerms::of(&terms).parse().unwrap(), &terms);
        let stored: Terms = serde_json::from_str(&terms.canonical().unwrap()).unwrap();
        prop_assert_eq!(stored, terms);
    }

    #[test]
    fn one_field_changed_is_one_change_in_words(typed in any_typed(), days in 801..900_u32) {
        let before = typed.parse().unwrap();
        let after = TypedTerms { retention_days: days.to_string(), ..typed }.parse().unwrap();
        let changes = difference(&before, &after);
        let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
        prop_assert_eq!(kinds, [ChangeKind::Removed, ChangeKind::Added]);
    }
}
