//! The report in GitHub-flavoured Markdown.

use std::io::{self, Write};

use super::view::{AreaView, MissingGroup, View, view};
use crate::model::period::PeriodReport;
use crate::report::markdown::{escape, fenced};

/// Writes the report.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &PeriodReport, out: &mut dyn Write) -> io::Result<()> {
    let view = view(report);
    writeln!(out, "**{}**\n\n# {}\n", view.label, escape(&view.title))?;
    for sentence in &view.lead {
        writeln!(out, "{}\n", escape(sentence))?;
    }
    periods(&view, out)?;
    writeln!(out, "## Where things stand, control by control\n")?;
    for area in &view.areas {
        controls(&view, area, out)?;
    }
    if !view.without_figures.is_empty() {
        writeln!(out, "### Controls without figures\n")?;
        list(&view.without_figures, out)?;
    }
    if !view.missing.is_empty() {
        writeln!(out, "## Most often missing, and how to mend it\n")?;
        for group in &view.missing {
            missing(group, out)?;
        }
    }
    writeln!(out, "## Method\n")?;
    for paragraph in &view.method {
        writeln!(out, "{}\n", escape(paragraph))?;
    }
    writeln!(out, "## What this report cannot say\n")?;
    list(&view.limits, out)?;
    writeln!(out, "## Sources\n")?;
    let sources = view.sources.iter();
    list(
        &sources
            .map(|(what, text)| format!("{what}: {text}"))
            .collect::<Vec<_>>(),
        out,
    )?;
    writeln!(out, "**{}**", view.label)
}

fn periods(view: &View, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## What was measured, and who took part\n")?;
    writeln!(out, "| Period | Days | Own names | Participants |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for period in &view.periods {
        let cells = [&period.id, &period.days, &period.own, &period.took_part];
        writeln!(out, "| {} |", cells.map(|cell| escape(cell)).join(" | "))?;
    }
    writeln!(out)?;
    let cautions: Vec<String> = view
        .periods
        .iter()
        .flat_map(|period| {
            let words = period.cautions.iter();
            words.map(|words| format!("{}: {words}", period.id))
        })
        .collect();
    if !cautions.is_empty() {
        writeln!(out, "### To know before comparing\n")?;
        list(&cautions, out)?;
    }
    Ok(())
}

fn controls(view: &View, area: &AreaView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", escape(&area.name))?;
    let mut header = vec!["Control".to_owned(), "Counted".to_owned()];
    header.extend(view.periods.iter().map(|period| escape(&period.id)));
    if view.trend {
        header.push("Trend".to_owned());
    }
    writeln!(
        out,
        "| {} |\n|{}",
        header.join(" | "),
        " --- |".repeat(header.len())
    )?;
    for control in &area.controls {
        for (number, row) in control.rows.iter().enumerate() {
            let name = match number {
                0 => format!(
                    "**{}** {}<br>{}",
                    escape(&control.id),
                    escape(&control.title),
                    escape(&control.why)
                ),
                _ => escape(&control.id),
            };
            let mut cells = vec![
                name,
                format!("{}<br>{}", escape(&row.counted), escape(&row.demand)),
            ];
            let join = |texts: &[String]| {
                let texts: Vec<String> = texts.iter().map(|text| escape(text)).collect();
                texts.join("<br>")
            };
            cells.extend(row.figures.iter().map(|figures| join(figures)));
            if view.trend {
                cells.push(join(&row.trend));
            }
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
    }
    writeln!(out)
}

fn missing(group: &MissingGroup, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", escape(&group.title))?;
    for practice in &group.practices {
        writeln!(
            out,
            "**{}**\n\n{}\n\n{}\n",
            escape(&practice.name),
            escape(&format!("{}.", practice.figure)),
            escape(&practice.why)
        )?;
        for remedy in &practice.remedies {
            let title = escape(&format!("{} ({})", remedy.title, remedy.effort));
            match &remedy.product {
                None => writeln!(out, "{title}: {}\n", escape(&remedy.advice))?,
                Some(product) => {
                    let product = escape(product);
                    writeln!(out, "{title}, {product}:\n\n{}", fenced(&remedy.advice))?;
                }
            }
        }
    }
    Ok(())
}

fn list(texts: &[String], out: &mut dyn Write) -> io::Result<()> {
    for text in texts {
        writeln!(out, "- {}", escape(text))?;
    }
    writeln!(out)
}
