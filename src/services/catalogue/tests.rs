//! The catalogue on a real database: what is on offer, how it is found, and page by page.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::Who,
        asset::Particulars,
        catalogue::{Search, Size, Sort},
        pricing::PriceModel,
        terms::Scope,
    },
    services::{
        assets::{self, NewAsset},
        mint,
        reports::CursorKey,
        testing::{self, code, offer, offered, owner, uploaded, work},
    },
};

const KEY: [u8; 32] = [7; 32];

fn visitor() -> Actor {
    Actor { who: Who::Visitor, request_id: mint() }
}

fn asked(pairs: &[(&str, &str)]) -> Search {
    Search::read(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        .unwrap()
}

async fn titles(services: &Services, search: &Search) -> Vec<String> {
    let key = CursorKey::new(&KEY);
    let page = page(services, &key, &visitor(), search, None).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.works.len()).unwrap());
    page.works.into_iter().map(|work| work.title).collect()
}

/// A text on offer with this title, tags and description.
async fn titled(
    services: &Services,
    creator: &Actor,
    (title, tags, description): (&str, &[&str], &str),
) -> AssetId {
    let new = uploaded(services, mint(), title).await;
    let particulars = Particulars {
        title: title.into(),
        description: description.into(),
        tags: tags.iter().map(|tag| (*tag).into()).collect(),
        language: Some("en".parse().unwrap()),
        ..new.particulars
    };
    let asset_id = assets::register(services, creator, NewAsset { particulars, ..new }).await;
    let asset_id = asset_id.unwrap().work().unwrap();
    offers::publish(services, creator, offer(asset_id, "training")).await.unwrap();
    asset_id
}

async fn three(services: &Services) -> Actor {
    let mira = owner(services, "mira").await;
    titled(services, &mira, ("The Salt Roads", &["history"], "How a mineral moved.")).await;
    titled(services, &mira, ("Harbour lighthouse", &["sea"], "Photographs at dusk.")).await;
    titled(services, &mira, ("Old recipes", &["food", "salt"], "Bread and soup.")).await;
    mira
}

#[sqlx::test]
async fn pages_show_every_work_on_offer_once_in_both_directions(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let hidden = work(&services, &mira, "Not on offer.").await;
    let mut all = Vec::new();
    for _ in 0..PAGE_LENGTH + 3 {
        all.push(offered(&services, &mira, "training").await);
    }
    all.sort();
    all.reverse();
    let (key, every) = (CursorKey::new(&KEY), Search::default());
    let at = async |cursor: Option<&str>| page(&services, &key, &visitor(), &every, cursor).await;
    let first = at(None).await.unwrap();
    assert_eq!((first.newer.as_ref(), first.first, first.total), (None, 1, PAGE_LENGTH + 3));
    let second = at(first.older.as_deref()).await.unwrap();
    assert_eq!((second.older.as_ref(), second.first), (None, PAGE_LENGTH + 1));
    let ids = |page: &Page| page.works.iter().map(|work| work.asset_id).collect::<Vec<_>>();
    assert_eq!([ids(&first), ids(&second)].concat(), all);
    let back = at(second.newer.as_deref()).await.unwrap();
    assert_eq!((ids(&back), back.newer), (ids(&first), None));
    assert_eq!(first.works[0].creator, "mira");
    assert_eq!(code(super::work(&services, &visitor(), hidden).await), "not_found");

    // A cursor belongs to one search and one viewer.
    let texts = asked(&[("kind", "text")]);
    let foreign = page(&services, &key, &visitor(), &texts, first.older.as_deref()).await;
    assert_eq!(code(foreign), "invalid_cursor");
    let foreign = page(&services, &key, &mira, &every, first.older.as_deref()).await;
    assert_eq!(code(foreign), "invalid_cursor");
}

