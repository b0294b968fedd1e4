//! What needs a live browser: each island adds to a part of a page that is
//! complete without it.
//!
//! Always true: an island knows no router, and every page pays for all of them,
//! so each stays a few kilobytes. Of the domain they know the words of terms.

mod chart_hover;
mod copy_button;
mod read_back;

pub use chart_hover::ChartHover;
pub use copy_button::CopyButton;
pub use read_back::ReadBack;
