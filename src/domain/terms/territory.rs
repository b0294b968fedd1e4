//! Where a work may be used: the whole world, or countries by their codes (ISO 3166-1 alpha-2).

use serde::{Deserialize, Serialize};

use crate::{
    domain::{country::name, error::Refusal},
    words::all_of,
};

/// Countries, sorted by code; the whole world where none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Territory(Vec<String>);

impl Territory {
    /// Reads codes that are separated by commas, blanks or lines.
    pub fn parse(typed: &str) -> Result<Self, Refusal> {
        let mut codes = Vec::new();
        for word in typed.split(|c: char| c == ',' || c == ';' || c.is_whitespace()) {
            if word.is_empty() {
                continue;
            }
            let code = word.to_ascii_uppercase();
            if name(&code).is_none() {
                let shown: String = word.chars().filter(|c| !c.is_control()).take(20).collect();
                return Err(Refusal::invalid(
                    "territory",
                    t!("“{shown}” is no country code. Write codes like DE, FR or EU."),
                ));
            }
            codes.push(code);
        }
        codes.sort_unstable();
        codes.dedup();
        Ok(Self(codes))
    }

    /// The codes.
    pub fn codes(&self) -> &[String] {
        &self.0
    }

    /// The names of the countries; nothing for the whole world.
    pub fn in_words(&self) -> Option<String> {
        let names: Vec<&str> = self.0.iter().map(|code| name(code).unwrap_or(code)).collect();
        (!names.is_empty()).then(|| all_of(&names))
    }
}
