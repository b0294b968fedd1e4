//! From the folder into the books.

use super::*;

#[sqlx::test]
async fn what_is_kept_comes_into_the_books_and_leaves_the_folder(pool: PgPool) {
    let room = Room::new(pool).await;
    let outbox = room.open().await;
    let receipts: Vec<Receipt> = (0..50).map(|_| room.receipt()).collect();
    let kept = receipts.iter().map(|receipt| room.keep(&outbox, receipt));
    futures::future::try_join_all(kept).await.unwrap();
    outbox.settled().await;
    assert_eq!(room.stored().await, ids(&receipts));
    assert_eq!(outbox.status().receipts, 0);
    assert!(outbox.recent(room.sale.license_id, receipts[0].receipt_id).is_none());
    outbox.close().await;
    assert_eq!(room.files(), ["lock"]);
    room.world.assert_books_balance().await;
}

#[sqlx::test]
async fn a_receipt_can_be_asked_for_before_it_is_in_the_books(pool: PgPool) {
    let room = Room::new(pool).await;
    let outbox = room.open().await;
    room.fate("alter table receipt rename to gone").await;
    let receipt = room.receipt();
    room.keep(&outbox, &receipt).await.unwrap();
    let found = outbox.recent(receipt.license_id, receipt.receipt_id).unwrap();
    assert_eq!(&*found, room.entry(&receipt).jws);
    assert!(outbox.recent(mint(), receipt.receipt_id).is_none(), "not for another license");
    assert_eq!(outbox.status().receipts, 1);
    room.fate("alter table gone rename to receipt").await;
    outbox.settled().await;
    assert_eq!(room.stored().await, [receipt.receipt_id]);
    outbox.close().await;
}

#[sqlx::test]
async fn what_a_killed_process_left_is_loaded_once_however_often(pool: PgPool) {
    let room = Room::new(pool).await;
    let receipts: Vec<Receipt> = (0..5).map(|_| room.receipt()).collect();
    let frames = room.frames(&receipts);
    for _ in 0..3 {
        room.leave(3, &frames[..3].concat());
        // The last one was not written to its end.
        room.leave(4, &[&frames[3][..], &frames[4][..20]].concat());
        let outbox = room.open().await;
        assert_eq!(room.stored().await, ids(&receipts[..4]));
        assert_eq!(room.files(), ["lock"]);
        outbox.close().await;
    }
    room.world.assert_books_balance().await;
}

#[sqlx::test]
async fn what_cannot_be_read_is_set_aside_and_the_rest_is_loaded(pool: PgPool) {
    let room = Room::new(pool).await;
    let receipts: Vec<Receipt> = (0..4).map(|_| room.receipt()).collect();
    let mut frames = room.frames(&receipts);
    frames[1][40] ^= 1;
    room.leave(1, &frames[..3].concat());
    room.leave(2, &frames[3]);
    let outbox = room.open().await;
    let others = [0, 2, 3].map(|at| receipts[at].clone());
    assert_eq!(room.stored().await, ids(&others));
    assert_eq!(room.files(), ["00000000000000000001.damaged", "lock"]);
    outbox.close().await;
}

#[sqlx::test]
async fn what_the_books_refuse_is_set_aside_and_the_rest_is_loaded(pool: PgPool) {
    let room = Room::new(pool).await;
    let outbox = room.open().await;
    let mut receipts: Vec<Receipt> = (0..20).map(|_| room.receipt()).collect();
    receipts[7].license_id = mint();
    let kept = receipts.iter().map(|receipt| room.keep(&outbox, receipt));
    futures::future::try_join_all(kept).await.unwrap();
    outbox.settled().await;
    let refused = receipts.remove(7);
    assert_eq!(room.stored().await, ids(&receipts));
    let rejects = fs::read_to_string(room.settings.dir.join("rejects")).unwrap();
    assert_eq!(rejects.lines().count(), 1);
    assert!(rejects.contains(&room.entry(&refused).jws));
    room.world.assert_books_balance().await;
    outbox.close().await;
}

#[sqlx::test]
async fn only_one_process_has_the_folder(pool: PgPool) {
    let room = Room::new(pool).await;
    let outbox = room.open().await;
    let Err(refused) = Outbox::open(&room.backroom, &room.settings).await else {
        panic!("two have it");
    };
    assert_eq!(refused.refusal().unwrap().code, "outbox_in_use");
    outbox.close().await;
    room.open().await.close().await;
}

#[sqlx::test]
async fn a_full_outbox_takes_nothing_more_until_the_books_take_it(pool: PgPool) {
    let mut room = Room::new(pool).await;
    room.settings.bytes_max = 32 * 1024;
    let outbox = room.open().await;
    room.fate("alter table receipt rename to gone").await;
    let mut receipts = Vec::new();
    while outbox.room().is_ok() {
        let receipt = room.receipt();
        room.keep(&outbox, &receipt).await.unwrap();
        receipts.push(receipt);
    }
    assert_eq!(outbox.room().unwrap_err().code, "outbox_full");
    assert!((20..60).contains(&receipts.len()), "{}", receipts.len());
    room.fate("alter table gone rename to receipt").await;
    outbox.settled().await;
    assert!(outbox.room().is_ok());
    assert_eq!(room.stored().await, ids(&receipts));
    outbox.close().await;
}

#[sqlx::test]
async fn only_bad_data_and_broken_constraints_are_about_rows(pool: PgPool) {
    for (raised, about_rows) in [
        ("do $$ begin raise sqlstate '22003'; end $$", true),
        ("do $$ begin raise sqlstate '23503'; end $$", true),
        ("do $$ begin raise sqlstate '23514'; end $$", true),
        ("do $$ begin raise sqlstate '40001'; end $$", false),
        ("do $$ begin raise sqlstate '40P01'; end $$", false),
        ("do $$ begin raise sqlstate '42P01'; end $$", false),
        ("do $$ begin raise sqlstate '53100'; end $$", false),
        ("do $$ begin raise sqlstate '57P01'; end $$", false),
        ("do $$ begin raise sqlstate '58030'; end $$", false),
    ] {
        let error = sqlx::query(raised).execute(&pool).await.unwrap_err();
        assert_eq!(Error::from(error).is_about_rows(), about_rows, "{raised}");
    }
    assert!(!Error::from(sqlx::Error::PoolTimedOut).is_about_rows());
    assert!(!Error::fault("storing receipts", "too late").is_about_rows());
}

#[sqlx::test]
async fn a_receipt_that_begins_where_reading_after_damage_ended_is_loaded(pool: PgPool) {
    let room = Room::new(pool).await;
    let receipts: Vec<Receipt> = (0..6).map(|_| room.receipt()).collect();
    let frames = room.frames(&receipts);
    // At a time 2 MiB are read; damage ends 100 bytes before that, or takes more than one.
    let read = 2 * 1024 * 1024;
    room.leave(1, &[vec![0; read - 100], frames[..3].concat()].concat());
    room.leave(2, &[vec![0; 2 * read + 7], frames[3..].concat()].concat());
    let outbox = room.open().await;
    assert_eq!(room.stored().await, ids(&receipts));
    outbox.close().await;
    assert_eq!(
        room.files(),
        ["00000000000000000001.damaged", "00000000000000000002.damaged", "lock"]
    );
}
