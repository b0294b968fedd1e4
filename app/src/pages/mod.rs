//! One page per file: its title, its data, one view.

pub mod design;
pub mod landing;
