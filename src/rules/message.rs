//! What is wrong at an item, in words: text with `{{ expression }}` in it.

use std::ops::Range;

use super::expr::Expr;
use super::value::{Items, Tri, Val};

/// Most items of a list that are named in a message.
const MAX_NAMED: usize = 20;
/// Longest message, in characters.
const MAX_LENGTH: usize = 2_000;

/// A compiled message.
#[derive(Clone, Debug, Default)]
pub(super) struct Template(pub Vec<Piece>);

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    Value(Expr),
}

/// A piece of a message as written.
pub(super) enum Written<'t> {
    Text(&'t str),
    /// An expression and the bytes that it takes.
    Value(&'t str, Range<usize>),
}

/// Cuts a message into text and expressions.
///
/// # Errors
/// The place of an opening `{{` that is never closed.
pub(super) fn cut(text: &str) -> Result<Vec<Written<'_>>, Range<usize>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut at = 0;
    while let Some((before, after)) = rest.split_once("{{") {
        let opened = at + before.len();
        let Some((inside, behind)) = after.split_once("}}") else {
            return Err(opened..text.len());
        };
        if !before.is_empty() {
            pieces.push(Written::Text(before));
        }
        let start = opened + 2;
        pieces.push(Written::Value(inside, start..start + inside.len()));
        at = start + inside.len() + 2;
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Written::Text(rest));
    }
    Ok(pieces)
}

/// A value as a person reads it.
pub(super) fn show(value: &Tri<'_>) -> String {
    match value {
        Tri::Unknown(_) => "(not observed)".to_owned(),
        Tri::Known(value) => match value {
            Val::Null => "none".to_owned(),
            Val::Bool(true) => "yes".to_owned(),
            Val::Bool(false) => "no".to_owned(),
            Val::Int(value) => value.to_string(),
            Val::Text(text) => text.to_string(),
            Val::Time(time) => time.to_string(),
            Val::Date(date) => date.to_string(),
            Val::Duration(span) => show_span(span.as_secs()),
            other => match other.items() {
                Some(items) => show_list(&items),
                None => "(an object)".to_owned(),
            },
        },
    }
}

/// Cuts a message to its longest length.
pub(super) fn bounded(text: String) -> String {
    match text.char_indices().nth(MAX_LENGTH) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn show_list(items: &Items<'_>) -> String {
    let mut shown = Vec::new();
    for index in 0..items.len().min(MAX_NAMED) {
        shown.push(match items.get(index) {
            Ok(Tri::Known(value)) if value.items().is_some() => "(a list)".to_owned(),
            Ok(value) => show(&value),
            Err(_) => "(not observed)".to_owned(),
        });
    }
    if items.len() > MAX_NAMED {
        shown.push(format!("and {} more", items.len() - MAX_NAMED));
    }
    if items.open().is_some() {
        shown.push("(more not observed)".to_owned());
    }
    if shown.is_empty() {
        return "none".to_owned();
    }
    shown.join(", ")
}

fn show_span(seconds: i64) -> String {
    let days = seconds / 86_400;
    let hours = seconds / 3_600;
    match (days, hours) {
        (1 | -1, _) => format!("{days} day"),
        (0, 1 | -1) => format!("{hours} hour"),
        (0, 0) => format!("{seconds} seconds"),
        (0, _) => format!("{hours} hours"),
        _ => format!("{days} days"),
    }
}
