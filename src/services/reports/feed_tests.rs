use std::collections::{HashMap, HashSet};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sqlx::PgPool;

use super::{
    feed::{Effort, Feed, page},
    fixtures::{draw, instants, write},
    *,
};
use crate::{
    domain::{
        ids::UsageEventId,
        metering::{FreeReason, Side},
        terms::Scope,
    },
    services::{
        gate::fixtures::{Sale, World},
        metering::Observed,
        mint,
    },
};

/// Little enough that stretches end within pages and days without a match are passed over. A page may
/// hold at most six lines then.
const LITTLE: Effort = Effort { stretch: 7, stretches: 2 };

struct Told {
    world: World,
    sales: Vec<Sale>,
    key: CursorKey,
}

impl Told {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let sales = vec![world.sale(100, None).await, world.sale(100, None).await];
        Self { world, sales, key: CursorKey::new(&[7; 32]) }
    }

    fn feed<'a>(&'a self, side: Side, filter: &'a EventFilter) -> Feed<'a> {
        let org_id = match side {
            Side::Creator => self.world.creator,
            Side::Buyer => self.world.buyer,
        };
        Feed { services: &self.world.services, org_id, side, filter, effort: LITTLE }
    }

    /// Every line from the top to the end, in the order of reading.
    async fn down(&self, feed: &Feed<'_>, limit: u8) -> Vec<EventLine> {
        let (mut lines, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = page(feed, &self.key, cursor.as_deref(), limit).await.unwrap();
            assert!(page.lines.len() <= usize::from(limit));
            assert_eq!(page.newer.is_some(), cursor.is_some());
            lines.extend(page.lines);
            cursor = page.older;
            if cursor.is_none() {
                return lines;
            }
        }
    }

    /// Every line from the end to the top, newest first.
    async fn up(&self, feed: &Feed<'_>, limit: u8) -> Vec<EventLine> {
        let mut last = page(feed, &self.key, None, limit).await.unwrap();
        while let Some(older) = &last.older {
            last = page(feed, &self.key, Some(older), limit).await.unwrap();
        }
        let mut lines = last.lines;
        while let Some(newer) = &last.newer {
            last = page(feed, &self.key, Some(newer), limit).await.unwrap();
            lines.splice(0..0, last.lines.clone());
        }
        // The first page is always a full one, so it may tell again what the one after it told.
        let mut seen = HashSet::new();
        lines.retain(|line| seen.insert(line.usage_event_id));
        lines
    }
}

fn draw_filter(rng: &mut StdRng, told: &Told, side: Side) -> EventFilter {
    let mut filter = EventFilter::default();
    let sale = &told.sales[rng.random_range(0..2)];
    let text = |of: [&str; 3], rng: &mut StdRng| Some(of[rng.random_range(0..3)].to_owned());
    for _ in 0..rng.random_range(0..4) {
        match rng.random_range(0..12) {
            0 => filter.asset_id = Some(sale.asset_id),
            1 => filter.license_id = Some(sale.license_id),
            2 => filter.scope = Some(Scope::ALL[rng.random_range(0..Scope::ALL.len())]),
            3 => filter.cost = Some(Cost::ALL[rng.random_range(0..2)]),
            4 => {
                let reason = FreeReason::ALL[rng.random_range(0..FreeReason::ALL.len())];
                filter.free_reason = Some(reason);
            }
            5 => filter.region = text(["", "eu", "mars"], rng),
            6 => filter.model = text(["", "small", "none"], rng),
            7 => filter.consumer_class = text(["", "lab", "none"], rng),
            8 => filter.job_id = text(["run-1", "run-2", "run-9"], rng),
            9 => filter.source = Some(Source::ALL[rng.random_range(0..2)]),
            10 => {
                filter.counterparty = Some(match side {
                    Side::Creator => told.world.buyer,
                    Side::Buyer => told.world.creator,
                });
            }
            _ => {
                let now = told.world.services.now();
                filter.from = Some(now - chrono::TimeDelta::days(rng.random_range(0..60)));
                filter.until = Some(now - chrono::TimeDelta::days(rng.random_range(0..20)));
            }
        }
    }
    filter
}

/// What the feed must show, found the simple way.
fn lets_through(filter: &EventFilter, line: &EventLine) -> bool {
    fn is<T: PartialEq>(asked: &Option<T>, is: &T) -> bool {
        asked.as_ref().is_none_or(|asked| asked == is)
    }
    let cost = if line.free_reason.is_none() { Cost::Billable } else { Cost::Free };
    let source = if line.sender_org_id.is_none() { Source::Gate } else { Source::Outside };
    is(&filter.asset_id, &line.asset_id)
        && is(&filter.license_id, &line.license_id)
        && is(&filter.scope, &line.scope)
        && is(&filter.cost, &cost)
        && (filter.free_reason.is_none() || filter.free_reason == line.free_reason)
        && is(&filter.region, &line.region)
        && is(&filter.model, &line.model)
        && is(&filter.consumer_class, &line.consumer_class)
        && (filter.job_id.is_none() || filter.job_id == line.job_id)
        && is(&filter.source, &source)
        && filter.from.is_none_or(|from| line.occurred_at >= from)
        && filter.until.is_none_or(|until| line.occurred_at < until)
}

