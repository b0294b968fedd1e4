//! `/usage.csv`: the figures of the usage page, as a file. With `table=groups` what it is broken down
//! by, else the use over time.

use chrono::SecondsFormat;
use imprimatur::{
    domain::{
        metering::Totals,
        report::{Dimensions, Metric},
    },
    services::{Result, reports},
};

use super::asked::Asked;
use crate::{
    download::{Csv, Download},
    request::Request,
};

/// The most groups a file names; the rest is its last row.
const GROUPS: u8 = 100;

/// The file that the address asks for.
pub async fn csv(request: &Request) -> Result<Download> {
    request.member_only()?;
    let asked = Asked::read(request)?;
    let range = asked.range(request.now)?;
    let (services, actor) = (&request.services, &request.actor);
    let name = format!("usage-{}-{}", asked.side, range.from().date_naive());
    if request.param("table") != Some("groups") {
        let report = reports::usage(services, actor, asked.side, &asked.filter, &range).await?;
        let rows = report.buckets.iter().fold(table(&["from_utc"]), |csv, bucket| {
            row(csv, vec![bucket.at.to_rfc3339_opts(SecondsFormat::Secs, true)], &bucket.totals)
        });
        return Ok(rows.download(&name));
    }
    let (by, most) = (Dimensions::one(asked.by), (Metric::Calls, GROUPS));
    let found =
        reports::breakdown(services, actor, asked.side, &asked.filter, &range, by, most).await?;
    let mut csv = table(&[asked.by.as_str(), "name"]);
    for group in found.groups {
        let keys = group.keys.into_iter().next();
        let cells = keys.map_or_else(Vec::new, |key| vec![key.value, key.label]);
        csv = row(csv, cells, &group.totals);
    }
    if found.others > 0 {
        csv = row(csv, vec![String::new(), format!("{} others", found.others)], &found.other);
    }
    Ok(csv.download(&format!("{name}-by-{}", asked.by)))
}

fn table(first: &[&str]) -> Csv {
    let sums = Totals::default().named();
    let columns: Vec<&str> = first.iter().copied().chain(sums.map(|(name, _)| name)).collect();
    Csv::new(&columns)
}

fn row(csv: Csv, mut cells: Vec<String>, totals: &Totals) -> Csv {
    cells.extend(totals.named().map(|(_, sum)| sum.to_string()));
    csv.row(&cells)
}
