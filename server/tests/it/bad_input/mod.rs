//! Bad input over HTTP, at every form and every address that takes something.
//!
//! Always true: the answer says in a sentence what to mend, beside the field it is about; what was
//! typed is kept; and no row changes.

mod addresses;
mod collections;
mod forms;
mod offers;
mod others;
mod twice;
mod uploads;

use crate::{
    browser::Answer,
    visitor::{Visitor, shown, unescaped},
    world::World,
};

/// What a form is answered that cannot be taken.
#[derive(Clone, Copy, Debug)]
struct Refused<'a> {
    status: u16,
    /// The field that is blamed; the whole form where it is empty.
    field: &'a str,
    says: &'a str,
}

/// A form of type `application/x-www-form-urlencoded` is refused.
async fn refused(
    world: &World,
    visitor: &mut Visitor,
    path: &str,
    form: &[(&str, &str)],
    expected: Refused<'_>,
) {
    let before = world.rows().await;
    let answer = visitor.post(path, form).await;
    assert_refused(path, &answer, form, expected);
    assert_eq!(before, world.rows().await, "{path} {form:?} changed something");
}

/// The page came back with the sentence beside the field, and with everything that was typed.
fn assert_refused(path: &str, answer: &Answer, form: &[(&str, &str)], expected: Refused<'_>) {
    let Refused { status, field, says } = expected;
    let page = shown(&answer.body);
    let context = format!("{path} {form:?} {expected:?}: {} {page}", answer.status);
    assert_eq!(answer.status.as_u16(), status, "{context}");
    assert!(unescaped(&page).contains(says), "{context}");
    assert!(page.contains("Nothing was changed"), "{context}");
    let name = form.iter().find(|(name, _)| *name == "form").map_or("field", |(_, name)| *name);
    if !field.is_empty() {
        let (_, error) = page
            .split_once(&format!("id=\"{name}-{field}-error\""))
            .unwrap_or_else(|| panic!("no error beside {field}: {context}"));
        let error = error.split_once("</p>").unwrap().0;
        assert!(unescaped(error).contains(says), "{context}");
        assert!(page.contains(&format!("href=\"#{name}-{field}\"")), "{context}");
        assert!(page.contains(&format!("id=\"{name}-{field}\"")), "{context}");
    }
    for (name, typed) in form {
        if let Some(kept) = text_in(&page, name) {
            assert_eq!(&kept, typed, "{name} was not kept: {context}");
        }
    }
}

/// The text in a field that one types into, if the page has it.
fn text_in(page: &str, name: &str) -> Option<String> {
    let named = format!(" name=\"{name}\"");
    let input = page
        .split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .find(|tag| tag.contains(&named) && tag.contains(" type=\"text\""));
    if let Some(tag) = input {
        let value = tag.split_once(" value=\"").map_or("", |(_, rest)| rest);
        return Some(unescaped(value.split('"').next().unwrap()));
    }
    let area = page
        .split("<textarea")
        .skip(1)
        .find(|rest| rest.split('>').next().is_some_and(|tag| tag.contains(&named)))?;
    let text = area.split_once('>').unwrap().1.split("</textarea").next().unwrap();
    // A browser drops one line break at the start (HTML, section 13.2.6.4.7).
    let text = text.strip_prefix('\n').unwrap_or(text);
    Some(unescaped(text))
}
