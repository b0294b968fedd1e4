use super::*;
use crate::domain::{rating, terms::template};

fn training() -> crate::domain::terms::Terms {
    template("training").unwrap().terms
}

fn typed() -> TypedTiers {
    TypedTiers {
        currency: "USD".into(),
        free_units: "1000".into(),
        free_rate: "10".into(),
        paid_name: "Standard".into(),
        paid_base: "2500".into(),
        paid_units: "50000".into(),
        paid_overage: "5".into(),
        paid_rate: "100".into(),
        ..TypedTiers::default()
    }
}

fn with_larger() -> TypedTiers {
    TypedTiers {
        paid_overrun: "upgrade".into(),
        paid_overage: String::new(),
        larger_name: "Premium".into(),
        larger_base: "5000".into(),
        larger_units: "100000".into(),
        larger_overage: "3".into(),
        larger_rate: "200".into(),
        ..typed()
    }
}

/// What one pays by use, by a share, up front, or a year in advance.
fn of_model(model: &str) -> TypedTiers {
    TypedTiers {
        model: model.into(),
        per: "1000".into(),
        rolls_over: true,
        paid_base: "24000".into(),
        paid_price: "2.50".into(),
        paid_share: "7.5".into(),
        paid_units: String::new(),
        paid_overage: String::new(),
        ..typed()
    }
}

#[test]
fn what_happens_beyond_the_included_units_is_chosen() {
    let tiers = with_larger().parse(&training()).unwrap();
    let overruns: Vec<Overrun> = tiers.iter().map(|tier| tier.overrun).collect();
    assert_eq!(overruns, [Overrun::Stop, Overrun::Upgrade, Overrun::Charge]);
    assert_eq!(
        tiers[1].price_in_words(),
        "$2,500.00 a month, 50,000 units a month, then the next larger tier"
    );
    let stops = TypedTiers { paid_overrun: "stop".into(), paid_overage: " ".into(), ..typed() };
    assert_eq!(stops.parse(&training()).unwrap()[1].overrun, Overrun::Stop);
    let paths = TypedPaths { allowed: "/news/**\n\n".into(), forbidden: "/news/drafts/**".into() };
    let site = TypedTiers { free_paths: paths, ..typed() };
    let free = site.parse(&training()).unwrap().swap_remove(0);
    assert_eq!((free.paths.allowed.len(), free.paths.forbidden.len()), (1, 1));
}

#[test]
fn the_reference_tier_reads_as_the_design_says_it() {
    let tiers = typed().parse(&training()).unwrap();
    assert!(tiers[0].is_free());
    assert_eq!(tiers[1].scopes, training().scopes);
    assert_eq!(
        tiers[1].price_in_words(),
        "$2,500.00 a month, 50,000 units included, then $5.00 per 1,000"
    );
    let words = tiers[1].price_words();
    assert_eq!((words.amount.as_str(), words.per.as_str()), ("$2,500.00", "a month"));
    assert_eq!(words.lines, ["50,000 units a month", "Then $5.00 per 1,000"]);
    assert_eq!(tiers[0].price_in_words(), "Free, 1,000 units a month, then it stops");
}

#[test]
fn every_model_has_its_words() {
    let answers = template("answers").unwrap().terms;
    for (typed, words) in [
        (of_model("per_use"), "$2.50 per 1,000 requests"),
        (
            TypedTiers { unit: "token".into(), per: "1000000".into(), ..of_model("per_use") },
            "$2.50 per 1,000,000 tokens",
        ),
        (
            TypedTiers { per: String::new(), paid_units: "900".into(), ..of_model("per_use") },
            "$2.50 per request, 900 units a month, then it stops",
        ),
        (of_model("revenue_share"), "7.5% of what is earned with it"),
        (of_model("upfront"), "$24,000.00 once, then $2.50 per 1,000 requests"),
        (
            TypedTiers {
                paid_units: "500".into(),
                paid_overage: "5".into(),
                ..of_model("prepaid")
            },
            "$24,000.00 a year in advance, 500 units included, unused ones roll over, then $5.00 per 1,000",
        ),
    ] {
        let tiers = typed.parse(&answers).unwrap();
        assert_eq!(tiers[1].price_in_words(), words);
        assert!(!tiers[1].is_free());
    }
    let share = TypedTiers { paid_share: "0.05%".into(), ..of_model("revenue_share") };
    assert_eq!(
        share.parse(&answers).unwrap()[1].price,
        Price::RevenueShare { basis_points: 5, quota: None }
    );
}

