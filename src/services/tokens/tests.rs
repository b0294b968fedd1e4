//! Tokens on a real database: within what the license grants, counted, shown once.

use sqlx::PgPool;

use super::*;
use crate::domain::actor::Who;
use crate::services::{
    licenses, mint,
    testing::{self, TestClock, acceptance, code, offered, owner},
};

struct Stage {
    services: Services,
    clock: std::sync::Arc<TestClock>,
    acme: Actor,
    license_id: LicenseId,
}

async fn stage(pool: PgPool) -> Stage {
    let (services, clock) = testing::services(pool);
    let (mira, acme) = (owner(&services, "mira").await, owner(&services, "acme").await);
    let asset_id = offered(&services, &mira, "training").await;
    let accepted = acceptance(&services, asset_id).await;
    let license_id = licenses::accept(&services, &acme, accepted).await.unwrap();
    Stage { services, clock, acme, license_id }
}

impl Stage {
    fn new_token(&self) -> NewToken {
        NewToken {
            token_id: mint(),
            license_id: self.license_id,
            name: "crawler".into(),
            scopes: vec![Scope::Training],
            expires_in_days: Some(1),
            limits: TypedLimits::default(),
        }
    }

    async fn create(&self, new: NewToken) -> Result<Option<TokenSecret>> {
        create(&self.services, &self.acme, new).await
    }
}

#[sqlx::test]
async fn a_license_has_at_most_a_hundred_live_tokens(pool: PgPool) {
    let stage = stage(pool).await;
    for _ in 1..TOKENS_PER_LICENSE_MAX {
        stage.create(stage.new_token()).await.unwrap();
    }
    let at_once = (0..4).map(|_| stage.create(stage.new_token()));
    let answers = futures::future::join_all(at_once).await;
    let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((created.len(), refused.len()), (1, 3));
    assert!(refused.into_iter().all(|answer| code(answer) == "too_many_tokens"));

    // One that is revoked makes room, and so do all that have ended.
    let tokens = list(&stage.services, &stage.acme, stage.license_id).await.unwrap();
    revoke(&stage.services, &stage.acme, tokens[0].token_id).await.unwrap();
    stage.create(stage.new_token()).await.unwrap();
    assert_eq!(code(stage.create(stage.new_token()).await), "too_many_tokens");
    stage.clock.advance(std::time::Duration::from_secs(24 * 3600));
    assert!(tokens.iter().all(|token| !token.is_live(stage.services.now())));
    stage.create(stage.new_token()).await.unwrap();
}

#[sqlx::test]
async fn a_token_stays_within_its_license(pool: PgPool) {
    let stage = stage(pool).await;
    for scopes in [vec![], vec![Scope::Inference], vec![Scope::Training, Scope::Inference]] {
        let answer = stage.create(NewToken { scopes, ..stage.new_token() }).await;
        assert_eq!(answer.unwrap_err().refusal().unwrap().field.as_deref(), Some("scopes"));
    }
    let nothing = NewToken { license_id: mint(), ..stage.new_token() };
    assert_eq!(code(stage.create(nothing).await), "not_found");
    sqlx::query!("update license set state = 'revoked'")
        .execute(&stage.services.pool)
        .await
        .unwrap();
    assert_eq!(code(stage.create(stage.new_token()).await), "license_over");
}

#[sqlx::test]
async fn a_secret_is_shown_once_and_kept_nowhere(pool: PgPool) {
    let stage = stage(pool).await;
    let new = stage.new_token();
    let token_id = new.token_id;
    let again = NewToken { token_id, ..stage.new_token() };
    let secret = stage.create(new).await.unwrap().unwrap();
    assert_eq!(stage.create(again).await.unwrap(), None);
    let kept = sqlx::query_scalar!(
        r#"select concat((select string_agg(access_token::text, '') from access_token),
                         (select string_agg(event::text, '') from event)) as "kept!""#
    );
    let kept = kept.fetch_one(&stage.services.pool).await.unwrap();
    assert!(kept.contains(secret.prefix()) && kept.contains(&token_id.uuid().to_string()));
    let digits = &secret.reveal()[secret.prefix().len()..];
    assert!(!kept.contains(digits));
}

#[sqlx::test]
async fn a_use_named_often_is_kept_once(pool: PgPool) {
    let stage = stage(pool).await;
    let scopes = [Scope::Preview, Scope::Training].repeat(65_000);
    let created = stage.create(NewToken { scopes, ..stage.new_token() }).await;
    assert!(created.unwrap().is_some());
    let kept = &list(&stage.services, &stage.acme, stage.license_id).await.unwrap()[0].scopes;
    assert_eq!(kept, &[Scope::Training, Scope::Preview]);
    let many = sqlx::query!("update access_token set scopes = array_fill('training'::text, '{9}')");
    let refused = many.execute(&stage.services.pool).await.unwrap_err();
    let refused = refused.into_database_error().unwrap();
    assert_eq!(refused.constraint(), Some("access_token_scopes_check"));
}

#[sqlx::test]
async fn a_form_sent_again_for_another_license_is_refused(pool: PgPool) {
    let stage = stage(pool).await;
    let new = stage.new_token();
    let token_id = new.token_id;
    stage.create(new).await.unwrap();
    let mira = owner(&stage.services, "mira's other").await;
    let asset_id = offered(&stage.services, &mira, "training").await;
    let accepted = acceptance(&stage.services, asset_id).await;
    let license_id = licenses::accept(&stage.services, &stage.acme, accepted).await.unwrap();
    let again = NewToken { token_id, license_id, ..stage.new_token() };
    assert_eq!(code(stage.create(again).await), "form_sent_before");
    assert!(list(&stage.services, &stage.acme, license_id).await.unwrap().is_empty());
}

