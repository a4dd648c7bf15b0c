//! One HTML file that needs no network: for a browser, a phone and a printer.
//!
//! Summary first, then controls, then findings with their evidence and what to
//! type, and what could not be seen. Everything can be read without JavaScript,
//! which adds filter, search and buttons that copy. A content security policy
//! in the page lets its own style and script run, by their hashes, and nothing
//! else: should a hostile string ever get past the escaping, it stays text.
//!
//! Findings of the same check stand together, with its reasons and advice told
//! once. The page is written piece by piece, so that a large one takes little memory.

mod view;

use minijinja::{Value, context, value::Serde};
use std::io::{self, Write};

use super::sheet::{self, STYLE, render};
use crate::model::finding::Findings;

const SCRIPT: &str = include_str!("html/script.js");
/// The templates; their names end in `.html`, by which values in them are escaped.
const TEMPLATES: [(&str, &str); 3] = [
    ("head.html", include_str!("html/head.html")),
    ("issue.html", include_str!("html/issue.html")),
    ("foot.html", include_str!("html/foot.html")),
];

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let environment = sheet::environment(&TEMPLATES)?;
    let issues = view::issues(document);
    let page = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        policy => sheet::policy(STYLE, Some(SCRIPT)),
        page => Serde(view::page(document, &issues)),
    };
    render(&environment, "head.html", &page, out)?;
    for issue in &issues {
        let issue = context! { issue => Serde(view::issue(document, issue)) };
        render(&environment, "issue.html", &issue, out)?;
    }
    render(&environment, "foot.html", &page, out)
}
