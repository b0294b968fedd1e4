//! What somebody typed and why it was refused, handed to the page that is shown
//! again. Fields find their own text and their own sentence in it.

use std::sync::{Arc, Mutex, PoisonError};

use leptos::prelude::use_context;

/// A form that came back. Without one in context, fields show their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Every field as it was sent, in order; a name may repeat.
    pub values: Vec<(String, String)>,
    pub error: Option<FieldError>,
}

/// One refusal, in words, and the field it is about if it is about one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: Option<String>,
    pub sentence: String,
}

/// The name a form sends along when a page holds more than one, so that only
/// that form shows what came back.
pub const FORM_NAME: &str = "form";

impl Typed {
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(f, v)| f == name && v == value)
    }

    #[must_use]
    pub fn error_on(&self, name: &str) -> Option<&str> {
        self.error
            .as_ref()
            .filter(|error| error.field.as_deref() == Some(name))
            .map(|error| error.sentence.as_str())
    }
}

/// Which form a field stands in, and what came back for it.
#[derive(Clone, Debug, Default)]
pub(super) struct FormScope {
    pub name: Option<String>,
    pub typed: Option<Typed>,
    /// Ids and labels of the fields drawn so far: the summary names a field by its label.
    pub labels: Arc<Mutex<Vec<(String, String)>>>,
}

impl FormScope {
    pub fn open(name: Option<String>) -> Self {
        let typed = use_context::<Typed>().filter(|typed| match &name {
            Some(name) => typed.value(FORM_NAME) == Some(name),
            None => typed.value(FORM_NAME).is_none(),
        });
        Self { name, typed, ..Self::default() }
    }

    /// Remembers what a field is called.
    pub fn label(&self, id: &str, label: &str) {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        labels.push((id.to_owned(), label.to_owned()));
    }

    /// What the field with this id is called.
    pub fn label_of(&self, id: &str) -> Option<String> {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        labels.iter().find(|(known, _)| known == id).map(|(_, label)| label.clone())
    }

    pub fn current() -> Self {
        use_context::<Self>().unwrap_or_default()
    }

    /// The id of a field's control; the error summary links to it.
    pub fn id(&self, field: &str) -> String {
        match &self.name {
            Some(form) => format!("{form}-{field}"),
            None => format!("field-{field}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_finds_its_own_text_and_error() {
        let typed = Typed {
            values: vec![
                ("title".into(), "Fenland".into()),
                ("scope".into(), "training".into()),
                ("scope".into(), "preview".into()),
            ],
            error: Some(FieldError { field: Some("title".into()), sentence: "Too short.".into() }),
        };
        assert_eq!(typed.value("title"), Some("Fenland"));
        assert!(typed.has("scope", "preview"));
        assert!(!typed.has("scope", "inference"));
        assert_eq!(typed.error_on("title"), Some("Too short."));
        assert_eq!(typed.error_on("scope"), None);
    }
}
