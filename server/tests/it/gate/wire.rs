//! Ranges, conditions and codings, as RFC 9110 has them.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
use imprimatur::domain::asset::ContentId;
use sqlx::PgPool;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{
    problem, totals,
    world::{Limits, PLENTY, World},
};

fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| b"Salt was the first road. "[n % 25].wrapping_add((n / 4096 % 3) as u8))
        .collect()
}

async fn all(reader: impl AsyncRead) -> Vec<u8> {
    let (mut plain, mut reader) = (Vec::new(), std::pin::pin!(reader));
    reader.read_to_end(&mut plain).await.unwrap();
    plain
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn a_part_comes_with_a_receipt_for_that_part(pool: PgPool) {
    let world = World::new(pool).await;
    for length in [1000, 300_000] {
        let sale = world.sale(text(length), PLENTY).await;
        let last = length - 1;
        for (asked, first, end) in [
            ("bytes=0-99".to_owned(), 0, 99),
            ("bytes=500-".to_owned(), 500, last),
            ("bytes=-100".to_owned(), length - 100, last),
            (format!("bytes=10-{}", length * 2), 10, last),
            ("bytes=0-".to_owned(), 0, last),
        ] {
            let answer = world.fetch(&sale).header("Range", &asked).send().await.unwrap();
            assert_eq!(answer.status(), 206, "{asked}");
            let range = format!("bytes {first}-{end}/{length}");
            assert_eq!(answer.headers()["content-range"], range.as_str(), "{asked}");
            assert_eq!(answer.headers()["content-length"], (end - first + 1).to_string().as_str());
            assert_eq!(answer.headers()["accept-ranges"], "bytes");
            let receipt = world.receipt(&answer).await;
            assert_eq!(receipt.content_id, sale.content_id);
            assert_eq!(receipt.bytes, u64::try_from(end - first + 1).unwrap());
            assert_eq!(receipt.range, Some(range));
            assert_eq!(answer.bytes().await.unwrap(), sale.bytes[first..=end], "{asked}");
        }
        for asked in ["bytes=0-1,5-6", "lines=1-2", "bytes=9-1"] {
            let answer = world.fetch(&sale).header("Range", asked).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{asked}");
            assert_eq!(world.receipt(&answer).await.range, None);
            assert_eq!(answer.bytes().await.unwrap(), sale.bytes, "{asked}");
        }
    }
    let totals = totals(&world).await;
    assert_eq!((totals.calls, totals.billable_units), (16, 2), "one window, however many parts");
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn what_is_not_there_is_refused_for_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(1000), Limits { units: 1, ..PLENTY }).await;
    for asked in ["bytes=1000-", "bytes=2000-3000", "bytes=-0"] {
        let answer = world.fetch(&sale).header("Range", asked).send().await.unwrap();
        assert_eq!(answer.headers()["content-range"], "bytes */1000");
        assert_eq!(problem(answer).await, (416, "range_not_satisfiable".to_owned()));
    }
    let held = format!("\"{}\"", sale.content_id);
    for (name, value, expected) in [
        ("If-Match", "\"x\"", (412, "precondition_failed")),
        ("If-Match", &format!("W/{held}"), (412, "precondition_failed")),
        ("If-Unmodified-Since", "Sun, 22 Nov 2015 07:50:00 GMT", (412, "precondition_failed")),
        ("Accept-Encoding", "identity;q=0, zstd", (406, "not_acceptable")),
        ("Accept-Encoding", "*;q=0", (406, "not_acceptable")),
    ] {
        let answer = world.fetch(&sale).header(name, value).send().await.unwrap();
        let (status, code) = problem(answer).await;
        assert_eq!((status, code.as_str()), expected, "{name}: {value}");
    }
    let head = world.head(&sale.path()).bearer_auth(sale.secret.reveal());
    let head = head.header("Range", "bytes=5000-").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"1000".parse().unwrap())
    );
    let modified = head.headers()["last-modified"].to_str().unwrap().to_owned();
    let seen = world.fetch(&sale).header("If-Modified-Since", &modified).send().await.unwrap();
    assert_eq!((seen.status().as_u16(), seen.bytes().await.unwrap().len()), (304, 0));
    assert!(world.stored().await.is_empty());

    let matching = world.fetch(&sale).header("If-Match", &held).header("Range", "bytes=0-9");
    assert_eq!(matching.send().await.unwrap().status(), 206);
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_interrupted_download_goes_on_if_the_bytes_are_the_same(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(1000), PLENTY).await;
    let head = world.head(&sale.path()).bearer_auth(sale.secret.reveal()).send().await.unwrap();
    let modified = head.headers()["last-modified"].to_str().unwrap();
    let (ours, other) =
        (format!("\"{}\"", sale.content_id), format!("\"{}\"", ContentId::of(b"x")));
    for (if_range, status) in [(ours.as_str(), 206), (modified, 206), (&other, 200), ("x", 200)] {
        let request = world.fetch(&sale).header("Range", "bytes=900-").header("If-Range", if_range);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{if_range}");
        let expected = if status == 206 { &sale.bytes[900..] } else { &sale.bytes[..] };
        assert_eq!(answer.bytes().await.unwrap(), expected);
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn text_is_compressed_and_counted_as_it_is(pool: PgPool) {
    let world = World::new(pool).await;
    for length in [2000, 400_000] {
        let sale = world.sale(text(length), PLENTY).await;
        for coding in ["gzip", "br"] {
            let request = world.fetch(&sale).header("Accept-Encoding", coding);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["content-encoding"], coding);
            assert_eq!(answer.headers()["vary"], "accept-encoding");
            assert_eq!(answer.headers()["accept-ranges"], "none");
            let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
            assert_eq!(etag, format!("\"{};{coding}\"", sale.content_id));
            let receipt = world.receipt(&answer).await;
            assert_eq!(
                (receipt.bytes, receipt.content_id.clone()),
                (length as u64, sale.content_id.clone())
            );
            let packed = answer.bytes().await.unwrap();
            assert!(packed.len() < length / 2, "{} of {length}", packed.len());
            let plain = match coding {
                "gzip" => all(GzipDecoder::new(&packed[..])).await,
                _ => all(BrotliDecoder::new(&packed[..])).await,
            };
            assert_eq!(plain, sale.bytes);
            assert!(world.stored().await.contains(&receipt.receipt_id));

            let again = world.fetch(&sale).header("Accept-Encoding", coding);
            let held = again.header("If-None-Match", &etag).send().await.unwrap();
            assert_eq!(
                (held.status().as_u16(), &held.headers()["etag"]),
                (304, &etag.parse().unwrap())
            );
        }
        let part =
            world.fetch(&sale).header("Accept-Encoding", "gzip").header("Range", "bytes=0-9");
        let part = part.send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert!(!part.headers().contains_key("content-encoding"));
        assert_eq!(part.bytes().await.unwrap(), sale.bytes[..10]);
        let forced = world.fetch(&sale).header("Accept-Encoding", "gzip, identity;q=0");
        let forced = forced.header("Range", "bytes=0-9").send().await.unwrap();
        assert_eq!(
            (forced.status().as_u16(), &forced.headers()["content-encoding"]),
            (200, &"gzip".parse().unwrap())
        );
    }
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn the_rate_is_told_with_every_answer(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(text(100), Limits { rate: 60, ..PLENTY }).await;
    let answer = world.fetch(&sale).send().await.unwrap();
    assert_eq!(answer.headers()["ratelimit-policy"], "\"minute\";q=60;w=60");
    assert_eq!(answer.headers()["ratelimit"], "\"minute\";r=59;t=1");
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "59");
    world.gate.close().await;
}
