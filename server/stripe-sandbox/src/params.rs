//! The parameters of one call. Whatever is read is taken out; what is left over at the end is a
//! parameter that nobody knows, and the call is refused before it does anything.

use serde_json::{Map, Value};

use crate::fail::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// A tree of parameters, and how to get to it.
#[derive(Debug, Default)]
pub struct Params {
    tree: Map<String, Value>,
    path: String,
}

impl Params {
    /// The parameters of a call.
    pub const fn new(tree: Map<String, Value>) -> Self {
        Self { tree, path: String::new() }
    }

    /// How this parameter is called in an error.
    pub fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.path) }
    }

    /// Text; empty text counts as none.
    pub fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.tree.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= 5_000 => Ok(Some(text)),
            Some(Value::String(_)) => Err(self.wrong(name, "is longer than 5000 characters")),
            Some(_) => Err(self.wrong(name, "is not a string")),
        }
    }

    /// Text that has to be there.
    pub fn need(&mut self, name: &str) -> Result<String> {
        let full = self.name(name);
        self.text(name)?.ok_or_else(|| Failure::needed(&full))
    }

    /// A whole number.
    pub fn int(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse::<i64>() {
            // What does not fit the eight digits of the real thing is refused there as well.
            Ok(number) if number.abs() <= 99_999_999_999 => Ok(Some(number)),
            _ => Err(Failure::invalid(
                "parameter_invalid_integer",
                format!("Invalid integer: {text}"),
            )
            .about(self.name(name))),
        }
    }

    /// A whole number that has to be there.
    pub fn need_int(&mut self, name: &str) -> Result<i64> {
        let full = self.name(name);
        self.int(name)?.ok_or_else(|| Failure::needed(&full))
    }

    /// An amount above zero.
    pub fn need_positive(&mut self, name: &str) -> Result<i64> {
        match self.need_int(name)? {
            amount if amount > 0 => Ok(amount),
            _ => Err(Failure::invalid(
                "parameter_invalid_integer",
                "This value must be greater than or equal to 1.",
            )
            .about(self.name(name))),
        }
    }

    /// True or false.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(name, "is not a boolean")),
        }
    }

    /// One of these words.
    pub fn choice(&mut self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(self.wrong(name, &format!("must be one of {}", words.join(", ")))),
        }
    }

    /// The currency, of those that are known here.
    pub fn currency(&mut self) -> Result<Option<String>> {
        match self.text("currency")? {
            None => Ok(None),
            Some(text) => match text.to_lowercase().as_str() {
                known @ ("usd" | "eur" | "gbp") => Ok(Some(known.to_owned())),
                _ => Err(self.wrong("currency", "is not a currency of this sandbox")),
            },
        }
    }

    /// Parameters inside this one; none of them if it is not there.
    pub fn group(&mut self, name: &str) -> Result<Self> {
        let path = self.name(name);
        match self.tree.remove(name) {
            None => Ok(Self { tree: Map::new(), path }),
            Some(Value::Object(tree)) => Ok(Self { tree, path }),
            Some(_) => Err(Failure::invalid("parameter_invalid", "Invalid object").about(path)),
        }
    }

    /// A list of such groups, in order.
    pub fn groups(&mut self, name: &str) -> Result<Vec<Self>> {
        let list = self.group(name)?;
        let mut items = Vec::new();
        for (place, value) in list.tree {
            let path = format!("{}[{place}]", list.path);
            match (place.parse::<usize>(), value) {
                (Ok(place), Value::Object(tree)) => items.push((place, Self { tree, path })),
                _ => return Err(Failure::invalid("parameter_invalid", "Invalid array").about(path)),
            }
        }
        items.sort_by_key(|(place, _)| *place);
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    /// A list of texts, in order.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let mut list = self.group(name)?;
        let mut places: Vec<String> = list.tree.keys().cloned().collect();
        places.sort_by_key(|place| place.parse::<usize>().unwrap_or(usize::MAX));
        places.iter().map(|place| list.need(place)).collect()
    }

    /// Metadata: at most 50 keys of 40 characters, values of 500. An empty value takes its key away.
    pub fn metadata(&mut self) -> Result<Map<String, Value>> {
        let path = self.name("metadata");
        let found = match self.tree.remove("metadata") {
            Some(Value::Object(found)) => found,
            None => Map::new(),
            Some(Value::String(text)) if text.is_empty() => Map::new(),
            Some(_) => {
                return Err(Failure::invalid("parameter_invalid", "Invalid object").about(path));
            }
        };
        if found.len() > 50 {
            return Err(Failure::invalid("parameter_invalid", "Metadata can have up to 50 keys.")
                .about(path));
        }
        for (key, value) in &found {
            let fits = value.as_str().is_some_and(|value| value.chars().count() <= 500);
            if !fits || key.chars().count() > 40 {
                return Err(Failure::invalid(
                    "parameter_invalid_string",
                    "Metadata keys can have up to 40 characters, values up to 500.",
                )
                .about(format!("{path}[{key}]")));
            }
        }
        Ok(found)
    }

    /// Takes out parameters that are known and make no difference here.
    pub fn ignore(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            self.tree.remove(*name);
        }
        self
    }

    /// Refuses what nobody has asked for.
    pub fn finish(self) -> Result<()> {
        match self.tree.keys().next() {
            None => Ok(()),
            Some(name) => Err(Failure::unknown(&self.name(name))),
        }
    }

    fn wrong(&self, name: &str, how: &str) -> Failure {
        let name = self.name(name);
        Failure::invalid("parameter_invalid", format!("Invalid {name}: it {how}.")).about(name)
    }
}

/// Applies metadata that came along to what is there.
pub fn apply_metadata(old: &Value, new: Map<String, Value>) -> Value {
    let mut merged = old.as_object().cloned().unwrap_or_default();
    for (key, value) in new {
        if value.as_str() == Some("") {
            merged.remove(&key);
        } else {
            merged.insert(key, value);
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::decode;

    fn params(encoded: &str) -> Params {
        Params::new(decode(encoded.as_bytes()))
    }

    #[test]
    fn what_is_left_over_is_unknown() {
        let mut given = params("amount=5&bogus=1");
        assert_eq!(given.need_positive("amount").unwrap(), 5);
        let failure = given.finish().unwrap_err();
        assert_eq!((failure.code, failure.param.as_deref()), ("parameter_unknown", Some("bogus")));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(params("").need("currency").unwrap_err().code, "parameter_missing");
        for amount in ["abc", "1.5", "-3", "0", "99999999999999999999"] {
            let failure = params(&format!("amount={amount}")).need_positive("amount").unwrap_err();
            assert_eq!(failure.code, "parameter_invalid_integer", "{amount}");
        }
        assert!(params("currency=xyz").currency().is_err());
        let nested = params("a[b]=x").group("a").unwrap().int("b").unwrap_err();
        assert_eq!(nested.param.as_deref(), Some("a[b]"));
    }

    #[test]
    fn lists_keep_their_order() {
        let mut given = params("t[10]=k&t[2]=c&t[0]=a");
        assert_eq!(given.texts("t").unwrap(), ["a", "c", "k"]);
    }
}