#[sqlx::test]
async fn a_token_is_revoked_even_by_an_organization_that_buys_no_more(pool: PgPool) {
    let stage = stage(pool).await;
    let new = stage.new_token();
    let token_id = new.token_id;
    stage.create(new).await.unwrap();
    let mut sells = stage.acme.clone();
    let Who::Member(member) = &mut sells.who else { panic!("{sells:?}") };
    member.sides.buyer = false;
    assert_eq!(code(create(&stage.services, &sells, stage.new_token()).await), "not_a_buyer");
    revoke(&stage.services, &sells, token_id).await.unwrap();
    let tokens = list(&stage.services, &sells, stage.license_id).await.unwrap();
    assert!(tokens[0].revoked_at.is_some());
}

#[sqlx::test]
async fn a_token_keeps_its_limits(pool: PgPool) {
    let stage = stage(pool).await;
    for (limits, field) in [
        (TypedLimits { domains: "https://a.example".into(), ..Default::default() }, "domains"),
        (TypedLimits { jobs: "run\u{7}".into(), ..Default::default() }, "jobs"),
        (TypedLimits { jobs: "run\n".repeat(51), ..Default::default() }, "jobs"),
    ] {
        let refused = stage.create(NewToken { limits, ..stage.new_token() }).await.unwrap_err();
        assert_eq!(refused.refusal().unwrap().field.as_deref(), Some(field));
    }
    let limits = TypedLimits {
        domains: "News.Example\r\n\r\n*.press.example\r\n".into(),
        jobs: " run-2 \nrun-1\nrun-2".into(),
        requires_nonce: true,
    };
    let expected = limits.parse().unwrap();
    stage.create(NewToken { limits, ..stage.new_token() }).await.unwrap();
    let kept = list(&stage.services, &stage.acme, stage.license_id).await.unwrap();
    assert_eq!((kept.len(), &kept[0].limits), (1, &expected));
    assert_eq!((expected.domains.len(), expected.jobs.len()), (2, 2));
}

#[sqlx::test]
async fn a_rotation_keeps_what_the_token_may_do_and_happens_once(pool: PgPool) {
    let stage = stage(pool).await;
    let limits = TypedLimits { jobs: "run-1".into(), ..Default::default() };
    let new = NewToken { limits, expires_in_days: Some(30), ..stage.new_token() };
    let old = new.token_id;
    let first_secret = stage.create(new).await.unwrap().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    stage.clock.advance(hour);
    let now = stage.services.now();
    let rotation = Rotation { token_id: mint(), old, overlap_days: 2 };
    let turn = |rotation| rotate(&stage.services, &stage.acme, rotation);
    let at_once = futures::future::join_all((0..4).map(|_| turn(rotation))).await;
    let secrets: Vec<_> = at_once.into_iter().map(|answer| answer.unwrap()).collect();
    assert!(secrets.iter().all(|(license_id, _)| *license_id == stage.license_id));
    let secrets: Vec<_> = secrets.into_iter().filter_map(|(_, secret)| secret).collect();
    assert_eq!(secrets.len(), 1, "the secret is shown once");
    assert_ne!(secrets[0], first_secret);

    let tokens = list(&stage.services, &stage.acme, stage.license_id).await.unwrap();
    let [fresh, before] = &tokens[..] else { panic!("{tokens:?}") };
    assert_eq!((fresh.token_id, before.token_id), (rotation.token_id, old));
    assert_eq!(
        (&fresh.name, &fresh.scopes, &fresh.limits),
        (&before.name, &before.scopes, &before.limits)
    );
    assert_eq!(fresh.expires_at, Some(now + TimeDelta::days(30)));
    assert_eq!(before.expires_at, Some(now + TimeDelta::days(2)));
    assert!(before.rotated && !fresh.rotated);

    let other = Rotation { token_id: mint(), ..rotation };
    assert_eq!(code(turn(other).await), "token_rotated");
    let later = Rotation { old: rotation.token_id, ..rotation };
    assert_eq!(code(turn(later).await), "form_sent_before");
    stage.clock.advance(48 * hour);
    assert_eq!(code(turn(other).await), "token_over");
}

#[sqlx::test]
async fn what_is_over_or_somebody_elses_is_not_rotated(pool: PgPool) {
    let stage = stage(pool).await;
    let new = stage.new_token();
    let rotation = Rotation { token_id: mint(), old: new.token_id, overlap_days: 0 };
    stage.create(new).await.unwrap();
    let long = Rotation { overlap_days: OVERLAP_DAYS_MAX + 1, ..rotation };
    let refused = rotate(&stage.services, &stage.acme, long).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().field.as_deref(), Some("overlap"));
    let foreign = owner(&stage.services, "foreign").await;
    assert_eq!(code(rotate(&stage.services, &foreign, rotation).await), "not_found");
    rotate(&stage.services, &stage.acme, rotation).await.unwrap();
    let tokens = list(&stage.services, &stage.acme, stage.license_id).await.unwrap();
    let old = tokens.iter().find(|token| token.token_id == rotation.old).unwrap();
    assert!(!old.is_live(stage.services.now()), "without an overlap it ends at once");
    revoke(&stage.services, &stage.acme, rotation.token_id).await.unwrap();
    let revoked = Rotation { token_id: mint(), old: rotation.token_id, overlap_days: 1 };
    assert_eq!(code(rotate(&stage.services, &stage.acme, revoked).await), "token_over");
    sqlx::query!("update license set state = 'revoked'")
        .execute(&stage.services.pool)
        .await
        .unwrap();
    assert_eq!(code(rotate(&stage.services, &stage.acme, revoked).await), "license_over");
}