#[test]
fn one_buyer_needs_no_free_tier() {
    let contract = TypedTiers { for_one_buyer: true, free_units: String::new(), ..typed() };
    assert_eq!(contract.parse(&training()).unwrap().len(), 1);
    let both = TypedTiers { free_units: "5".into(), ..contract };
    assert_eq!(both.parse(&training()).unwrap().len(), 2);
}

#[test]
fn a_month_is_rated_on_the_tier_it_leads_to() {
    let of = |units| rating::Usage { units, month: 1, ..rating::Usage::default() };
    let tiers = with_larger().parse(&training()).unwrap();
    let ends = |units| {
        let rated = rating::on_tiers(&tiers, &of(units)).unwrap().unwrap();
        let total = rating::total(rated.tier, &rated.charges).unwrap();
        (rated.tier.name.clone(), total.to_string(), rated.stopped_units)
    };
    assert_eq!(ends(50_000), ("Standard".into(), "$2,500.00".into(), 0));
    assert_eq!(ends(50_001), ("Premium".into(), "$5,000.00".into(), 0));
    assert_eq!(ends(100_001), ("Premium".into(), "$5,003.00".into(), 0));
    let stops = TypedTiers { paid_overrun: "stop".into(), paid_overage: String::new(), ..typed() };
    let tiers = stops.parse(&training()).unwrap();
    let rated = rating::on_tiers(&tiers, &of(50_010)).unwrap().unwrap();
    assert_eq!((rated.stopped_units, rated.charges.len()), (10, 1));
    assert_eq!(rating::on_tiers(&tiers[..1], &of(5)).unwrap(), None);
}

#[test]
fn each_bad_field_is_named() {
    let cases: [(&str, TypedTiers); 28] = [
        ("paid_overrun", TypedTiers { paid_overrun: "later".into(), ..typed() }),
        ("paid_overrun", TypedTiers { larger_name: " ".into(), ..with_larger() }),
        ("paid_overage", TypedTiers { paid_overrun: "stop".into(), ..typed() }),
        ("paid_overage", TypedTiers { paid_overage: "5".into(), ..with_larger() }),
        (
            "paid_overage",
            TypedTiers { paid_overrun: "charge".into(), paid_overage: String::new(), ..typed() },
        ),
        ("larger_name", TypedTiers { larger_name: "standard".into(), ..with_larger() }),
        ("larger_units", TypedTiers { larger_units: "50000".into(), ..with_larger() }),
        (
            "paid_allowed",
            TypedTiers {
                paid_paths: TypedPaths { allowed: "news".into(), ..TypedPaths::default() },
                ..typed()
            },
        ),
        ("currency", TypedTiers { currency: "XXX".into(), ..typed() }),
        ("free_units", TypedTiers { free_units: "-1".into(), ..typed() }),
        ("free_units", TypedTiers { free_units: String::new(), ..typed() }),
        ("free_rate", TypedTiers { free_rate: "0".into(), ..typed() }),
        ("paid_name", TypedTiers { paid_name: "preview".into(), ..typed() }),
        ("paid_base", TypedTiers { paid_base: "1,000".into(), ..typed() }),
        ("paid_units", TypedTiers { paid_units: "9999999999999999999999".into(), ..typed() }),
        ("paid_overage", TypedTiers { paid_overage: "0".into(), ..typed() }),
        ("paid_base", TypedTiers { paid_base: "0".into(), paid_overage: String::new(), ..typed() }),
        ("unit", TypedTiers { unit: "word".into(), ..of_model("per_use") }),
        ("unit", TypedTiers { unit: "token".into(), ..of_model("per_use") }),
        ("per", TypedTiers { per: "7".into(), ..of_model("per_use") }),
        ("paid_price", TypedTiers { paid_price: "0".into(), ..of_model("per_use") }),
        ("paid_price", TypedTiers { paid_price: String::new(), ..of_model("upfront") }),
        ("paid_base", TypedTiers { paid_base: "0".into(), ..of_model("upfront") }),
        (
            "paid_base",
            TypedTiers { paid_base: "0".into(), paid_units: "1".into(), ..of_model("prepaid") },
        ),
        ("paid_units", TypedTiers { paid_units: "0".into(), ..of_model("per_use") }),
        (
            "paid_overrun",
            TypedTiers {
                paid_units: "5".into(),
                paid_overrun: "upgrade".into(),
                ..of_model("per_use")
            },
        ),
        ("paid_share", TypedTiers { paid_share: "100.01".into(), ..of_model("revenue_share") }),
        ("paid_share", TypedTiers { paid_share: "0".into(), ..of_model("revenue_share") }),
    ];
    for (field, typed) in cases {
        let refusal = typed.parse(&training()).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{typed:?}");
    }
    let barter = TypedTiers { model: "barter".into(), ..typed() };
    assert_eq!(barter.parse(&training()).unwrap_err().field, None);
}
