//! Collections on a real database: made, filled, arranged, changed by two, and seen by strangers.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::{
        actor::Who,
        asset::{TypedParticulars, Visibility},
        catalogue::Search,
    },
    services::{
        assets, catalogue,
        find::{self, Found},
        mint,
        reports::CursorKey,
        storefront,
        testing::{self, code, offered, owner, work},
    },
};

fn typed(title: &str) -> TypedAbout {
    TypedAbout { title: title.into(), ..TypedAbout::default() }
}

async fn made(services: &Services, actor: &Actor, title: &str, works: &[AssetId]) -> CollectionId {
    let collection_id = mint();
    let new = NewCollection { collection_id, typed: typed(title), works: works.to_vec() };
    make(services, actor, new).await.unwrap();
    collection_id
}

async fn held(services: &Services, actor: &Actor, collection_id: CollectionId) -> Vec<AssetId> {
    let collection = get(services, actor, collection_id).await.unwrap();
    collection.works.into_iter().map(|part| part.asset_id).collect()
}

async fn works(services: &Services, actor: &Actor, count: usize) -> Vec<AssetId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let text = format!("Work {number} of {:?}", actor.org_id());
        ids.push(work(services, actor, &text).await);
    }
    ids
}

#[sqlx::test]
async fn works_are_added_once_in_order_and_taken_out_again(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let [a, b, c, d] = works(&services, &mira, 4).await.try_into().unwrap();
    let collection_id = made(&services, &mira, "Salt", &[b, a, b]).await;
    assert_eq!(held(&services, &mira, collection_id).await, [b, a]);
    assert_eq!(add(&services, &mira, collection_id, &[a, d, c]).await.unwrap(), 2);
    assert_eq!(add(&services, &mira, collection_id, &[d]).await.unwrap(), 0);
    assert_eq!(held(&services, &mira, collection_id).await, [b, a, d, c]);
    assert_eq!(take_out(&services, &mira, collection_id, &[a, mint()]).await.unwrap(), 1);
    assert_eq!(take_out(&services, &mira, collection_id, &[a]).await.unwrap(), 0);
    assert_eq!(held(&services, &mira, collection_id).await, [b, d, c]);

    // A work is in as many collections as one likes, and stays when one of them goes.
    let other = made(&services, &mira, "Water", &[b]).await;
    let in_two = with_work(&services, &mira, b).await.unwrap();
    assert_eq!(in_two.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [collection_id, other]);
    remove(&services, &mira, other).await.unwrap();
    assert_eq!(with_work(&services, &mira, b).await.unwrap().len(), 1);
    assert!(assets::get(&services, &mira, b).await.is_ok());

    // Of somebody else nothing is added, taken out, changed or seen.
    let theirs = work(&services, &theo, "Theirs.").await;
    assert_eq!(code(add(&services, &mira, collection_id, &[a, theirs]).await), "not_found");
    assert_eq!(held(&services, &mira, collection_id).await, [b, d, c]);
    assert_eq!(code(add(&services, &theo, collection_id, &[theirs]).await), "not_found");
    assert_eq!(code(take_out(&services, &theo, collection_id, &[b]).await), "not_found");
    assert_eq!(code(get(&services, &theo, collection_id).await), "not_found");
    assert_eq!(code(remove(&services, &theo, collection_id).await), "not_found");
    assert!(with_work(&services, &theo, b).await.unwrap().is_empty());
    let again = NewCollection { collection_id, typed: typed("Mine"), works: vec![] };
    assert_eq!(code(make(&services, &theo, again).await), "not_found");
}

#[sqlx::test]
async fn the_database_keeps_works_of_others_out(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let collection_id = made(&services, &mira, "Salt", &[]).await;
    let theirs = work(&services, &theo, "Theirs.").await;
    for org_id in [mira.org_id(), theo.org_id()] {
        let inserted = sqlx::query(
            "insert into collection_work (collection_id, asset_id, org_id, place, added_at)
             values ($1, $2, $3, 1, now())",
        )
        .bind(collection_id.uuid())
        .bind(theirs.uuid())
        .bind(org_id.map(OrgId::uuid))
        .execute(&services.pool)
        .await;
        assert!(inserted.is_err());
    }
}

