//! The components every page is made of. They know nothing of the domain: they
//! take words, numbers, links and tones.
//!
//! Always true: a component's class names are its own name, its looks are in
//! `style/components`, and none of them needs JavaScript to be complete.

mod button;
mod chart;
mod code;
mod error_page;
mod field;
mod figures;
mod form;
mod list;
mod meter;
mod notice;
mod page;
mod pager;
mod status;
mod table;
pub mod text;
mod typed;
mod value;

pub use button::{Button, ButtonKind, ButtonLink};
pub use chart::{Chart, Line, Sparkline, Unit};
pub use code::{CodeBlock, Secret};
pub use error_page::ErrorPage;
pub use field::{
    CheckField, CheckGroup, Choice, FileField, HiddenField, RadioCards, SelectField, TextArea,
    TextField,
};
pub use figures::{Figure, Figures};
pub use form::{Confirm, FieldSet, FilterForm, FormActions, PostForm, RowRefusal};
pub use list::{Definition, Definitions, Task, Tasks, Timeline, TimelineStep};
pub use meter::Meter;
pub use notice::{EmptyState, Notice, Skeleton, Toast, Undo};
pub use page::{Breadcrumb, Columns, Crumb, PageHeader, Panel, Panels, Section};
pub use pager::{Pager, Segment, Segmented};
pub use status::{Status, Tone};
pub use table::{Cell, Column, Row, Table};
pub use typed::{FieldError, Typed};
pub use value::{Amount, Bytes, Digest, Instant, Quantity};
