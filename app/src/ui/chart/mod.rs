//! Charts drawn on the server: one measure per panel, each with its own scale
//! and its own axis on the right, one row of dates under them all.
//!
//! Always true: lines stretch with the page and text does not, the same figures
//! stand in a table below, and `ChartHover` only moves what is drawn here.

mod line;
mod scale;
mod sparkline;

pub use line::{Chart, Line};
pub use scale::Unit;
pub use sparkline::Sparkline;
