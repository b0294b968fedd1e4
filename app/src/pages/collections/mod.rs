//! Collections: one's own in the workspace, and those that anybody may see.

mod about;
mod edit;
mod list;
mod new;
mod own;
mod shown;

pub use edit::show as edit;
pub use list::show as list;
pub use new::show as new;
pub use own::show as own;
pub use shown::{list as shown_list, show as shown, table as shown_table};

/// "One work", "12 works".
pub(super) fn works_in_words(works: i64) -> String {
    tn!(works, "One work", "{works} works", works = crate::ui::text::quantity(works))
}
