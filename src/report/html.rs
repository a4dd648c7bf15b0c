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

use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{Environment, Value, context, syntax::SyntaxConfig, value::Serde};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

use crate::model::finding::Findings;

const STYLE: &str = include_str!("html/style.css");
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
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(io::Error::other)?;
    environment.set_syntax(syntax);
    for (name, source) in TEMPLATES {
        environment
            .add_template(name, source)
            .map_err(io::Error::other)?;
    }
    let issues = view::issues(document);
    let page = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        policy => policy(),
        page => Serde(view::page(document, &issues)),
    };
    render(&environment, "head.html", &page, out)?;
    for issue in &issues {
        let issue = context! { issue => Serde(view::issue(document, issue)) };
        render(&environment, "issue.html", &issue, out)?;
    }
    render(&environment, "foot.html", &page, out)
}

fn render(
    environment: &Environment<'_>,
    name: &str,
    context: &Value,
    out: &mut dyn Write,
) -> io::Result<()> {
    environment
        .get_template(name)
        .and_then(|template| template.render_captured_to(context, out))
        .map(|_| ())
        .map_err(io::Error::other)
}

/// The content security policy of the page (CSP Level 3): its own style and script alone.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
