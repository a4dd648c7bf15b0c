//! Finds, loads and lints checks, controls and profiles.

pub mod dates;
pub mod diagnostic;
pub mod files;
pub mod inventory;
pub mod reader;
pub mod source;
pub mod target_name;
pub mod text_map;
pub mod yaml;
