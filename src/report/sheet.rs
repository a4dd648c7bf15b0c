//! What all HTML pages have in common: the style, how templates are filled in,
//! and a content security policy that lets the page's own style and script run,
//! by their hashes, and nothing else.

use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{Environment, Value, syntax::SyntaxConfig};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The style of every page: on screen, light and dark, and on paper.
pub const STYLE: &str = include_str!("html/style.css");

/// An environment with templates, each a name and its text. The names end in
/// `.html`, by which values in them are escaped.
///
/// # Errors
/// When a template is wrong.
pub fn environment(templates: &[(&'static str, &'static str)]) -> io::Result<Environment<'static>> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(io::Error::other)?;
    environment.set_syntax(syntax);
    for (name, source) in templates {
        environment
            .add_template(name, source)
            .map_err(io::Error::other)?;
    }
    Ok(environment)
}

/// Writes a template with its values.
///
/// # Errors
/// When `out` cannot be written.
pub fn render(
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

/// The content security policy of a page (CSP Level 3).
pub fn policy(style: &str, script: Option<&str>) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = script.map_or_else(String::new, |script| {
        format!(" script-src 'sha256-{}';", hash(script))
    });
    format!(
        "default-src 'none'; style-src 'sha256-{}';{script} base-uri 'none'; form-action 'none'",
        hash(style)
    )
}
