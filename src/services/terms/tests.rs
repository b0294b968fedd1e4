//! Published terms on a real database: versions in a row, and nothing that changes.

use sqlx::PgPool;

use super::*;
use crate::{
    domain::terms::template,
    services::testing::{self, code, owner},
};

fn new(name: &str, replaces: &str) -> NewTerms {
    let typed = TypedTerms::of(&template("training").unwrap().terms);
    NewTerms {
        terms_id: mint(),
        typed: TypedTerms { name: name.into(), ..typed },
        replaces: replaces.into(),
    }
}

#[sqlx::test]
async fn a_new_version_names_the_one_before(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let first = publish(&services, &mira, new("Ours", "")).await.unwrap();
    let second = publish(&services, &mira, new("Ours, again", &first)).await.unwrap();
    let shown = by_digest(&services, &mira, &second).await.unwrap();
    assert_eq!((shown.number, shown.own, shown.after), (2, true, None));
    assert_eq!(shown.before.unwrap().digest, first);
    assert_eq!(by_digest(&services, &mira, &first).await.unwrap().after, Some(second));
    let rows = list(&services, &mira).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.replaced).collect::<Vec<_>>(), [false, true]);
}

#[sqlx::test]
async fn whoever_is_slower_is_told(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let first = publish(&services, &mira, new("Ours", "")).await.unwrap();
    let at_once = (0..6).map(|n| publish(&services, &mira, new(&format!("{n}"), &first)));
    let answers = futures::future::join_all(at_once).await;
    let (done, told): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), told.len()), (1, 5));
    for told in told {
        assert_eq!(code(told), "terms_replaced");
    }
}

#[sqlx::test]
async fn a_form_sent_again_publishes_once(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let mira = owner(&services, "mira").await;
    let form = new("Ours", "");
    let again = || NewTerms { terms_id: form.terms_id, ..new("Ours", "") };
    let at_once = (0..6).map(|_| publish(&services, &mira, again()));
    let digests: Vec<String> =
        futures::future::join_all(at_once).await.into_iter().map(Result::unwrap).collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    assert_eq!(list(&services, &mira).await.unwrap().len(), 1);
    let other = NewTerms { terms_id: form.terms_id, ..new("Others", "") };
    assert_eq!(code(publish(&services, &mira, other).await), "form_sent_before");
    assert_eq!(code(publish(&services, &mira, new("Ours", "")).await), "terms_published");
}

#[sqlx::test]
async fn nobody_continues_what_is_not_theirs(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let first = publish(&services, &mira, new("Ours", "")).await.unwrap();
    assert_eq!(code(publish(&services, &theo, new("Theirs", &first)).await), "not_found");
    assert_eq!(code(publish(&services, &theo, new("Theirs", "nothing")).await), "not_found");
    // The same terms of two organizations have one digest, and each finds its own.
    let same = publish(&services, &theo, new("Ours", "")).await.unwrap();
    assert_eq!(same, first);
    assert!(by_digest(&services, &theo, &same).await.unwrap().own);
    assert!(by_digest(&services, &mira, &same).await.unwrap().own);
}

/// The database holds the same rules.
#[sqlx::test]
async fn versions_are_counted_and_never_changed(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    publish(&services, &mira, new("Ours", "")).await.unwrap();
    let fork = "insert into terms (terms_id, org_id, digest, name, document, created_at, number, replaces_id)
                select gen_random_uuid(), $1, 'sha256:' || repeat('0', 64), 'T', '{}', now(), $2, terms_id
                from terms limit 1";
    for (actor, number, constraint) in [
        (&mira, 1, "terms_first_check"),
        (&mira, 3, "terms_replaces_fkey"),
        (&theo, 2, "terms_replaces_fkey"),
    ] {
        let inserted = sqlx::query(fork)
            .bind(actor.org_id().unwrap().uuid())
            .bind(number)
            .execute(&services.pool)
            .await;
        let error = inserted.unwrap_err();
        let found = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(found, Some(constraint), "{number}");
    }
    for change in ["update terms set name = 'U'", "delete from terms"] {
        assert!(sqlx::query(change).execute(&services.pool).await.is_err(), "{change}");
    }
}
