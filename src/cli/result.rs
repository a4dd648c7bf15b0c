//! Options about judging and output that `scan`, `judge` and `demo` share.

use clap::{Args, ValueEnum};
use jiff::{civil::Date, tz::TimeZone};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{
    console::Console,
    exit::{Exit, Trouble},
};
use crate::model::{check::Severity, finding::Findings, matrix::Matrix, run::RunHeader};
use crate::report::{self, table::TableOptions};

/// What to judge by, and how to show it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Result")]
pub struct ResultArgs {
    /// The policy date: which requirements and suite policies apply. Default: the day of the scan.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub at: Option<Date>,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write the result to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// [`Severity`] as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum SeverityArg {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityArg> for Severity {
    fn from(severity: SeverityArg) -> Self {
        match severity {
            SeverityArg::Info => Self::Info,
            SeverityArg::Low => Self::Low,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::High => Self::High,
            SeverityArg::Critical => Self::Critical,
        }
    }
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    Table,
    /// The findings document, for programs.
    Json,
    /// A header and then one finding a line, for programs that read as it comes.
    Jsonl,
    /// A row for each instance of a finding, for spreadsheets.
    Csv,
    /// One HTML file for a browser, a phone and a printer; needs no network.
    Html,
    /// A page for the summary of a CI step or a ticket, below GitHub's limit of 1 MiB.
    Markdown,
    /// Test results, for build servers.
    Junit,
    /// Numbers for Prometheus and its kin.
    Openmetrics,
    /// SARIF 2.1.0, for code-scanning services.
    Sarif,
    /// OSCAL assessment results, for systems of governance and compliance.
    Oscal,
}

impl Format {
    /// Whether the results of several profiles may follow each other in one output.
    pub fn takes_several(self) -> bool {
        matches!(self, Self::Table | Self::Jsonl)
    }

    /// The format as it is typed.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

impl ResultArgs {
    /// The policy date: the one given, else the day on which the run began.
    pub fn as_of(&self, header: &RunHeader) -> Date {
        self.at.unwrap_or_else(|| day_of(header))
    }

    /// Writes findings as asked, one document after the other, and returns the worst exit.
    ///
    /// # Errors
    /// When the result cannot be written.
    pub fn write(&self, documents: &[Findings], console: &mut Console) -> Result<Exit, Trouble> {
        self.emit(documents, console, |options, out| {
            write_all(self.format, documents, options, out)
        })
    }

    /// Writes several profiles side by side, and with `details` each one's findings
    /// below that. Returns the worst exit.
    ///
    /// # Errors
    /// When the result cannot be written.
    pub fn write_matrix(
        &self,
        matrix: &Matrix,
        documents: &[Findings],
        details: bool,
        console: &mut Console,
    ) -> Result<Exit, Trouble> {
        self.emit(documents, console, |options, out| {
            if self.format == Format::Json {
                report::json::write(matrix, out)?;
                return out.flush();
            }
            report::matrix::write(matrix, options, out)?;
            if details {
                writeln!(out)?;
                write_all(self.format, documents, options, out)?;
            }
            out.flush()
        })
    }

    /// Hands the result to where it goes, and returns the worst exit.
    fn emit(
        &self,
        documents: &[Findings],
        console: &mut Console,
        draw: impl Fn(TableOptions, &mut dyn Write) -> std::io::Result<()>,
    ) -> Result<Exit, Trouble> {
        match &self.output {
            None => {
                let options = self.table_options(console, console.colour);
                let outcome = draw(options, &mut console.out);
                match outcome {
                    Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                        return Err(format!("cannot write the result: {error}").into());
                    }
                    _ => {}
                }
            }
            Some(path) => {
                let options = self.table_options(console, false);
                replace(path, |out| draw(options, out)).map_err(|error| {
                    format!("{}: cannot write the result: {error}", path.display())
                })?;
                for document in documents {
                    let why = document.gate.why.join("; ");
                    console.note(format!("{}: {why}", path.display()));
                }
            }
        }
        Ok(worst(documents))
    }

    fn table_options(&self, console: &Console, colour: bool) -> TableOptions {
        TableOptions {
            width: console.width,
            colour,
            ascii: console.ascii,
        }
    }
}

/// The day on which a run began.
pub fn day_of(header: &RunHeader) -> Date {
    header.started_at.to_zoned(TimeZone::UTC).date()
}

fn write_all(
    format: Format,
    documents: &[Findings],
    options: TableOptions,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    for document in documents {
        match format {
            Format::Table => report::table::write(document, options, out)?,
            Format::Json => report::json::write(document, out)?,
            Format::Jsonl => report::jsonl::write(document, out)?,
            Format::Csv => report::csv::write(document, out)?,
            Format::Html => report::html::write(document, out)?,
            Format::Sarif => report::sarif::write(document, out)?,
            Format::Oscal => report::oscal::write(document, out)?,
            Format::Markdown => report::markdown::write(document, out)?,
            Format::Junit => report::junit::write(document, out)?,
            Format::Openmetrics => report::openmetrics::write(document, out)?,
        }
    }
    out.flush()
}

/// Writes a file beside the one named and puts it in its place, so that a
/// failure half-way leaves what was there before.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut out = BufWriter::new(File::create(&part)?);
    let outcome = write(&mut out).and_then(|()| out.flush());
    match outcome {
        Ok(()) => std::fs::rename(&part, path),
        Err(error) => {
            // The first error is the one that matters.
            let _ = std::fs::remove_file(&part);
            Err(error)
        }
    }
}

/// The exit that the gate of a document asks for.
pub fn exit_of(document: &Findings) -> Exit {
    worst(std::slice::from_ref(document))
}

/// A failure outweighs an open question, which outweighs a pass. No document: nothing was observed.
fn worst(documents: &[Findings]) -> Exit {
    let has = |code: u8| documents.iter().any(|document| document.gate.exit == code);
    if has(1) {
        Exit::GateFailed
    } else if !documents.is_empty() && documents.iter().all(|document| document.gate.exit == 0) {
        Exit::Done
    } else {
        Exit::NotObserved
    }
}