#[sqlx::test]
async fn words_find_works_and_typos_are_forgiven(pool: PgPool) {
    let (services, _) = testing::services(pool);
    three(&services).await;
    for (typed, found) in [
        ("lighthouse", "Harbour lighthouse"),
        ("LIGHTHOSE", "Harbour lighthouse"),
        ("harbor", "Harbour lighthouse"),
        ("recpies", "Old recipes"),
        ("salt raods", "The Salt Roads"),
        ("road", "The Salt Roads"),
        // Of a description, a tag, and a title with a word of the description.
        ("mineral", "The Salt Roads"),
        ("food", "Old recipes"),
        ("dusk lighthouse", "Harbour lighthouse"),
    ] {
        assert_eq!(titles(&services, &asked(&[("q", typed)])).await, [found], "{typed}");
    }
    // What has the word in its title comes before what has it as a tag.
    assert_eq!(
        titles(&services, &asked(&[("q", "salt")])).await,
        ["The Salt Roads", "Old recipes"]
    );
    assert_eq!(titles(&services, &asked(&[("q", "mira")])).await.len(), 3, "by their creator");
    for typed in ["submarine", "salt lighthouse"] {
        assert!(titles(&services, &asked(&[("q", typed)])).await.is_empty(), "{typed}");
    }
    assert_eq!(titles(&services, &asked(&[("q", "!!!")])).await.len(), 3, "no word is asked for");
}

#[sqlx::test]
async fn works_are_found_in_every_script_and_order(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = three(&services).await;
    titled(&services, &mira, ("Соляная дорога", &[], "")).await;
    assert_eq!(titles(&services, &asked(&[("q", "дорога")])).await, ["Соляная дорога"]);
    assert_eq!(titles(&services, &asked(&[("q", "дорого")])).await, ["Соляная дорога"]);
    let by_title = titles(&services, &asked(&[("sort", "title")])).await;
    let all = ["Harbour lighthouse", "Old recipes", "The Salt Roads", "Соляная дорога"];
    assert_eq!(by_title, all);
    for sort in Sort::ALL {
        let found = titles(&services, &Search { sort: Some(*sort), ..Search::default() }).await;
        assert_eq!(found.len(), 4, "{sort}");
    }
}

#[sqlx::test]
async fn facets_count_what_choosing_them_would_leave(pool: PgPool) {
    let (services, _) = testing::services(pool);
    three(&services).await;
    offered(&services, &owner(&services, "noor").await, "training").await;
    let all = facets(&services, &visitor(), &Search::default()).await.unwrap();
    assert_eq!(all.kinds, [(AssetKind::Text, 4)]);
    assert_eq!(all.models, [(PriceModel::Subscription, 4)]);
    assert_eq!(all.sizes, [(Size::Small, 4)]);
    assert_eq!(all.languages, [("en".to_owned(), 3)]);
    assert!(all.scopes.contains(&(Scope::Training, 4)));
    assert!(
        !all.scopes.iter().any(|(scope, _)| *scope == Scope::Preview),
        "every offer has previews"
    );
    let creators = [("mira".to_owned(), "mira".to_owned(), 3), ("noor".into(), "noor".into(), 1)];
    assert_eq!(all.creators, creators);

    // A facet is counted as if nothing of it were chosen; the others follow.
    let search = asked(&[("creator", "noor")]);
    let narrowed = facets(&services, &visitor(), &search).await.unwrap();
    assert_eq!(narrowed.creators, creators);
    assert_eq!(narrowed.kinds, [(AssetKind::Text, 1)]);
    assert!(narrowed.languages.is_empty());
    assert_eq!(titles(&services, &search).await.len(), 1);
    for (name, value, count) in [
        ("kind", "image", 0),
        ("scope", "training", 4),
        ("model", "prepaid", 0),
        ("language", "en", 3),
        ("size", "small", 4),
        ("size", "large", 0),
    ] {
        let found = titles(&services, &asked(&[(name, value)])).await;
        assert_eq!(found.len(), count, "{name}={value}");
    }
}

#[sqlx::test]
async fn similar_works_share_tags_or_kind_and_are_on_offer(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = three(&services).await;
    let liked = titled(&services, &mira, ("Salt in bread", &["food", "salt"], "")).await;
    let found = similar(&services, &visitor(), liked).await.unwrap();
    assert_eq!(found[0].title, "Old recipes");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|work| work.asset_id != liked));
}
