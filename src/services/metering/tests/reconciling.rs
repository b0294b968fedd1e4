use super::*;

/// Two works, two months, a repeat in each.
async fn written(world: &World) -> [Sale; 2] {
    let sales = [world.sale(10, None).await, world.sale(10, None).await];
    for sale in &sales {
        let base = observed(world, sale);
        let later = base.occurred_at + TimeDelta::days(40);
        let batch: Vec<Observed> = [base.occurred_at, base.occurred_at, later, later]
            .map(|occurred_at| Observed { usage_event_id: mint(), occurred_at, ..base.clone() })
            .into();
        write(world, &batch).await;
    }
    world.assert_books_balance().await;
    sales
}

fn said(proof: &Proof) -> Vec<String> {
    let failed = proof.checks.iter().filter(|check| check.differing > 0);
    failed.flat_map(|check| check.differences.iter().map(ToString::to_string)).collect()
}

#[sqlx::test]
async fn one_unit_too_many_is_named(pool: PgPool) {
    let world = World::new(pool).await;
    let [sale, _] = written(&world).await;
    for (table, grain, bucket) in [
        ("usage_hour", "hour", "2026-03-02T10:00Z"),
        ("usage_day", "day", "2026-03-02T00:00Z"),
        ("usage_month", "month", "2026-03-01T00:00Z"),
    ] {
        let change = |by: &str| {
            sqlx::AssertSqlSafe(format!(
                "update {table} set billable_units = billable_units {by} where license_id = '{}'
                 and bucket < '2026-04-01T00:00:00Z'",
                sale.license_id.uuid()
            ))
        };
        sqlx::query(change("+ 1")).execute(world.pool()).await.unwrap();
        let proof = reconcile(&world.services.pool, None, None).await.unwrap();
        assert_eq!(proof.checks.iter().map(|check| check.differing).sum::<i64>(), 1);
        let line = format!(
            "{grain} {bucket} license {} training region=\"\" model=\"\" class=\"\": \
             billable_units is 2, its events add up to 1",
            sale.license_id
        );
        assert_eq!(said(&proof), [line]);
        let from = Some("2026-04-01T00:00:00Z".parse().unwrap());
        assert!(reconcile(&world.services.pool, from, None).await.unwrap().holds());
        assert!(!reconcile(&world.services.pool, None, from).await.unwrap().holds());
        sqlx::query(change("- 1")).execute(world.pool()).await.unwrap();
    }
    world.assert_books_balance().await;
}

#[sqlx::test]
async fn whatever_is_missing_or_too_much_is_named(pool: PgPool) {
    let world = World::new(pool).await;
    written(&world).await;
    for (sql, expected) in [
        ("delete from usage_hour where bucket > '2026-04-01Z'", "calls is 0, its events add up to 2"),
        (
            "insert into usage_day select bucket + interval '1 day', license_id, scope, region, model,
                 consumer_class, org_id, creator_org_id, asset_id, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
             from usage_day",
            "calls is 1, its events add up to 0",
        ),
        (
            "alter table billed_unit disable trigger all; delete from billed_unit",
            "it is billed, and its unit is not",
        ),
        (
            "alter table billed_unit disable trigger all; delete from billed_unit",
            "it is a repeat of nothing",
        ),
        (
            "insert into billed_unit select org_id, gen_random_uuid(), false, occurred_at, usage_event_id
             from usage_event",
            "its unit is billed, and it is no billed event",
        ),
        (
            "alter table usage_event disable trigger all;
             alter table usage_event_2026_03 disable trigger all;
             update usage_event_2026_03 set sender_org_id = null",
            "it has no receipt",
        ),
    ] {
        let mut tx = world.pool().begin().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
        let proof = reconcile::prove(&mut tx, None, None).await.unwrap();
        assert!(!proof.holds());
        let said = said(&proof);
        assert!(said.iter().any(|line| line.ends_with(expected)), "{expected}: {said:#?}");
        tx.rollback().await.unwrap();
    }
    world.assert_books_balance().await;
}