#[sqlx::test]
async fn a_form_sent_twice_makes_one_collection(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let ids = works(&services, &mira, 2).await;
    let new = NewCollection { collection_id: mint(), typed: typed("Salt"), works: ids };
    let at_once = (0..6).map(|_| make(&services, &mira, new.clone()));
    for answer in futures::future::join_all(at_once.collect::<Vec<_>>()).await {
        answer.unwrap();
    }
    let listed = list(&services, &mira).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].works, listed[0].shown), (2, 0));
}

#[sqlx::test]
async fn whoever_edits_or_arranges_second_is_told(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let [a, b, c] = works(&services, &mira, 3).await.try_into().unwrap();
    let collection_id = made(&services, &mira, "Salt", &[a, b]).await;
    let editing =
        |revision, title: &str| EditCollection { collection_id, revision, typed: typed(title) };
    edit(&services, &mira, editing(1, "First")).await.unwrap();
    assert_eq!(code(edit(&services, &mira, editing(1, "Second")).await), "edited_meanwhile");
    edit(&services, &mira, editing(1, "First")).await.unwrap();
    edit(&services, &mira, editing(2, "Second")).await.unwrap();
    let collection = get(&services, &mira, collection_id).await.unwrap();
    assert_eq!((collection.revision, collection.about.title.as_str()), (3, "Second"));

    let arranging = |arrangement, places: &[AssetId]| Arrangement {
        collection_id,
        arrangement,
        places: (1..).zip(places).map(|(place, id)| (*id, place)).collect(),
    };
    // Somebody adds a work meanwhile: that is no quarrel.
    add(&services, &mira, collection_id, &[c]).await.unwrap();
    arrange(&services, &mira, arranging(1, &[b, a])).await.unwrap();
    assert_eq!(held(&services, &mira, collection_id).await, [b, a, c]);
    let second = arrange(&services, &mira, arranging(1, &[c, b, a])).await;
    assert_eq!(code(second), "arranged_meanwhile");
    arrange(&services, &mira, arranging(1, &[b, a])).await.unwrap();
    arrange(&services, &mira, arranging(2, &[c, b, a])).await.unwrap();
    assert_eq!(held(&services, &mira, collection_id).await, [c, b, a]);
}

#[sqlx::test]
async fn at_once_nothing_is_lost_or_doubled(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let ids = works(&services, &mira, 8).await;
    let collection_id = made(&services, &mira, "Salt", &[]).await;
    let adding: Vec<_> =
        ids.chunks(2).map(|pair| add(&services, &mira, collection_id, pair)).collect();
    for added in futures::future::join_all(adding).await {
        assert_eq!(added.unwrap(), 2);
    }
    let mut there = held(&services, &mira, collection_id).await;
    there.sort();
    let mut all = ids;
    all.sort();
    assert_eq!(there, all);
}

