//! Finds, loads and lints checks, controls and profiles.

pub mod diagnostic;
pub mod files;
pub mod reader;
pub mod source;
pub mod text_map;
pub mod yaml;
