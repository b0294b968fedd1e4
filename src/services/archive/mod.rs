//! a
mod columns;
