//! Lists as Stripe pages them: newest first, a cursor on either side, a hundred at most.

use serde_json::{Value, json};

use crate::{
    fail::{Answer, Failure},
    params::Params,
    shape::{int, text},
};

/// The part of a list that was asked for. What is left of the parameters is refused.
pub fn page(mut p: Params, url: &str, newest_first: Vec<Value>) -> Answer {
    let limit = p.int("limit")?.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(Failure::invalid(
            "parameter_invalid_integer",
            "Invalid integer: limit must be between 1 and 100.",
        )
        .about("limit"));
    }
    let limit = usize::try_from(limit).unwrap_or(10);
    let after = p.text("starting_after")?;
    let before = p.text("ending_before")?;
    let created = created(&mut p)?;
    p.finish()?;

    let rows: Vec<Value> =
        newest_first.into_iter().filter(|row| created.holds(int(row, "created"))).collect();
    let place_of = |id: &str| {
        rows.iter()
            .position(|row| text(row, "id") == id)
            .ok_or_else(|| Failure::missing("object", id).about("starting_after"))
    };
    let (from, to) = match (after, before) {
        (Some(after), _) => (place_of(&after)? + 1, rows.len()),
        (None, Some(before)) => {
            let to = place_of(&before)?;
            (to.saturating_sub(limit), to)
        }
        (None, None) => (0, rows.len()),
    };
    let part: Vec<Value> = rows.iter().skip(from).take((to - from).min(limit)).cloned().collect();
    let has_more = if to < rows.len() { from > 0 } else { from + part.len() < to };
    Ok(json!({"object": "list", "data": part, "has_more": has_more, "url": url}))
}

/// A span of time, as in `created[gte]=…`.
#[derive(Default)]
struct Created {
    from: Option<i64>,
    to: Option<i64>,
}

impl Created {
    fn holds(&self, at: i64) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to)
    }
}

fn created(p: &mut Params) -> Result<Created, Failure> {
    if let Ok(Some(exact)) = p.int("created") {
        return Ok(Created { from: Some(exact), to: Some(exact) });
    }
    let mut group = p.group("created")?;
    let from = match (group.int("gte")?, group.int("gt")?) {
        (Some(from), _) => Some(from),
        (None, Some(above)) => Some(above + 1),
        (None, None) => None,
    };
    let to = match (group.int("lte")?, group.int("lt")?) {
        (Some(to), _) => Some(to),
        (None, Some(below)) => Some(below - 1),
        (None, None) => None,
    };
    group.finish()?;
    Ok(Created { from, to })
}
