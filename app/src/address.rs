//! Addresses of pages with their parameters, so that a link asks for the same with one thing changed.

use std::fmt::Display;

use url::form_urlencoded::Serializer;

/// A path and the parameters behind it, written as forms write them.
#[derive(Clone, Debug)]
pub struct Address {
    path: &'static str,
    pairs: Vec<(&'static str, String)>,
}

impl Address {
    /// Nothing but the path.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self { path, pairs: Vec::new() }
    }

    /// With a parameter.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Display) -> Self {
        self.with_some(name, Some(value))
    }

    /// With a parameter, if there is a value.
    #[must_use]
    pub fn with_some(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.pairs.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// As it stands in a link.
    #[must_use]
    pub fn href(&self) -> String {
        if self.pairs.is_empty() {
            return self.path.to_owned();
        }
        let query = Serializer::new(String::new()).extend_pairs(&self.pairs).finish();
        format!("{}?{query}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_in_a_parameter_stays_one_parameter() {
        let address =
            Address::new("/usage").with("region", "a&b=c #").with_some("model", None::<&str>);
        assert_eq!(address.href(), "/usage?region=a%26b%3Dc+%23");
        assert_eq!(Address::new("/usage").href(), "/usage");
    }
}
