//! Many works at once: each is registered by itself, so that what is wrong with one stops no other.
//!
//! Bytes come one file after the other and are never whole in memory; what a table says about them
//! was read before.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use futures::Stream;

use super::{NewAsset, Registered, likely_kind, may_register, register};
use crate::{
    domain::{
        actor::Actor,
        asset::{
            TypedParticulars,
            batch::{self, BatchRow, Entry, EntryBytes},
        },
        error::Refusal,
        ids::{AssetId, ClaimId, TypedId as _},
    },
    services::{Error, Result, Services},
};

/// What came of one work of a batch.
#[derive(Clone, Debug)]
pub struct BatchOutcome {
    /// The line of the table, if a table names it.
    pub line: Option<usize>,
    /// Its title or its file.
    pub name: String,
    pub came_of: CameOf,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum CameOf {
    Registered(AssetId),
    /// The same bytes were registered by this organization before.
    Known(Refusal),
    /// Another organization had registered the bytes before.
    Claimed(ClaimId),
    Refused(Refusal),
}

/// Works that are registered together, and what came of those that have had their turn.
#[derive(Debug)]
pub struct Batch {
    /// The id of the first; the others follow, so that a form sent twice registers once.
    first: AssetId,
    taken: u128,
    common: TypedParticulars,
    /// Without a table every file is a work.
    named: Option<Named>,
    outcomes: Vec<BatchOutcome>,
}

#[derive(Debug)]
struct Named {
    /// Rows that wait for their bytes, with their number, by the name of their file.
    files: HashMap<String, (u128, BatchRow)>,
    /// Files of rows that were refused.
    refused: HashSet<String>,
    /// Rows that hold their bytes.
    texts: Vec<(u128, BatchRow)>,
}

impl Batch {
    /// Works that are all as `common` says where nothing else is said of one.
    ///
    /// # Errors
    ///
    /// Refuses whoever may not register, and what is common if no work could be like that.
    pub fn new(actor: &Actor, first: AssetId, common: TypedParticulars) -> Result<Self> {
        may_register(actor)?;
        let any =
            TypedParticulars { title: t!("A work").into(), kind: "text".into(), ..common.clone() };
        // A credit line may be left to the rows of a table.
        let attribution = match any.attribution.trim() {
            "" => t!("Somebody").to_owned(),
            _ => any.attribution.clone(),
        };
        TypedParticulars { attribution, ..any }.parse()?;
        Ok(Self { first, taken: 0, common, named: None, outcomes: Vec::new() })
    }

    /// Lets a table say what the works are. Rows that are wrong have had their turn.
    pub fn read_table(&mut self, table: &str, rows_max: usize) -> Result<()> {
        let mut named = Named { files: HashMap::new(), refused: HashSet::new(), texts: Vec::new() };
        for (number, row) in (0..).zip(batch::read_table(table, &self.common, rows_max)?) {
            match &row.entry {
                Ok(Entry { bytes: EntryBytes::File(file), .. }) => {
                    named.files.insert(file.clone(), (number, row));
                }
                Ok(Entry { bytes: EntryBytes::Text(_), .. }) => named.texts.push((number, row)),
                Err(refusal) => {
                    named.refused.extend(row.file.clone());
                    let came_of = CameOf::Refused(refusal.clone());
                    self.note(Some(row.line), row.name.clone(), came_of);
                }
            }
        }
        // They are taken from the end.
        named.texts.reverse();
        self.named = Some(named);
        Ok(())
    }

    /// What has had its turn, in the order it had it.
    pub fn outcomes(&self) -> &[BatchOutcome] {
        &self.outcomes
    }

    /// The names of the files that rows wait for.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.named.iter().flat_map(|named| named.files.keys().map(String::as_str))
    }

    /// How many works wait for their turn, as far as a table says.
    pub fn waiting(&self) -> usize {
        self.named.as_ref().map_or(0, |named| named.files.len() + named.texts.len())
    }