#[sqlx::test]
async fn strangers_see_what_is_listed_and_on_offer(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let visitor = Actor { who: Who::Visitor, request_id: mint() };
    let key = CursorKey::new(&[7; 32]);
    let bare = work(&services, &mira, "Not on offer.").await;
    let sold = offered(&services, &mira, "training").await;
    let second = offered(&services, &mira, "answers").await;
    let collection_id = made(&services, &mira, "Harbour lights", &[second, bare, sold]).await;
    let every = Search::default();
    let seen = async |actor: &Actor, search: &Search| {
        catalogue::collection(&services, &key, actor, search, collection_id, None).await
    };
    let ids = |page: &catalogue::Page| -> Vec<AssetId> {
        page.works.iter().map(|work| work.asset_id).collect()
    };
    for actor in [&visitor, &theo, &mira] {
        let shown = seen(actor, &every).await.unwrap();
        assert_eq!((ids(&shown.works), shown.holds), (vec![second, sold], 3), "in its order");
        assert_eq!(shown.own, actor == &mira);
    }
    let training =
        Search { scope: Some(crate::domain::terms::Scope::Training), ..Search::default() };
    assert_eq!(ids(&seen(&visitor, &training).await.unwrap().works), [sold]);
    let within = Search { collection: Some(collection_id), ..Search::default() };
    let facets = catalogue::facets(&services, &visitor, &within).await.unwrap();
    assert_eq!(facets.kinds.iter().map(|(_, works)| works).sum::<i64>(), 2);

    // It is found by its words, by its works, by its creator, and by search engines.
    let named = Search { typed: "harbor lihgts".into(), ..Search::default() };
    let found = catalogue::matching(&services, &visitor, &named).await.unwrap();
    assert_eq!((found.len(), found[0].works), (1, 2));
    assert!(catalogue::matching(&services, &visitor, &every).await.unwrap().is_empty());
    assert_eq!(catalogue::collections_with(&services, &visitor, sold).await.unwrap().len(), 1);
    assert!(catalogue::collections_with(&services, &visitor, bare).await.unwrap().len() == 1);
    let creator = catalogue::creator(&services, &key, &visitor, "mira").await.unwrap();
    assert_eq!(creator.collections, found);
    let (_, collections) = storefront::listed(&services, &visitor).await.unwrap();
    assert_eq!(collections.len(), 1);
    let on_show = |found: Vec<Found>| {
        found.into_iter().filter(|each| matches!(each, Found::OnShow { .. })).count()
    };
    assert_eq!(on_show(find::find(&services, &visitor, "HARBOUR").await.unwrap()), 1);

    for (visibility, listed, by_link) in [
        (Visibility::Unlisted, false, true),
        (Visibility::Private, false, false),
        (Visibility::Listed, true, true),
    ] {
        let now = get(&services, &mira, collection_id).await.unwrap();
        let typed =
            TypedAbout { visibility: visibility.as_str().into(), ..typed("Harbour lights") };
        let edited = EditCollection { collection_id, revision: now.revision, typed };
        edit(&services, &mira, edited).await.unwrap();
        assert_eq!(seen(&visitor, &every).await.is_ok(), by_link, "{visibility}");
        assert!(seen(&mira, &every).await.is_ok(), "it is their own");
        let lists = [
            catalogue::collections(&services, &visitor).await.unwrap().len(),
            catalogue::matching(&services, &visitor, &named).await.unwrap().len(),
            catalogue::collections_with(&services, &visitor, sold).await.unwrap().len(),
            storefront::listed(&services, &visitor).await.unwrap().1.len(),
            on_show(find::find(&services, &visitor, "harbour").await.unwrap()),
        ];
        assert_eq!(lists, [usize::from(listed); 5], "{visibility}");
    }

    // Once nothing of it is listed, it is there for its owner alone.
    for asset_id in [sold, second] {
        let now = assets::get(&services, &mira, asset_id).await.unwrap();
        let typed = TypedParticulars {
            title: now.particulars.title,
            attribution: now.particulars.attribution,
            kind: "text".into(),
            visibility: "private".into(),
            ..TypedParticulars::default()
        };
        let edit = assets::Edit { asset_id, revision: now.revision, typed };
        assets::edit(&services, &mira, edit).await.unwrap();
    }
    assert_eq!(code(seen(&visitor, &every).await), "not_found");
    assert_eq!(code(seen(&theo, &every).await), "not_found");
    let own = seen(&mira, &every).await.unwrap();
    assert_eq!((own.works.total, own.holds), (0, 3));
    assert!(catalogue::collections(&services, &visitor).await.unwrap().is_empty());
}
