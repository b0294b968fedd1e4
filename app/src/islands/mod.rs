//! What needs a live browser: each island adds to a part of a page that is
//! complete without it.
//!
//! Always true: an island knows no router and no domain type, and every page
//! pays for all of them, so each stays a few kilobytes.

mod chart_hover;
mod copy_button;
mod live_figures;
mod verify_receipt;

pub use chart_hover::ChartHover;
pub use copy_button::CopyButton;
pub use live_figures::LiveFigures;
pub use verify_receipt::{Checked, VerifyReceipt};
mod upload_progress;

pub use upload_progress::UploadProgress;
