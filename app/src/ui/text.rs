//! Numbers, money, sizes and times as words. Pure functions, exact: nothing
//! here goes through a float, and nothing is rounded unless its name says so.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use imprimatur::words::month_name;

const MICROS: u64 = 1_000_000;

/// An amount of money cut where it is set differently: `$1,284` and `.07`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyText {
    pub whole: String,
    pub fraction: String,
}

impl MoneyText {
    #[must_use]
    pub fn joined(&self) -> String {
        format!("{}{}", self.whole, self.fraction)
    }
}

/// The exact amount, with at least `places` decimals and as many as it takes.
#[must_use]
pub fn money(micros: i64, currency: &str, places: usize) -> MoneyText {
    let digits = format!("{:06}", micros.unsigned_abs() % MICROS);
    let used = digits.trim_end_matches('0').len().max(places.min(6));
    money_text(micros, currency, &digits[..used])
}

/// The amount in whole cents, cut off towards zero; for figures that show the
/// exact amount elsewhere.
#[must_use]
pub fn money_in_cents(micros: i64, currency: &str) -> MoneyText {
    let digits = format!("{:06}", micros.unsigned_abs() % MICROS);
    money_text(micros, currency, &digits[..2])
}

fn money_text(micros: i64, currency: &str, fraction: &str) -> MoneyText {
    let minus = if micros < 0 { "\u{2212}" } else { "" };
    let whole = group(micros.unsigned_abs() / MICROS);
    MoneyText {
        whole: match symbol(currency) {
            Some(symbol) => format!("{minus}{symbol}{whole}"),
            None => format!("{minus}{currency}\u{a0}{whole}"),
        },
        fraction: if fraction.is_empty() { String::new() } else { format!(".{fraction}") },
    }
}

fn symbol(currency: &str) -> Option<&'static str> {
    match currency {
        "USD" => Some("$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        _ => None,
    }
}

/// Text as it must stand in markup that Leptos does not escape: the document's title, the inside of
/// a `<textarea>`.
#[must_use]
pub fn in_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// `18204` as `18,204`.
#[must_use]
pub fn quantity(count: i64) -> String {
    let minus = if count < 0 { "\u{2212}" } else { "" };
    format!("{minus}{}", group(count.unsigned_abs()))
}

/// `18204` as `18.2k`, cut off after three figures; nothing where all of it is short enough.
#[must_use]
pub fn quantity_in_short(count: i64) -> Option<String> {
    const UNITS: [(&str, u64); 3] = [("bn", 1_000_000_000), ("m", 1_000_000), ("k", 1_000)];
    let size = count.unsigned_abs();
    if size < 10_000 {
        return None;
    }
    let (unit, one) = UNITS.into_iter().find(|(_, one)| size >= *one)?;
    let (whole, rest) = (size / one, size % one);
    let minus = if count < 0 { "\u{2212}" } else { "" };
    let fraction = match whole {
        0..10 => format!(".{:02}", rest / (one / 100)),
        10..100 => format!(".{}", rest / (one / 10)),
        _ => String::new(),
    };
    Some(format!("{minus}{}{fraction}{unit}", group(whole)))
}

/// How much more or less than before, in whole percent. Nothing where there is
/// nothing to compare with.
#[must_use]
pub fn change(now: i64, before: i64) -> Option<String> {
    if before <= 0 {
        return None;
    }
    let difference = i128::from(now) - i128::from(before);
    let percent = difference.unsigned_abs() * 100 / u128::from(before.unsigned_abs());
    Some(match (difference, percent) {
        (0, _) => t!("as many").to_owned(),
        (1.., 0) => t!("slightly more").to_owned(),
        (_, 0) => t!("slightly less").to_owned(),
        (1.., 1000..) => t!("more than ten times as many").to_owned(),
        (1.., percent) => t!("{percent}\u{a0}% more"),
        (_, percent) => t!("{percent}\u{a0}% less"),
    })
}

fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size rounded to one decimal below ten, whole above: `3.2 GB`, `84 kB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    for (unit, size) in UNITS {
        if count >= size {
            let (whole, rest) = (count / size, count % size);
            let tenths = rest / (size / 10);
            return if whole < 10 && tenths > 0 {
                format!("{whole}.{tenths}\u{a0}{unit}")
            } else {
                format!("{}\u{a0}{unit}", group(whole))
            };
        }
    }
    t!("{count}\u{a0}bytes")
}

/// How far from `now`, in the coarsest unit that still says something; the day where that is far.
#[must_use]
pub fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    span(at, now).unwrap_or_else(|| date(at, now))
}

/// How far from `now`, where that is less than two weeks.
#[must_use]
pub fn span(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    let seconds = (now - at).num_seconds();
    let ahead = seconds < 0;
    let span = match seconds.unsigned_abs() {
        0..5 => return Some(t!("now").to_owned()),
        s @ 5..60 => t!("{seconds}\u{a0}s", seconds = s),
        s @ 60..3_600 => t!("{minutes}\u{a0}min", minutes = s / 60),
        s @ 3_600..172_800 => t!("{hours}\u{a0}h", hours = s / 3_600),
        s @ 172_800..1_209_600 => t!("{days}\u{a0}days", days = s / 86_400),
        _ => return None,
    };
    Some(if ahead { t!("in\u{a0}{span}") } else { t!("{span}\u{a0}ago") })
}

/// `21 Nov`, with the year when it is not this one.
#[must_use]
pub fn date(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at.year() == now.year() {
        day_alone(at.date_naive())
    } else {
        joined(at.date_naive(), '\u{a0}')
    }
}

/// `21 Nov 2025`.
#[must_use]
pub fn day(date: NaiveDate) -> String {
    joined(date, ' ')
}

/// `21 Nov 14:00`.
#[must_use]
pub fn hour(at: DateTime<Utc>) -> String {
    format!("{}\u{a0}{}", day_alone(at.date_naive()), at.format("%H:%M"))
}

/// `Nov 2025`.
#[must_use]
pub fn month(at: DateTime<Utc>) -> String {
    format!("{}\u{a0}{}", month_in_short(at.month()), at.year())
}

/// `November 2025`.
#[must_use]
pub fn month_in_full(date: NaiveDate) -> String {
    t!("{month} {year}", month = month_name(date.month()), year = date.year())
}

/// `21 November 2025`.
#[must_use]
pub fn day_in_full(date: NaiveDate) -> String {
    let month = month_name(date.month());
    t!("{day} {month} {year}", day = date.day(), year = date.year())
}

/// `21 Nov`, of a day in a year that is known.
#[must_use]
pub fn day_alone(date: NaiveDate) -> String {
    t!("{day}\u{a0}{month}", day = date.day(), month = month_in_short(date.month()))
}

fn joined(date: NaiveDate, blank: char) -> String {
    let (day, month, year) = (date.day(), month_in_short(date.month()), date.year());
    match blank {
        ' ' => t!("{day} {month} {year}"),
        _ => t!("{day}\u{a0}{month}\u{a0}{year}"),
    }
}

fn month_in_short(month: u32) -> &'static str {
    match month {
        1 => t!("Jan"),
        2 => t!("Feb"),
        3 => t!("Mar"),
        4 => t!("Apr"),
        5 => t!("May"),
        6 => t!("Jun"),
        7 => t!("Jul"),
        8 => t!("Aug"),
        9 => t!("Sep"),
        10 => t!("Oct"),
        11 => t!("Nov"),
        _ => t!("Dec"),
    }
}

/// `21 Nov 2025, 14:00:02 UTC`: the exact instant, for hover and for print.
#[must_use]
pub fn exact(at: DateTime<Utc>) -> String {
    format!("{}, {}", day(at.date_naive()), at.format("%H:%M:%S UTC"))
}

/// `9b1e…c07a`: enough of a digest or an id to tell it from its neighbours. An
/// algorithm's name before a colon is left out; short texts stay whole.
#[must_use]
pub fn short(digest: &str) -> String {
    let bare = digest.rsplit(':').next().unwrap_or(digest);
    let characters: Vec<char> = bare.chars().collect();
    if characters.len() <= 12 {
        return bare.to_owned();
    }
    let head: String = characters[..4].iter().collect();
    let tail: String = characters[characters.len() - 4..].iter().collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone};

    #[test]
    fn money_is_exact_and_never_shorter_than_asked() {
        assert_eq!(money(1_284_070_000, "USD", 2).joined(), "$1,284.07");
        assert_eq!(money(36_000, "USD", 2).joined(), "$0.036");
        assert_eq!(money(120_000, "USD", 3).joined(), "$0.120");
        assert_eq!(money(-31_200_000, "EUR", 2).joined(), "\u{2212}€31.20");
        assert_eq!(money(2_500_000_000, "USD", 0).joined(), "$2,500");
        assert_eq!(money(1, "CHF", 2).joined(), "CHF\u{a0}0.000001");
        assert_eq!(money(i64::MIN, "USD", 0).whole, "\u{2212}$9,223,372,036,854");
    }

    #[test]
    fn cents_are_cut_off_not_rounded_up() {
        assert_eq!(money_in_cents(1_999_999, "USD").joined(), "$1.99");
        assert_eq!(money_in_cents(0, "USD").joined(), "$0.00");
    }

    #[test]
    fn long_quantities_are_cut_to_three_figures() {
        for (count, short) in [
            (0, None),
            (9_999, None),
            (10_000, Some("10.0k")),
            (18_299, Some("18.2k")),
            (999_999, Some("999k")),
            (1_239_999, Some("1.23m")),
            (-45_600_000, Some("\u{2212}45.6m")),
            (i64::MAX, Some("9,223,372,036bn")),
        ] {
            assert_eq!(quantity_in_short(count).as_deref(), short, "{count}");
        }
    }

    #[test]
    fn a_change_is_told_in_percent_of_before() {
        for (now, before, said) in [
            (5, 0, None),
            (112, 100, Some("12\u{a0}% more")),
            (0, 7, Some("100\u{a0}% less")),
            (7, 7, Some("as many")),
            (1_001, 1_000, Some("slightly more")),
            (i64::MAX, 1, Some("more than ten times as many")),
        ] {
            assert_eq!(change(now, before).as_deref(), said, "{now} after {before}");
        }
    }

    #[test]
    fn sizes_keep_one_decimal_below_ten() {
        assert_eq!(bytes(512), "512\u{a0}bytes");
        assert_eq!(bytes(84_112), "84\u{a0}kB");
        assert_eq!(bytes(3_210_000_000), "3.2\u{a0}GB");
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Utc.timestamp_opt(1_763_733_600, 0).unwrap();
        let ago = |s| relative(now - TimeDelta::seconds(s), now);
        assert_eq!(ago(2), "now");
        assert_eq!(ago(41), "41\u{a0}s\u{a0}ago");
        assert_eq!(ago(60), "1\u{a0}min\u{a0}ago");
        assert_eq!(ago(86_400), "24\u{a0}h\u{a0}ago");
        assert_eq!(ago(-86_400 * 3), "in\u{a0}3\u{a0}days");
        assert_eq!(ago(86_400 * 20), "1\u{a0}Nov");
        assert_eq!(exact(now), "21 Nov 2025, 14:00:00 UTC");
    }

    #[test]
    fn digests_keep_head_and_tail() {
        assert_eq!(short("sha256:9b1e00000000000000000000c07a"), "9b1e…c07a");
        assert_eq!(short("7c-retry"), "7c-retry");
    }
}
