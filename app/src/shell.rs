//! The document around every page, and the two layouts pages stand in: the
//! public one and the workspace.
//!
//! Always true: there is one `main` with the id the skip link leads to, and the
//! navigation is one list that works without JavaScript at every width.

mod document;
mod mark;
mod print_foot;
mod public;
mod workspace;

pub use document::shell;
pub use mark::Mark;
pub use print_foot::PrintFoot;
pub use public::PublicLayout;
pub use workspace::{Account, NavGroup, NavItem, OtherOrganization, WorkspaceLayout};
