//! Small contents that were asked for lately, in memory.
//!
//! Always true: what is kept here was compared with its content ID, and no more than `BYTES_MAX` of
//! it is. Content never changes, so nothing here grows stale.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use crate::domain::asset::ContentId;

/// Contents up to this size are kept.
pub(super) const CONTENT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most bytes kept.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a content costs besides its bytes.
const OVERHEAD: usize = 256;

/// Two generations: whatever is asked for moves to the younger one, and when that holds its half,
/// the older one is let go.
#[derive(Debug, Default)]
pub(super) struct Hot(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<ContentId, Bytes>,
    /// What the young ones take up.
    bytes: usize,
    old: HashMap<ContentId, Bytes>,
}

impl Hot {
    /// The whole content, if it is here.
    pub fn get(&self, content_id: &ContentId) -> Option<Bytes> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = generations.young.get(content_id) {
            return Some(content.clone());
        }
        let (content_id, content) = generations.old.remove_entry(content_id)?;
        generations.keep(content_id, content.clone());
        Some(content)
    }

    /// Keeps content that was compared with its ID.
    pub fn keep(&self, content_id: ContentId, content: Bytes) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.keep(content_id, content);
    }
}

impl Generations {
    fn keep(&mut self, content_id: ContentId, content: Bytes) {
        let bytes = content.len() + OVERHEAD;
        if self.bytes + bytes > BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(content_id, content).is_none() {
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(i: usize, bytes: usize) -> (ContentId, Bytes) {
        let content = Bytes::from(vec![u8::try_from(i % 251).unwrap(); bytes]);
        (ContentId::of(&i.to_be_bytes()), content)
    }

    fn held(hot: &Hot) -> usize {
        let generations = hot.0.lock().unwrap();
        let both = generations.young.values().chain(generations.old.values());
        both.map(|content| content.len() + OVERHEAD).sum()
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let hot = Hot::default();
        let (asked, bytes) = content(0, 1024);
        hot.keep(asked.clone(), bytes.clone());
        for i in 1..500 {
            let (other, bytes) = content(i, 1024 * 1024);
            hot.keep(other, bytes);
            assert!(hot.get(&asked).is_some(), "asked for all the time, gone after {i}");
            assert!(held(&hot) <= BYTES_MAX, "{} bytes after {i}", held(&hot));
        }
        assert_eq!(hot.get(&asked), Some(bytes));
        assert_eq!(hot.get(&content(1, 0).0), None, "not asked for since");
    }

    #[test]
    fn the_smallest_contents_are_bounded_too() {
        let hot = Hot::default();
        for i in 0..400_000 {
            let (other, bytes) = content(i, 1);
            hot.keep(other, bytes);
        }
        assert!(held(&hot) <= BYTES_MAX);
    }

    #[test]
    fn keeping_twice_counts_once() {
        let hot = Hot::default();
        let (content_id, bytes) = content(0, 1024 * 1024);
        for _ in 0..100 {
            hot.keep(content_id.clone(), bytes.clone());
        }
        assert!(hot.get(&content_id).is_some());
        assert_eq!(hot.0.lock().unwrap().bytes, 1024 * 1024 + OVERHEAD);
    }
}
