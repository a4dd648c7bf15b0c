//! The report as one HTML page that is made for paper: its label stands in the
//! header and in the footer of every printed page, heads of tables are repeated,
//! and nothing is told by colour alone. No script, nothing loaded.

use minijinja::{Value, context, value::Serde};
use std::io::{self, Write};

use super::view::view;
use crate::model::{period::PeriodReport, tlp::Tlp};
use crate::report::sheet::{self, STYLE, render};

const TEMPLATES: [(&str, &str); 1] = [("page.html", include_str!("page.html"))];
const PRINT: &str = include_str!("page.css");
/// Most periods that fit beside each other on upright paper.
const UPRIGHT: usize = 3;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &PeriodReport, out: &mut dyn Write) -> io::Result<()> {
    let environment = sheet::environment(&TEMPLATES)?;
    let style = format!(
        "{STYLE}{PRINT}{}",
        paper(report.tlp, report.periods.len() > UPRIGHT)
    );
    let page = context! {
        policy => sheet::policy(&style, None),
        style => Value::from_safe_string(style),
        page => Serde(view(report)),
    };
    render(&environment, "page.html", &page, out)
}

/// The margins of every printed page (CSS Paged Media Level 3, section 4).
/// Nothing in them comes from elsewhere: a label is one of five texts.
fn paper(label: Tlp, wide: bool) -> String {
    let size = match wide {
        true => "A4 landscape",
        false => "A4",
    };
    let text = "font: bold 9pt monospace; color: #000000;";
    format!(
        "@page {{ size: {size}; margin: 20mm 15mm; \
         @top-center {{ content: \"{label}\"; {text} }} \
         @bottom-left {{ content: \"Self-declared\"; {text} }} \
         @bottom-center {{ content: \"{label}\"; {text} }} \
         @bottom-right {{ content: counter(page) \" of \" counter(pages); {text} }} }}\n"
    )
}
