//! Bytes have one owner; whoever brings them second raises a claim that both sides see.

use sqlx::PgPool;

use super::*;

#[sqlx::test]
async fn bytes_of_somebody_else_raise_a_claim_that_both_see(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    let asset_id = work(&services, &mira, "Salt.").await;
    let copy = uploaded(&services, mint(), "Salt.").await;
    let raised = register(&services, &theo, copy).await.unwrap();
    let Registered::Claim(claim_id) = raised else { panic!("{raised:?}") };
    assert_eq!(code(raised.work()), "content_claimed");
    let again = uploaded(&services, mint(), "Salt.").await;
    assert_eq!(register(&services, &theo, again).await.unwrap(), raised, "one claim is enough");
    assert!(list(&services, &theo).await.unwrap().is_empty());
    assert!(is_kept(&services, "Salt.").await);

    let theirs = claims(&services, &theo).await.unwrap();
    let ours = claims(&services, &mira).await.unwrap();
    assert_eq!((theirs.len(), ours.len()), (1, 1));
    assert!(theirs[0].raised_by_us && theirs[0].about.is_none());
    assert_eq!(ours[0].claimant, "theo");
    assert_eq!(ours[0].about.as_ref().map(|(asset_id, _)| *asset_id), Some(asset_id));

    assert_eq!(code(withdraw_claim(&services, &mira, claim_id).await), "not_found");
    withdraw_claim(&services, &theo, claim_id).await.unwrap();
    withdraw_claim(&services, &theo, claim_id).await.unwrap();
    assert!(claims(&services, &mira).await.unwrap()[0].withdrawn_at.is_some());

    assert_eq!(code(reopen_claim(&services, &mira, claim_id).await), "not_found");
    reopen_claim(&services, &theo, claim_id).await.unwrap();
    reopen_claim(&services, &theo, claim_id).await.unwrap();
    assert!(claims(&services, &mira).await.unwrap()[0].withdrawn_at.is_none());
    withdraw_claim(&services, &theo, claim_id).await.unwrap();
    let once_more = uploaded(&services, mint(), "Salt.").await;
    let once_more = register(&services, &theo, once_more).await.unwrap();
    assert!(matches!(once_more, Registered::Claim(id) if id != claim_id));
    // What was claimed anew stays claimed once.
    reopen_claim(&services, &theo, claim_id).await.unwrap();
    let open = claims(&services, &theo).await.unwrap();
    assert_eq!(open.iter().filter(|claim| claim.withdrawn_at.is_none()).count(), 1);
}

#[sqlx::test]
async fn a_version_of_somebody_elses_bytes_raises_a_claim(pool: PgPool) {
    let (services, _) = testing::services(pool);
    let (mira, theo) = (owner(&services, "mira").await, owner(&services, "theo").await);
    work(&services, &mira, "Salt.").await;
    let asset_id = work(&services, &theo, "Pepper.").await;
    let NewAsset { staged, file_name, .. } = uploaded(&services, mint(), "Salt.").await;
    let new = NewVersion { version_id: mint(), asset_id, file_name, staged };
    let raised = add_version(&services, &theo, new).await.unwrap();
    assert!(matches!(raised, Registered::Claim(_)));
    assert_eq!(get(&services, &theo, asset_id).await.unwrap().versions.len(), 1);
    let events: i64 = sqlx::query_scalar("select count(*) from event where name = 'claim.raised'")
        .fetch_one(&services.pool)
        .await
        .unwrap();
    assert_eq!(events, 2, "one for each side");
}
