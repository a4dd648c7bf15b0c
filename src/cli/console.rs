//! Where a command writes: results to standard output, all else to standard error.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use super::exit::{Exit, Trouble};
use crate::content::diagnostic::Diagnostics;
use crate::wire::text::{clean, to_ascii};

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
    /// Whether only ASCII can be shown: a terminal that is not set to UTF-8.
    pub ascii: bool,
    /// Whether results may be coloured: a terminal that is not dumb, and no `NO_COLOR`.
    pub colour: bool,
}

/// What a command wrote to a console that keeps it.
#[derive(Clone, Default)]
pub struct Captured {
    out: Kept,
    err: Kept,
}

impl Captured {
    /// The results.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// The messages.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Console {
    /// A console that keeps what a command writes.
    pub fn captured() -> (Self, Captured) {
        let captured = Captured::default();
        let console = Self {
            out: Box::new(captured.out.clone()),
            err: Box::new(captured.err.clone()),
            out_is_terminal: false,
            err_is_terminal: false,
            width: 100,
            ascii: false,
            colour: false,
        };
        (console, captured)
    }

    /// The console of this process.
    pub fn of_process() -> Self {
        let out_is_terminal = io::stdout().is_terminal();
        let columns = std::env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok());
        let measured = terminal_size::terminal_size().map(|(width, _)| width.0);
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            out_is_terminal,
            err_is_terminal: io::stderr().is_terminal(),
            width: columns.or(measured).unwrap_or(100).clamp(40, 400),
            ascii: out_is_terminal && !utf8_locale(),
            colour: out_is_terminal && !no_colour,
        }
    }

    /// Says why a command could not do what was asked.
    pub fn trouble(&mut self, trouble: Trouble) -> Exit {
        match trouble {
            Trouble::Plain(message) => self.say("error: ", &message),
            Trouble::Rendered(text) => {
                // Where standard error is gone, there is nobody left to tell.
                let _ = writeln!(self.err, "{text}");
            }
        }
        Exit::Wrong
    }

    /// Prints a note, cleaned.
    pub fn note(&mut self, message: impl std::fmt::Display) {
        self.say("", &message.to_string());
    }

    /// Writes a result to standard output.
    ///
    /// # Errors
    /// When it cannot be written; a reader that went away is no error.
    pub fn print(&mut self, text: &str) -> Result<(), Trouble> {
        let plain = (self.ascii && !text.is_ascii()).then(|| to_ascii(text));
        let text = plain.as_deref().unwrap_or(text);
        match self.out.write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("cannot write the result: {error}").into())
            }
            _ => Ok(()),
        }
    }

    /// Faults in files of the user, each with its place.
    pub fn faults(&self, faults: &Diagnostics) -> Trouble {
        let colour = self.err_is_terminal && self.colour;
        Trouble::Rendered(faults.render(colour, usize::from(self.width)))
    }

    /// Hands over what is still buffered. A reader that went away (`| head`) is
    /// no error; any other failure to write is, since a result would be lost.
    pub fn finish(mut self, exit: Exit) -> Exit {
        match self.out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.trouble(format!("cannot write the result: {error}").into())
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

/// Whether the locale of the terminal is UTF-8 (POSIX: the first of these that is set counts).
fn utf8_locale() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    match locale {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(windows),
    }
}
