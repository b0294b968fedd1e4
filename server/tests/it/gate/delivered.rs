//! Content on its way: whole, broken off, not as promised, asked for twice at once.

use super::*;

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn large_content_arrives_whole(pool: PgPool) {
    let world = World::new(pool).await;
    for length in [64 * 1024, 64 * 1024 + 1, 5_000_000] {
        let bytes: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
        let sale = world.sale(bytes, PLENTY).await;
        let response = world.fetch(&sale).send().await.unwrap();
        let receipt = world.receipt(&response).await;
        assert_eq!(ContentId::of(&response.bytes().await.unwrap()), sale.content_id);
        assert!(world.stored().await.contains(&receipt.receipt_id));
    }
    world.gate.close().await;
}

/// Larger than what sockets hold on the way, so that the last bytes cannot have been accepted.
fn more_than_sockets_hold() -> Vec<u8> {
    vec![7; 64 * 1024 * 1024]
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_client_that_leaves_half_way_is_not_billed(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(more_than_sockets_hold(), Limits { units: 1, ..PLENTY }).await;
    let mut client =
        TcpStream::connect(world.base_url.trim_start_matches("http://")).await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {}\r\n\r\n",
        sale.path(),
        sale.secret.reveal()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut begun = vec![0; 100_000];
    client.read_exact(&mut begun).await.unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 200 OK"));
    let while_sending = world.head(&sale.path()).bearer_auth(sale.secret.reveal()).send();
    assert_eq!(while_sending.await.unwrap().status(), 429, "its unit is set aside");
    drop(client);
    until("the unit is given back", async || {
        let head = world.head(&sale.path()).bearer_auth(sale.secret.reveal());
        head.send().await.unwrap().status() == 200
    })
    .await;
    assert!(world.stored().await.is_empty());
    assert_eq!(totals(&world).await, Totals::default());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn content_that_is_not_as_promised_is_never_delivered(pool: PgPool) {
    let world = World::new(pool).await;
    let place = |sale: &Sale| {
        let hex = sale.content_id.hex();
        Path::from(format!("content/{}/{hex}", &hex[..2]))
    };
    for length in [100, 200_000, 5_000_000] {
        let sale = world.sale(vec![1; length], PLENTY).await;
        let mut altered = vec![1; length];
        altered[length / 2] = 2;
        for wrong in [vec![1; length - 1], vec![1; length + 1], vec![], altered] {
            let kept = wrong.len();
            world.store.put(&place(&sale), wrong.into()).await.unwrap();
            // Cut off, or refused where nothing had left yet.
            let cut = match world.fetch(&sale).send().await {
                Err(_) => true,
                Ok(answer) if answer.status() == 200 => answer.bytes().await.is_err(),
                Ok(answer) => problem(answer).await == (503, "content_unavailable".to_owned()),
            };
            assert!(cut, "{kept} bytes instead of {length}");
        }
        world.store.delete(&place(&sale)).await.unwrap();
        let gone = world.fetch(&sale).send().await.unwrap();
        assert_eq!(problem(gone).await, (503, "content_unavailable".to_owned()));
    }
    assert!(world.stored().await.is_empty());
    assert_eq!(totals(&world).await, Totals::default());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_same_content_at_once_is_billed_once(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(b"Salt was the first road.".to_vec(), PLENTY).await;
    let fetches = (0..50).map(|_| async {
        let response = world.fetch(&sale).send().await.unwrap();
        let receipt = world.receipt(&response).await.receipt_id;
        assert_eq!(response.bytes().await.unwrap(), sale.bytes);
        receipt
    });
    let mut receipts = futures::future::join_all(fetches).await;
    receipts.sort_unstable();
    assert_eq!(world.stored().await, receipts);
    assert_eq!(
        totals(&world).await,
        Totals {
            calls: 50,
            pages: 50,
            bytes: 1200,
            training_examples: 50,
            billable_units: 1,
            ..Totals::default()
        }
    );
    let repeats: i64 =
        sqlx::query_scalar("select count(*) from usage_event where free_reason = 'repeat'")
            .fetch_one(&world.services.pool)
            .await
            .unwrap();
    assert_eq!(repeats, 49);
    world.gate.close().await;
}
