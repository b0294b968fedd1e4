//! What the address of the usage page asks for: a side, a time, a filter and what to break down by.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use imprimatur::{
    domain::{
        error::Refusal,
        ids::{AssetId, LicenseId, OrgId},
        metering::{Grain, Range, Side},
        report::Dimension,
        terms::Scope,
    },
    services::{Result, reports::UsageFilter},
};

use crate::{address::Address, request::Request, ui::text::day};
use imprimatur::words::say;

/// Periods one can look at, in days, with their names and the buckets they are cut into.
pub const PERIODS: [(u16, &str, Grain); 5] = [
    (1, n!("24 hours"), Grain::Hour),
    (7, n!("7 days"), Grain::Day),
    (30, n!("30 days"), Grain::Day),
    (90, n!("90 days"), Grain::Day),
    (365, n!("12 months"), Grain::Month),
];
const DAYS: u16 = 30;
/// A time this long is cut into months unless another grain is asked for.
const DAYS_BY_DAY_MAX: i64 = 200;
/// The most characters of a name that somebody else gave: of a region, a model, a reason.
const SAID_LENGTH_MAX: usize = 200;

/// The time asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The last days, today among them.
    Last(u16),
    /// From one day to another, both among them.
    Days(NaiveDate, NaiveDate),
}

/// Everything the address asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub side: Side,
    pub time: Time,
    /// The grain asked for by name.
    pub grain: Option<Grain>,
    pub filter: UsageFilter,
    pub by: Dimension,
    /// Whether the side asked for is seen coarsely: whole days that are over, by work and by use.
    pub coarse: bool,
}

