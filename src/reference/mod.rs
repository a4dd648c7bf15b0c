//! The reference: pages in Markdown about checks, controls, profiles, facts
//! and what a scan sends, made from the sources of each. Pure.
//!
//! The pages stand in `docs/reference`; a test holds them up to date.

mod checks;
mod controls;
mod exchanges;
mod facts;
mod markdown;
mod profiles;

pub use markdown::{cell, code};

use std::collections::BTreeMap;

use crate::content::{Content, diagnostic::Diagnostics};

/// First line of every page, so that nobody mends it by hand.
pub const MARK: &str =
    "<!-- Made by `scrutineer generate reference`; change the sources, not this page. -->";

/// The pages by file name.
///
/// # Errors
/// When a profile or a guideline cannot be read.
pub fn pages(content: &Content) -> Result<BTreeMap<String, String>, Diagnostics> {
    let mut pages = checks::pages(content);
    pages.insert("controls.md".to_owned(), controls::page(content)?);
    pages.insert("profiles.md".to_owned(), profiles::page(content)?);
    pages.insert("exchanges.md".to_owned(), exchanges::page());
    pages.extend(facts::pages(&content.observation_schema));
    Ok(pages)
}
