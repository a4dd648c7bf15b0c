//! `generate man|completions|reference`: what packages and the documentation
//! carry beside the program, made from the command line and the content.

use clap::{Args, Command, CommandFactory, Subcommand, ValueEnum};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    Cli,
    console::Console,
    exit::{Exit, Trouble},
};
use crate::content::{Content, clients};
use crate::reference::{self, MARK, cell, code};
use crate::wire::tls::client::{MAX_HELLO, Offer};

/// Columns of the help texts on the page of commands.
const COLUMNS: usize = 100;

/// Write man pages, completions or reference pages, for packages
#[derive(Args)]
pub struct GenerateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A man page for each command, in section 1
    Man(OutArgs),
    /// Completions for bash, elvish, fish, PowerShell and zsh
    Completions(OutArgs),
    /// The pages of docs/reference
    Reference(OutArgs),
    /// The entry of a client for the catalogue, from a ClientHello that was recorded
    Client(HelloArgs),
}

#[derive(Args)]
struct HelloArgs {
    /// The hello: the bytes as they came, or the same in hexadecimal
    #[arg(value_name = "FILE")]
    hello: PathBuf,
}

#[derive(Args)]
struct OutArgs {
    /// Write into this folder; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the folder or a file in it cannot be written.
pub fn run(args: &GenerateArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let (files, folder) = match &args.what {
        What::Man(args) => (man().map_err(|error| error.to_string())?, &args.out),
        What::Completions(args) => (completions(), &args.out),
        What::Reference(args) => {
            let content = Content::load(&[], &[]).map_err(|faults| console.faults(&faults))?;
            let pages = pages(&content).map_err(|faults| console.faults(&faults))?;
            (pages, &args.out)
        }
        What::Client(args) => {
            console.print(&clients::lines_of(&hello(&args.hello)?))?;
            return Ok(Exit::Done);
        }
    };
    write(folder, &files).map_err(|error| format!("{}: {error}", folder.display()))?;
    console.print(&format!("{} files in {}\n", files.len(), folder.display()))?;
    Ok(Exit::Done)
}

/// A hello that was recorded.
fn hello(path: &Path) -> Result<Offer, Trouble> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    let most = 2 * u64::try_from(MAX_HELLO).unwrap_or(u64::MAX) + 2;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(error.to_string()))?;
    let trimmed = bytes.trim_ascii();
    if !trimmed.is_empty() && trimmed.iter().all(u8::is_ascii_hexdigit) {
        let digits = trimmed.chunks_exact(2).map(|pair| {
            let digit = |at: usize| pair.get(at).and_then(|c| char::from(*c).to_digit(16));
            let value = digit(0)? << 4 | digit(1)?;
            u8::try_from(value).ok()
        });
        bytes = digits.collect::<Option<Vec<u8>>>().unwrap_or_default();
    }
    Ok(Offer::read(&bytes).map_err(|word| fail(word.to_owned()))?)
}

fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

/// The command line, with the names of commands in full.
fn command() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Calls `visit` for a command and all below it that people see.
fn each(command: &Command, visit: &mut dyn FnMut(&Command) -> io::Result<()>) -> io::Result<()> {
    visit(command)?;
    for inner in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        each(inner, visit)?;
    }
    Ok(())
}

fn man() -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut pages = BTreeMap::new();
    each(&command(), &mut |command| {
        let name = command.get_display_name().unwrap_or(command.get_name());
        pages.insert(format!("{name}.1"), man_page(command)?);
        Ok(())
    })?;
    Ok(pages)
}

fn man_page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone())
        .source(crate::TOOL)
        .manual("Scrutineer");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    // Examples keep their lines, which the section made by the crate would join.
    if let Some(notes) = command
        .get_after_long_help()
        .or_else(|| command.get_after_help())
    {
        let mut roff = Roff::default();
        roff.control("SH", ["EXAMPLES AND NOTES"]);
        roff.control("nf", []);
        for line in notes.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.to_writer(&mut page)?;
    }
    Ok(page)
}

fn completions() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    // Some shells would offer hidden commands, too.
    let whole = Cli::command();
    let seen = whole.get_subcommands().filter(|one| !one.is_hide_set());
    let mut visible = Command::new("scrutineer")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(seen.cloned());
    for shell in Shell::value_variants() {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut visible, "scrutineer", &mut script);
        // Named as each shell looks for it.
        let name = match shell {
            Shell::Zsh => "_scrutineer".to_owned(),
            Shell::PowerShell => "scrutineer.ps1".to_owned(),
            other => format!("scrutineer.{other}"),
        };
        files.insert(name, script);
    }
    files
}

fn pages(
    content: &Content,
) -> Result<BTreeMap<String, Vec<u8>>, crate::content::diagnostic::Diagnostics> {
    let mut pages = reference::pages(content)?;
    pages.insert("commands.md".to_owned(), commands());
    pages.insert("exit-codes.md".to_owned(), exit_codes());
    Ok(pages
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect())
}

/// The long help of every command.
fn commands() -> String {
    let mut page = format!(
        "{MARK}\n\n# Commands\n\nWhat `--help` says of each. A man page for each command comes with the packages.\n"
    );
    let visited = each(&command(), &mut |command| {
        let name = command.get_bin_name().unwrap_or(command.get_name());
        let mut command = command.clone().term_width(COLUMNS).max_term_width(COLUMNS);
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        page += &format!(
            "\n## {name}\n\n```text\n{}\n```\n",
            help.join("\n").trim_end()
        );
        Ok(())
    });
    // Nothing above can fail; the closure has the shape of its fellow that writes.
    debug_assert!(visited.is_ok());
    page
}

fn exit_codes() -> String {
    let mut page = format!("{MARK}\n\n# Exit codes\n\n| code | meaning |\n| --- | --- |\n");
    for (exit, meaning) in Exit::MEANINGS {
        page += &format!(
            "| {} | {} |\n",
            code(&(exit as u8).to_string()),
            cell(meaning)
        );
    }
    page += "\nA second Ctrl-C during a scan ends it at once with 130. `tls` ends with 3 when an address could not be looked at, `doctor` \
             with 3 when a scan could not begin.\n";
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_shows_an_example_that_fits_a_terminal() {
        let mut faults = Vec::new();
        let visited = each(&command(), &mut |command| {
            let name = command.get_bin_name().unwrap_or(command.get_name());
            let notes = command.get_after_help().map(ToString::to_string);
            let notes = notes.unwrap_or_default();
            if !command.has_subcommands() && !notes.contains("Example") {
                faults.push(format!("{name}: has no example in its after_help"));
            }
            for line in notes.lines().filter(|line| line.starts_with("  ")) {
                if line.len() > 79 {
                    faults.push(format!("{name}: breaks at 80 columns: {line}"));
                }
            }
            Ok(())
        });
        assert!(visited.is_ok());
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn man_pages_keep_the_lines_of_examples() {
        let pages = man().unwrap();
        let page = String::from_utf8_lossy(&pages["scrutineer-scan.1"]).into_owned();
        assert!(page.contains(".nf\n"), "{page}");
        assert!(
            page.contains("scrutineer scan vote.example.gov\n"),
            "{page}"
        );
        assert!(!pages.contains_key("scrutineer-generate.1"));
        assert!(!pages.contains_key("scrutineer-help.1"));
    }
}
