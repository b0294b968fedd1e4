mod loaded;

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::atomic::{AtomicU32, AtomicUsize},
};

use super::*;
use crate::{
    domain::{
        ids::{AssetId, TypedId as _},
        receipt::{ConsumerId, Receipt},
        terms::Scope,
    },
    services::{
        gate::{
            fixtures::{Sale, World},
            keys::Keyring,
        },
        mint,
        testing::Scratch,
    },
};
use proptest::prelude::*;
use sqlx::PgPool;

/// Failures that a test asks the disk for.
#[derive(Default)]
pub(in super::super) struct Faults(AtomicU32);

impl Faults {
    /// The next writes fail as on a full disk.
    pub fn fill_disk(&self, writes: u32) {
        self.0.store(writes, Ordering::SeqCst);
    }

    pub fn strike(&self) -> io::Result<()> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

/// Something that signs receipts of a sale, and an outbox of its own.
struct Room {
    world: World,
    backroom: Backroom,
    sale: Sale,
    keyring: Keyring,
    settings: OutboxSettings,
}

impl Room {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let sale = world.sale(1000, None).await;
        let settings = world.settings();
        let nothing = Keyring::default();
        let keyring = Keyring::load(&world.services, &settings.keys, &nothing).await.unwrap();
        let backroom = Backroom::open(&world.services, 1).unwrap();
        Self { world, backroom, sale, keyring, settings: settings.outbox }
    }

    async fn open(&self) -> Outbox {
        Outbox::open(&self.backroom, &self.settings).await.unwrap()
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            receipt_id: mint(),
            consumer_id: ConsumerId::from_bytes([1; 16]),
            content_id: self.sale.content_id.clone(),
            license_id: self.sale.license_id,
            token_id: self.sale.token_id,
            job_id: None,
            scope: Scope::Training,
            timestamp: self.world.services.now(),
            bytes: 7,
            range: None,
            resource: None,
            free_reason: None,
            nonce: "n".into(),
        }
    }

    fn entry(&self, receipt: &Receipt) -> Entry {
        let jws = self.keyring.seal(receipt, receipt.timestamp).unwrap();
        Entry {
            asset_id: self.sale.asset_id,
            org_id: self.world.buyer,
            creator_org_id: self.world.creator,
            jws,
        }
    }

    async fn keep(&self, outbox: &Outbox, receipt: &Receipt) -> Result<()> {
        let entry = self.entry(receipt);
        outbox.keep(receipt.receipt_id, receipt.license_id, &entry, Box::new(|| ())).await
    }

    /// Leaves a segment behind, as a process that was killed does.
    fn leave(&self, number: u64, bytes: &[u8]) {
        fs::create_dir_all(&self.settings.dir).unwrap();
        fs::write(self.settings.dir.join(format!("{number:020}.segment")), bytes).unwrap();
    }

    fn frames(&self, receipts: &[Receipt]) -> Vec<Vec<u8>> {
        receipts.iter().map(|receipt| framed(&[self.entry(receipt)])).collect()
    }

    async fn stored(&self) -> Vec<ReceiptId> {
        sqlx::query_scalar("select receipt_id from receipt order by receipt_id")
            .fetch_all(self.world.pool())
            .await
            .unwrap()
    }

    async fn fate(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.world.pool()).await.unwrap();
    }

    fn files(&self) -> Vec<String> {
        files(&self.settings.dir)
    }
}

