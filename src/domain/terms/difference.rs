//! What one version of terms says and the other does not, in words.

use super::{ClauseKind, Terms};

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// What the clause does; missing for the name.
    pub clause: Option<ClauseKind>,
    pub sentence: String,
}

/// Whether a sentence came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The newer version says it, the older did not.
    Added,
    /// The older version said it, the newer does not.
    Removed,
}

/// What changed from one version to the next, what went before what came. Equal terms have none.
pub fn difference(older: &Terms, newer: &Terms) -> Vec<Change> {
    let (before, after) = (older.in_words(), newer.in_words());
    let mut changes = Vec::new();
    if older.name != newer.name {
        changes.push(Change {
            kind: ChangeKind::Added,
            clause: None,
            sentence: t!(
                "The name is “{name}”; it was “{name_2}”.",
                name = newer.name,
                name_2 = older.name
            ),
        });
    }
    for (kind, all, others) in
        [(ChangeKind::Removed, &before, &after), (ChangeKind::Added, &after, &before)]
    {
        changes.extend(all.iter().filter(|clause| !others.contains(clause)).map(|clause| Change {
            kind,
            clause: Some(clause.kind),
            sentence: clause.sentence.clone(),
        }));
    }
    changes
}