#[sqlx::test]
async fn every_filter_shows_its_events_in_pages_of_any_size_both_ways(pool: PgPool) {
    let told = Told::new(pool).await;
    let mut rng = StdRng::seed_from_u64(11);
    let instants = instants(&told.world, &[0, 1, 2, 9, 33, 40], 4);
    let events: Vec<Observed> =
        (0..160).map(|_| draw(&mut rng, &told.world, &told.sales, &instants)).collect();
    write(&told.world, &events).await;
    let everything = EventFilter::default();
    let all = told.down(&told.feed(Side::Creator, &everything), 6).await;
    assert_eq!(all.len(), events.len());
    assert!(all.is_sorted_by(|a, b| {
        (b.occurred_at, a.usage_event_id) < (a.occurred_at, b.usage_event_id)
    }));
    let mut narrowed = 0;
    for round in 0..120 {
        let side = if round % 2 == 0 { Side::Creator } else { Side::Buyer };
        let filter = draw_filter(&mut rng, &told, side);
        let feed = told.feed(side, &filter);
        let expected: Vec<UsageEventId> = all
            .iter()
            .filter(|line| lets_through(&filter, line))
            .map(|line| line.usage_event_id)
            .collect();
        narrowed += usize::from(!expected.is_empty() && expected.len() < all.len());
        let ids = |lines: Vec<EventLine>| {
            lines.iter().map(|line| line.usage_event_id).collect::<Vec<_>>()
        };
        let limit = rng.random_range(1..6);
        assert_eq!(ids(told.down(&feed, limit).await), expected, "{filter:?} by {limit}");
        assert_eq!(ids(told.up(&feed, limit).await), expected, "{filter:?} by {limit}, upwards");
    }
    assert!(narrowed > 20);
}

#[sqlx::test]
async fn a_walk_shows_once_whatever_was_there_throughout(pool: PgPool) {
    let told = Told::new(pool).await;
    let mut rng = StdRng::seed_from_u64(12);
    let instants = instants(&told.world, &[0, 1, 30, 31], 5);
    for round in 0..8_u8 {
        let filter = EventFilter {
            scope: (round % 2 == 1).then_some(Scope::Training),
            ..EventFilter::default()
        };
        let feed = told.feed(Side::Buyer, &filter);
        let before: HashSet<UsageEventId> =
            told.down(&feed, 6).await.iter().map(|line| line.usage_event_id).collect();
        let mut seen: HashMap<UsageEventId, u32> = HashMap::new();
        let mut cursor: Option<String> = None;
        loop {
            // Late, early and on the very instant of what is being read.
            let more: Vec<Observed> =
                (0..4).map(|_| draw(&mut rng, &told.world, &told.sales, &instants)).collect();
            write(&told.world, &more).await;
            let page = page(&feed, &told.key, cursor.as_deref(), 5).await.unwrap();
            for line in &page.lines {
                *seen.entry(line.usage_event_id).or_default() += 1;
            }
            cursor = page.older;
            if cursor.is_none() || seen.len() > 400 {
                break;
            }
        }
        assert!(seen.values().all(|&times| times == 1));
        if cursor.is_none() {
            assert!(before.iter().all(|id| seen.contains_key(id)));
        }
    }
}

#[sqlx::test]
async fn a_feed_without_events_is_one_empty_page(pool: PgPool) {
    let told = Told::new(pool).await;
    for side in [Side::Creator, Side::Buyer] {
        for filter in [
            EventFilter::default(),
            EventFilter { model: Some("small".into()), ..EventFilter::default() },
        ] {
            let page = page(&told.feed(side, &filter), &told.key, None, 10).await.unwrap();
            assert_eq!(page, EventPage { lines: vec![], newer: None, older: None });
        }
    }
}

#[sqlx::test]
async fn what_belongs_to_others_is_not_looked_at(pool: PgPool) {
    let told = Told::new(pool).await;
    let mut rng = StdRng::seed_from_u64(13);
    let instants = instants(&told.world, &[0], 4);
    let events: Vec<Observed> =
        (0..20).map(|_| draw(&mut rng, &told.world, &told.sales, &instants)).collect();
    write(&told.world, &events).await;
    let sale = &told.sales[0];
    for filter in [
        EventFilter::default(),
        EventFilter { license_id: Some(sale.license_id), ..EventFilter::default() },
        EventFilter { asset_id: Some(sale.asset_id), ..EventFilter::default() },
    ] {
        for side in [Side::Creator, Side::Buyer] {
            for org_id in [mint(), told.feed(side, &filter).org_id] {
                let feed = Feed { org_id, ..told.feed(side, &filter) };
                let own = org_id == told.feed(side, &filter).org_id;
                assert_eq!(!told.down(&feed, 6).await.is_empty(), own, "{filter:?}");
            }
        }
    }
}