fn files(dir: &Path) -> Vec<String> {
    let found = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        found.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn ids(receipts: &[Receipt]) -> Vec<ReceiptId> {
    let mut ids: Vec<_> = receipts.iter().map(|receipt| receipt.receipt_id).collect();
    ids.sort();
    ids
}

fn entry(jws: String) -> Entry {
    let asset_id = AssetId::from_uuid(uuid::Uuid::from_u128(1));
    Entry { asset_id, org_id: mint(), creator_org_id: mint(), jws }
}

fn framed(entries: &[Entry]) -> Vec<u8> {
    let mut frame = frame::Frame::default();
    frame.begin();
    assert!(entries.iter().all(|entry| frame.add(&entry.line().unwrap())));
    frame.end().to_vec()
}

proptest! {
    #[test]
    fn a_frame_reads_as_it_was_written_whatever_follows(
        jws in prop::collection::vec("[ -~]{0,300}", 1..5),
        rest: Vec<u8>,
    ) {
        let entries: Vec<Entry> = jws.into_iter().map(entry).collect();
        let mut bytes = framed(&entries);
        let length = bytes.len();
        bytes.extend_from_slice(&rest);
        let frame::Next::Whole { lines, length: read } = frame::next(&bytes) else {
            panic!("no frame");
        };
        prop_assert_eq!(read, length);
        let lines = lines.split_inclusive(|&byte| byte == b'\n');
        prop_assert_eq!(lines.map(|line| Entry::read(line).unwrap()).collect::<Vec<_>>(), entries);
    }

    #[test]
    fn a_frame_with_a_byte_changed_or_missing_is_none(
        jws in "[ -~]{1,200}",
        at: prop::sample::Index,
        to: u8,
    ) {
        let whole = framed(&[entry(jws)]);
        let at = at.index(whole.len());
        let is_whole = |bytes: &[u8]| matches!(frame::next(bytes), frame::Next::Whole { .. });
        prop_assert!(!is_whole(&whole[..at]));
        let mut changed = whole.clone();
        changed[at] = to;
        prop_assume!(changed != whole);
        prop_assert!(!is_whole(&changed));
        let mut zeroed = whole;
        zeroed[at..].fill(0);
        prop_assert!(!is_whole(&zeroed));
    }
}

#[test]
fn a_torn_end_is_cut_at_the_last_whole_frame() {
    let scratch = Scratch::new();
    let path = scratch.path().join(format!("{:020}.segment", 1));
    let [one, two, three] = [1, 2, 3].map(|n| framed(&[entry(format!("receipt {n}"))]));
    let before = [one, two].concat();
    for torn in 0..three.len() {
        let mut zeroed = three.clone();
        zeroed[torn..].fill(0);
        for end in [&three[..torn], &zeroed[..]] {
            fs::write(&path, [&before[..], end].concat()).unwrap();
            let folder = Folder::open(scratch.path()).unwrap();
            let length = before.len() as u64;
            assert_eq!((fs::metadata(&path).unwrap().len(), folder.bytes()), (length, length));
        }
    }
}

#[test]
fn a_full_disk_fails_what_waits_and_takes_what_comes_later() {
    let scratch = Scratch::new();
    let folder = Arc::new(Folder::open(scratch.path()).unwrap());
    let state = Arc::new(State::new());
    let (posts, taken) = mpsc::channel(8);
    let (durable, written) = watch::channel(Durable::default());
    let done = Arc::new(AtomicUsize::new(0));
    let post = || {
        let (told, heard) = oneshot::channel();
        let done = Arc::clone(&done);
        let waiting = Waiting {
            receipt_id: mint(),
            license_id: mint(),
            jws: "x".into(),
            line: entry("x".into()).line().unwrap(),
            then: Box::new(move || {
                done.fetch_add(1, Ordering::SeqCst);
            }),
            told,
        };
        posts.try_send(Post::Receipt(Box::new(waiting))).ok().unwrap();
        heard
    };
    let segments = Segments::new(Arc::clone(&folder), 1 << 20);
    let run = Writer::new(segments, Arc::clone(&state), taken, durable);
    std::thread::spawn(move || run.run());
    post().blocking_recv().unwrap();
    let good = *written.borrow();
    assert!(!state.shunned());
    state.faults.fill_disk(2);
    assert!(post().blocking_recv().is_err());
    assert!(post().blocking_recv().is_err());
    assert!(state.shunned());
    post().blocking_recv().unwrap();
    assert_eq!((done.load(Ordering::SeqCst), written.borrow().receipts), (2, 2));
    let lengths: Vec<u64> = folder
        .numbers()
        .unwrap()
        .iter()
        .map(|&number| folder.read(number, 0, u64::MAX).unwrap().len() as u64)
        .collect();
    let good = good.place.length;
    assert_eq!(lengths, [good, 0, good], "nothing half-written stays");
    assert_eq!(folder.bytes(), 2 * good);
}

#[test]
fn what_is_synced_together_counts_together() {
    let scratch = Scratch::new();
    let path = scratch.path().join(format!("{:020}.segment", 1));
    let [one, two] = ["one", "two"].map(|jws| entry(jws.into()));
    let before = framed(std::slice::from_ref(&one));
    let mut group = framed(&[one, two.clone()]);
    // Of two pages the disk took only the second.
    group[..40].fill(0);
    fs::write(&path, [&before[..], &group, &[0; 5000]].concat()).unwrap();
    let folder = Folder::open(scratch.path()).unwrap();
    assert_eq!(folder.bytes(), before.len() as u64);
}

#[test]
fn a_segment_is_written_over_zeroes_and_ends_without_them() {
    let scratch = Scratch::new();
    let folder = Arc::new(Folder::open(scratch.path()).unwrap());
    let size = 1 << 20;
    let mut segments = Segments::new(Arc::clone(&folder), size);
    let frame = framed(&[entry("x".repeat(10_000))]);
    let mut lengths = std::collections::BTreeMap::new();
    let mut written = 0;
    while lengths.len() < 4 {
        segments.append(&frame, File::sync_data).unwrap();
        written += frame.len() as u64;
        let place = segments.place();
        lengths.insert(place.segment, place.length);
        let on_disk = fs::metadata(scratch.path().join(format!("{:020}.segment", place.segment)));
        let on_disk = on_disk.unwrap().len();
        assert!(on_disk == place.length || on_disk >= size, "{on_disk}");
    }
    assert_eq!(folder.bytes(), written);
    segments.close().unwrap();
    for (segment, length) in lengths {
        assert_eq!(folder.read(segment, 0, u64::MAX).unwrap().len() as u64, length);
    }
    assert!(!files(scratch.path()).contains(&"spare".to_owned()));
}
