//! How receipts lie in a segment: what was synced together is one frame, the length of its bytes,
//! their CRC-32, and the bytes: a line of JSON for each receipt.
//!
//! A frame is whole or it is none: whatever is cut off, zeroed or altered fails its check, so what
//! was synced together counts together. Lines of JSON can be read by a person where they are set
//! aside, and never end in a zero.

use serde::{Deserialize, Serialize};

use crate::{
    domain::ids::{AssetId, OrgId},
    services::{Error, Result},
};

/// Length and CRC-32, each as four bytes, little-endian.
const HEAD: usize = 8;
/// The most bytes of one frame, its head included.
pub(super) const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of one receipt's line.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// A receipt, and what the books need that it does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services::gate) struct Entry {
    pub asset_id: AssetId,
    /// The buyer, whom the receipt does not name.
    pub org_id: OrgId,
    pub creator_org_id: OrgId,
    /// The compact JWS.
    pub jws: String,
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A frame: its lines, and how many bytes it takes.
    Whole { lines: &'a [u8], length: usize },
    /// Nothing that is a frame. More bytes may make it one.
    Short,
    /// Nothing that is a frame, whatever follows.
    Bad,
    /// Nothing at all.
    End,
}

impl Entry {
    /// As it lies in a frame.
    pub fn line(&self) -> Result<Vec<u8>> {
        let fault = |source: &str| Error::fault("writing down a receipt", source);
        let mut line = Vec::with_capacity(self.jws.len() + 128);
        serde_json::to_writer(&mut line, self).map_err(|error| fault(&error.to_string()))?;
        line.push(b'\n');
        if line.len() > LINE_BYTES_MAX { Err(fault("it is too long")) } else { Ok(line) }
    }

    /// What a line says, if it is an entry.
    pub fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// A frame as it is put together.
#[derive(Default)]
pub(super) struct Frame(Vec<u8>);

impl Frame {
    /// Begins anew.
    pub fn begin(&mut self) {
        self.0.clear();
        self.0.extend_from_slice(&[0; HEAD]);
    }

    /// Adds a line; false where there is no room for it in this frame.
    pub fn add(&mut self, line: &[u8]) -> bool {
        let fits = self.0.len() + line.len() <= FRAME_BYTES_MAX;
        if fits {
            self.0.extend_from_slice(line);
        }
        fits
    }

    /// The frame as it lies in a segment.
    pub fn end(&mut self) -> &[u8] {
        // Never longer than `FRAME_BYTES_MAX`.
        let length = u32::try_from(self.0.len() - HEAD).unwrap_or(u32::MAX);
        let check = crc32fast::hash(&self.0[HEAD..]);
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0[4..HEAD].copy_from_slice(&check.to_le_bytes());
        &self.0
    }
}

/// Reads what stands at the beginning.
pub(super) fn next(bytes: &[u8]) -> Next<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return if bytes.is_empty() { Next::End } else { Next::Short };
    };
    let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
    let Ok(length) = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])) else {
        return Next::Bad;
    };
    // Zeroes would pass for a frame that holds nothing.
    if length == 0 || length > FRAME_BYTES_MAX - HEAD {
        return Next::Bad;
    }
    let Some(lines) = rest.get(..length) else { return Next::Short };
    if crc32fast::hash(lines) == u32::from_le_bytes([c0, c1, c2, c3]) {
        Next::Whole { lines, length: HEAD + length }
    } else {
        Next::Bad
    }
}

/// How many bytes to pass over until the next whole frame; nothing where none follows.
pub(super) fn gap(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len()).find(|&at| matches!(next(&bytes[at..]), Next::Whole { .. }))
}