impl Asked {
    /// Reads the address.
    ///
    /// # Errors
    ///
    /// Refuses what cannot be read, except a period or a side that does not exist: then it is the
    /// usual one.
    pub fn read(request: &Request) -> Result<Self> {
        let day = |name: &'static str| {
            request.param(name).map(|day| day.parse::<NaiveDate>()).transpose().map_err(|_| {
                Refusal::invalid(name, t!("Write the day as year, month, day: 2026-11-22."))
            })
        };
        let days = request
            .param("days")
            .and_then(|days| days.parse().ok())
            .filter(|days| PERIODS.iter().any(|(period, ..)| period == days))
            .unwrap_or(DAYS);
        let today = request.now.date_naive();
        let time = match (day("from")?, day("until")?) {
            (None, None) => Time::Last(days),
            (Some(from), until) => Time::Days(from, until.unwrap_or(today)),
            (None, Some(until)) => {
                let days = Days::new(u64::from(days).saturating_sub(1));
                Time::Days(until.checked_sub_days(days).unwrap_or(until), until)
            }
        };
        let asset_id: Option<AssetId> = request.param("asset").map(str::parse).transpose()?;
        let license_id: Option<LicenseId> = request.param("license").map(str::parse).transpose()?;
        let counterparty: Option<OrgId> = request.param("party").map(str::parse).transpose()?;
        let scope: Option<Scope> = request.param("scope").map(str::parse).transpose()?;
        let grain: Option<Grain> = request.param("grain").map(str::parse).transpose()?;
        let by: Option<Dimension> = request.param("by").map(str::parse).transpose()?;
        let said = |name| said(request, name);
        let side = super::chosen_side(request);
        Ok(Self {
            side,
            coarse: request.sees_coarsely(side),
            time,
            grain,
            filter: UsageFilter {
                asset_id,
                license_id,
                counterparty,
                scope,
                region: said("region")?,
                model: said("model")?,
                consumer_class: said("class")?,
            },
            by: by.unwrap_or(Dimension::Asset),
        })
    }

    /// All use of the last days, from a side.
    pub fn last_days(side: Side, days: u16, coarse: bool) -> Self {
        let (grain, filter, by) = (None, UsageFilter::default(), Dimension::Asset);
        Self { side, time: Time::Last(days), grain, filter, by, coarse }
    }

    /// The time asked for, cut into buckets.
    pub fn range(&self, now: DateTime<Utc>) -> std::result::Result<Range, Refusal> {
        let grain = self.grain.unwrap_or_else(|| self.usual_grain());
        match self.time {
            Time::Last(1) if grain == Grain::Hour => {
                Range::new(now - TimeDelta::hours(23), now + TimeDelta::microseconds(1), grain)
            }
            Time::Last(365) if grain == Grain::Month => Range::last_months(now, 12),
            // Today is not over.
            Time::Last(days) if self.coarse => {
                Range::last_days(now - TimeDelta::days(1), days, grain)
            }
            Time::Last(days) => Range::last_days(now, days, grain),
            Time::Days(from, until) => {
                let end = until.checked_add_days(Days::new(1)).unwrap_or(until);
                Range::new(midnight(from), midnight(end), grain)
            }
        }
    }

    /// The grain the time is cut into where none is named.
    pub fn usual_grain(&self) -> Grain {
        match self.grain_of_time() {
            Grain::Hour if self.coarse => Grain::Day,
            grain => grain,
        }
    }

    fn grain_of_time(&self) -> Grain {
        match self.time {
            Time::Last(days) => PERIODS
                .iter()
                .find(|(period, ..)| *period == days)
                .map_or(Grain::Day, |(_, _, grain)| *grain),
            Time::Days(from, until) => match (until - from).num_days() {
                ..=1 => Grain::Hour,
                2..=DAYS_BY_DAY_MAX => Grain::Day,
                _ => Grain::Month,
            },
        }
    }

    /// "the last 30 days", "these 12 days".
    pub fn time_in_words(&self) -> String {
        match self.time {
            Time::Last(days) => PERIODS
                .iter()
                .find(|(period, ..)| *period == days)
                .map_or_else(String::new, |(_, words, _)| {
                    t!("the last {words}", words = say(words))
                }),
            Time::Days(from, until) if from == until => day(from),
            Time::Days(from, until) => {
                t!("{from} to {until}", from = day(from), until = day(until))
            }
        }
    }

    /// The days asked for by name, as they stand in the form.
    pub fn days(&self) -> (String, String) {
        match self.time {
            Time::Last(_) => (String::new(), String::new()),
            Time::Days(from, until) => (from.to_string(), until.to_string()),
        }
    }

    /// Whether only some of the use is asked for.
    pub fn narrowed(&self) -> bool {
        self.filter != UsageFilter::default()
    }

    /// The same, narrowed to what has this value in this dimension; to all of it with none.
    #[must_use]
    pub fn narrow(&self, dimension: Dimension, value: Option<&str>) -> Self {
        let mut asked = self.clone();
        let filter = &mut asked.filter;
        let said = value.map(str::to_owned);
        match dimension {
            Dimension::Asset => filter.asset_id = value.and_then(|id| id.parse().ok()),
            Dimension::License => filter.license_id = value.and_then(|id| id.parse().ok()),
            Dimension::Counterparty => filter.counterparty = value.and_then(|id| id.parse().ok()),
            Dimension::Scope => filter.scope = value.and_then(|name| name.parse().ok()),
            Dimension::Region => filter.region = said,
            Dimension::Model => filter.model = said,
            Dimension::ConsumerClass => filter.consumer_class = said,
        }
        asked
    }

    /// The address that asks for this of a page.
    pub fn address(&self, path: &'static str) -> Address {
        let (days, from, until) = match self.time {
            Time::Last(days) => (Some(days), None, None),
            Time::Days(from, until) => (None, Some(from), Some(until)),
        };
        let address = Address::new(path)
            .with("side", self.side)
            .with_some("days", days)
            .with_some("from", from)
            .with_some("until", until)
            .with_some("grain", self.grain);
        let by = (self.by != Dimension::Asset).then_some(self.by);
        self.filtered(address).with_some("by", by)
    }

    /// Every delivery that is counted here; nothing where they are seen coarsely.
    pub fn feed(&self, range: &Range) -> Option<Address> {
        (!self.coarse).then(|| self.feed_address(range))
    }

    fn feed_address(&self, range: &Range) -> Address {
        let last = (range.until() - TimeDelta::microseconds(1)).date_naive();
        let address = Address::new("/feed")
            .with("side", self.side)
            .with("from", range.from().date_naive())
            .with("until", last);
        self.filtered(address)
    }

    fn filtered(&self, address: Address) -> Address {
        let UsageFilter {
            asset_id,
            license_id,
            counterparty,
            scope,
            region,
            model,
            consumer_class,
        } = &self.filter;
        address
            .with_some("asset", *asset_id)
            .with_some("license", *license_id)
            .with_some("party", *counterparty)
            .with_some("scope", *scope)
            .with_some("region", region.as_ref())
            .with_some("model", model.as_ref())
            .with_some("class", consumer_class.as_ref())
    }
}

/// What a parameter says, where it may say anything.
///
/// # Errors
///
/// Refuses what nobody can have said: control characters, or more than a line.
pub fn said(request: &Request, name: &'static str) -> std::result::Result<Option<String>, Refusal> {
    let Some(said) = request.param(name) else { return Ok(None) };
    if said.chars().count() > SAID_LENGTH_MAX || said.chars().any(char::is_control) {
        return Err(Refusal::invalid(name, t!("Choose one that is listed.")));
    }
    Ok(Some(said.to_owned()))
}

/// The first instant of a day (UTC).
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
