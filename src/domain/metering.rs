//! Which uses cost money.

use super::text::text_enum;

text_enum! {
    /// Why a use costs nothing.
    pub enum FreeReason("free reason") {
        /// The same content reached the same consumer before, within the job's window.
        Repeat = "repeat",
        /// Looking before licensing is free.
        Preview = "preview",
    }
}
