//! Where a command writes: results to standard output, all else to standard error.

use std::io::{self, IsTerminal, Write};

use super::exit::Exit;
use crate::wire::text::clean;

/// Longest message shown to a person, in characters.
const LONGEST: usize = 4000;

/// Where a command writes.
pub struct Console {
    /// Results.
    pub out: Box<dyn Write + Send>,
    /// Messages.
    pub err: Box<dyn Write + Send>,
    /// Whether results go to a terminal.
    pub out_is_terminal: bool,
    /// Whether messages go to a terminal, so that progress may be drawn.
    pub err_is_terminal: bool,
    /// Columns of the terminal; 100 where there is none.
    pub width: u16,
    /// Whether results may be coloured: a terminal, and no `NO_COLOR`.
    pub colour: bool,
}

impl Console {
    /// The console of this process.
    pub fn of_process() -> Self {
        let out_is_terminal = io::stdout().is_terminal();
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok());
        let measured = terminal_size::terminal_size().map(|(width, _)| width.0);
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            out_is_terminal,
            err_is_terminal: io::stderr().is_terminal(),
            width: columns.or(measured).unwrap_or(100).clamp(40, 400),
            colour: out_is_terminal && !no_colour,
        }
    }

    /// Prints an error, cleaned, one line a line.
    pub fn error(&mut self, message: impl std::fmt::Display) {
        self.say("error: ", &message.to_string());
    }

    /// Prints a note, cleaned.
    pub fn note(&mut self, message: impl std::fmt::Display) {
        self.say("", &message.to_string());
    }

    /// Hands over what is still buffered. A reader that went away (`| head`) is
    /// no error; any other failure to write is, since a result would be lost.
    pub fn finish(mut self, exit: Exit) -> Exit {
        match self.out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.error(format!("cannot write the result: {error}"));
                Exit::Wrong
            }
            _ => exit,
        }
    }

    fn say(&mut self, prefix: &str, message: &str) {
        for (at, line) in message.lines().enumerate() {
            let prefix = if at == 0 { prefix } else { "" };
            // Where standard error is gone, there is nobody left to tell.
            let _ = writeln!(self.err, "{prefix}{}", clean(line, LONGEST));
        }
    }
}
