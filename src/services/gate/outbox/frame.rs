//! How a receipt lies in a segment: the length of its bytes, their CRC-32, and the bytes.
//!
//! A frame is whole or it is none: whatever is cut off, zeroed or altered fails its check. The bytes
//! are JSON, so that what is set aside can be read by a person.

use serde::{Deserialize, Serialize};

use crate::{
    domain::ids::{AssetId, OrgId},
    services::{Error, Result},
};

/// Length and CRC-32, each as four bytes, little-endian.
const HEAD: usize = 8;
/// The most bytes of one frame, its head included.
pub(super) const FRAME_BYTES_MAX: usize = 256 * 1024;

/// A receipt, and what the books need that it does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services::gate) struct Entry {
    pub asset_id: AssetId,
    pub creator_org_id: OrgId,
    /// The compact JWS.
    pub jws: String,
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A frame: what it holds, and how many bytes it takes.
    Whole { held: &'a [u8], length: usize },
    /// Nothing that is a frame. More bytes may make it one.
    Short,
    /// Nothing that is a frame, whatever follows.
    Bad,
    /// Nothing at all.
    End,
}

impl Entry {
    /// As it lies in a segment.
    pub fn frame(&self) -> Result<Vec<u8>> {
        let fault = |source: &str| Error::fault("writing down a receipt", source);
        let mut frame = vec![0; HEAD];
        serde_json::to_writer(&mut frame, self).map_err(|error| fault(&error.to_string()))?;
        if frame.len() > FRAME_BYTES_MAX {
            return Err(fault("it is too long"));
        }
        let length = u32::try_from(frame.len() - HEAD).map_err(|_| fault("it is too long"))?;
        let check = crc32fast::hash(&frame[HEAD..]);
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..HEAD].copy_from_slice(&check.to_le_bytes());
        Ok(frame)
    }

    /// What a frame holds, if it is an entry.
    pub fn read(held: &[u8]) -> Option<Self> {
        serde_json::from_slice(held).ok()
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
    let Some(held) = rest.get(..length) else { return Next::Short };
    if crc32fast::hash(held) == u32::from_le_bytes([c0, c1, c2, c3]) {
        Next::Whole { held, length: HEAD + length }
    } else {
        Next::Bad
    }
}

/// How many bytes to pass over until the next whole frame; nothing where none follows.
pub(super) fn gap(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len()).find(|&at| matches!(next(&bytes[at..]), Next::Whole { .. }))
}
