//! Every request, answer and event of a run, one JSON object a line, for whoever checks them against
//! the official declarations afterwards.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// Where it is written; nowhere, if nobody asked.
#[derive(Debug, Default)]
pub struct Record {
    file: Option<Mutex<File>>,
}

impl Record {
    /// Appends to this file.
    pub fn to(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Some(Mutex::new(file)) })
    }

    /// One line. A record that cannot be written is told once per line, and stops nobody.
    pub fn line(&self, line: &Value) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // In one piece: other sandboxes may write to the same file.
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "The record of the sandbox could not be written");
        }
    }
}