    /// Registers the work whose bytes these are. Nothing of them is read if there is none.
    ///
    /// # Errors
    ///
    /// Faults only; what is refused is an outcome.
    pub async fn file<E: std::fmt::Display>(
        &mut self,
        services: &Services,
        actor: &Actor,
        file_name: &str,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
    ) -> Result<()> {
        let found = match &mut self.named {
            Some(named) => named
                .files
                .remove(file_name)
                .map(|(number, row)| (number, Some(row.line), row.entry)),
            None => {
                self.taken += 1;
                Some((self.taken - 1, None, batch::of_file(file_name, &self.common)))
            }
        };
        let Some((number, line, entry)) = found else {
            if self.named.as_ref().is_some_and(|named| named.refused.contains(file_name)) {
                // Its row has said why.
                return Ok(());
            }
            let says = t!("No row of the table names this file, so it was left out.");
            let refusal = Refusal::invalid("file", says);
            self.note(None, file_name.to_owned(), CameOf::Refused(refusal));
            return Ok(());
        };
        let id = self.id(number);
        let name = entry
            .as_ref()
            .map_or_else(|_| file_name.to_owned(), |entry| entry.particulars.title.clone());
        let came_of = match entry {
            Ok(entry) => bring(services, actor, id, entry, file_name, stream).await?,
            Err(refusal) => CameOf::Refused(refusal),
        };
        self.note(line, name, came_of);
        Ok(())
    }

    /// Registers the next work that holds its bytes; false if there is none left.
    ///
    /// # Errors
    ///
    /// Faults only; what is refused is an outcome.
    pub async fn text(&mut self, services: &Services, actor: &Actor) -> Result<bool> {
        let Some((number, row)) = self.named.as_mut().and_then(|named| named.texts.pop()) else {
            return Ok(false);
        };
        if let Ok(Entry { bytes: EntryBytes::Text(text), .. }) = &row.entry {
            let text = text.clone();
            let id = self.id(number);
            let stream =
                futures::stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(text))]);
            let entry = row.entry?;
            let came_of = bring(services, actor, id, entry, "text.txt", stream).await?;
            self.note(Some(row.line), row.name, came_of);
        }
        Ok(true)
    }

    /// Leaves a file out.
    pub fn refuse(&mut self, file_name: &str, refusal: Refusal) {
        self.note(None, file_name.to_owned(), CameOf::Refused(refusal));
    }

    /// The file is there and cannot be read.
    pub fn unreadable(&mut self, file_name: &str, error: &std::io::Error) {
        let row = self.named.as_mut().and_then(|named| named.files.remove(file_name));
        let says = t!("It cannot be read: {error}.");
        let came_of = CameOf::Refused(Refusal::invalid("file", says));
        self.note(row.map(|(_, row)| row.line), file_name.to_owned(), came_of);
    }

    /// Lets the rows say so whose bytes never came.
    pub fn close(&mut self) {
        let waiting = self
            .named
            .take()
            .into_iter()
            .flat_map(|named| named.files.into_values().chain(named.texts).map(|(_, row)| row));
        for row in waiting {
            let says = match &row.entry {
                Ok(Entry { bytes: EntryBytes::File(file), .. }) => {
                    t!("No file called “{file}” came along.")
                }
                _ => t!("It was not reached.").to_owned(),
            };
            let came_of = CameOf::Refused(Refusal::invalid("file", says));
            self.outcomes.push(BatchOutcome { line: Some(row.line), name: row.name, came_of });
        }
    }

    /// Everything that came of it, in the order of the table.
    pub fn finish(mut self) -> Vec<BatchOutcome> {
        self.close();
        self.outcomes.sort_by_key(|outcome| outcome.line.unwrap_or(usize::MAX));
        self.outcomes
    }

    fn id(&self, number: u128) -> AssetId {
        let first = self.first.uuid().as_u128();
        AssetId::from_uuid(uuid::Uuid::from_u128(first.wrapping_add(number)))
    }

    fn note(&mut self, line: Option<usize>, name: String, came_of: CameOf) {
        self.outcomes.push(BatchOutcome { line, name, came_of });
    }
}

async fn bring<E: std::fmt::Display>(
    services: &Services,
    actor: &Actor,
    asset_id: AssetId,
    entry: Entry,
    file_name: &str,
    stream: impl Stream<Item = std::result::Result<Bytes, E>>,
) -> Result<CameOf> {
    let came_of = async {
        let staged = services.content.stage(stream).await?;
        let mut particulars = entry.particulars;
        if entry.kind_is_open {
            particulars.kind = likely_kind(&staged, file_name);
        }
        let file_name = file_name.to_owned();
        register(services, actor, NewAsset { asset_id, particulars, file_name, staged }).await
    };
    match came_of.await {
        Ok(Registered::Work(asset_id)) => Ok(CameOf::Registered(asset_id)),
        Ok(Registered::Claim(claim_id)) => Ok(CameOf::Claimed(claim_id)),
        Err(Error::Refused(refusal)) if refusal.code == "content_registered" => {
            Ok(CameOf::Known(refusal))
        }
        Err(Error::Refused(refusal)) => Ok(CameOf::Refused(refusal)),
        Err(fault) => Err(fault),
    }
}
