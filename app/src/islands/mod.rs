//! What needs a live browser: each island adds to a part of a page that is
//! complete without it.
//!
//! Always true: an island knows no router and nothing of the domain, and every page
//! pays for all of them, so each stays a few kilobytes.

mod as_typed;
mod chart_hover;
mod copy_button;
mod live_figures;
mod palette;
mod upload_progress;
mod verify_receipt;

pub use as_typed::AsTyped;
pub use chart_hover::ChartHover;
pub use copy_button::CopyButton;
pub use live_figures::LiveFigures;
pub use palette::{Palette, Shortcut};
pub use upload_progress::UploadProgress;
pub use verify_receipt::{Checked, VerifyReceipt};
