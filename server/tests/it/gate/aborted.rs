//! Deliveries that were not complete: never billed, and known by how much went out.

use imprimatur::{
    domain::metering::{Side, Totals},
    services::reports::{self, CursorKey, Failed, FailureFilter, FailureLine},
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::{
    totals, until,
    world::{PLENTY, Sale, World},
};

const MIB: usize = 1024 * 1024;

/// Begins to fetch over a connection that holds little on its way.
async fn begin(world: &World, sale: &Sale, headers: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let address = world.base_url.trim_start_matches("http://").parse().unwrap();
    let mut client = socket.connect(address).await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {}\r\n{headers}\r\n",
        sale.path(),
        sale.secret.reveal()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

async fn read(client: &mut TcpStream, bytes: usize) {
    let mut buffer = vec![0; 64 * 1024];
    let mut got = 0;
    while got < bytes {
        let most = buffer.len().min(bytes - got);
        got += client.read(&mut buffer[..most]).await.unwrap();
    }
}

async fn aborted(world: &World, expected: usize) -> Vec<FailureLine> {
    let mut found = Vec::new();
    until("aborted deliveries are noted", async || {
        world.gate.attempts().flush().await;
        let (key, filter) = (CursorKey::new(&[7; 32]), FailureFilter::of(Failed::Incomplete));
        let (services, side) = (&world.services, Side::Buyer);
        let page = reports::failures(services, &key, &world.buyer, side, &filter, None, 10).await;
        found = page.unwrap().lines;
        found.len() == expected
    })
    .await;
    found
}

/// No compressor makes much less of it.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[(state >> 58) as usize]
    };
    (0..length).map(|_| next()).collect()
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn who_leaves_early_pays_nothing_and_is_known_to_have_left(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(noise(30 * MIB), PLENTY).await;
    for read_bytes in [MIB, 29 * MIB] {
        let mut client = begin(&world, &sale, "").await;
        read(&mut client, read_bytes).await;
        drop(client);
    }
    let mut found = aborted(&world, 2).await;
    found.sort_by_key(|each| each.bytes_out);
    for (each, read) in found.iter().zip([MIB, 29 * MIB]) {
        let out = usize::try_from(each.bytes_out).unwrap();
        // What the client read and what sockets held; never all of it.
        assert!((read..read + MIB).contains(&out), "{out} went out, {read} were read");
        assert_eq!((each.code.as_str(), each.token_id), ("aborted", sale.token_id));
    }
    assert!(world.stored().await.is_empty());
    assert_eq!(totals(&world).await, Totals::default());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn who_leaves_a_compressed_delivery_early_pays_nothing_either(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(noise(4 * MIB), PLENTY).await;
    let mut client = begin(&world, &sale, "Accept-Encoding: gzip\r\n").await;
    read(&mut client, MIB).await;
    assert!(world.stored().await.is_empty(), "the end waits for its receipt");
    drop(client);
    let found = aborted(&world, 1).await;
    let out = usize::try_from(found[0].bytes_out).unwrap();
    assert!((MIB..2 * MIB).contains(&out), "{out}");
    assert!(world.stored().await.is_empty());
    assert_eq!(totals(&world).await, Totals::default());
    world.gate.close().await;
}

#[sqlx::test(migrator = "imprimatur::MIGRATOR")]
async fn an_aborted_part_is_no_use_either(pool: PgPool) {
    let world = World::new(pool).await;
    let sale = world.sale(noise(8 * MIB), PLENTY).await;
    let mut client = begin(&world, &sale, "Range: bytes=1048576-\r\n").await;
    read(&mut client, MIB).await;
    drop(client);
    let found = aborted(&world, 1).await;
    assert!((MIB..2 * MIB).contains(&usize::try_from(found[0].bytes_out).unwrap()));
    assert_eq!(totals(&world).await, Totals::default());
    world.gate.close().await;
}
