//! `doctor`: whether this machine is fit to scan from, and what to do if not.

mod machine;
mod network;

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    exit::{Exit, Trouble},
    network::resolver,
    prose,
};
use crate::content::Content;

/// Say whether this machine is fit to scan from, and what to do if not
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer doctor\n  \
scrutineer doctor --resolver 9.9.9.9\n  \
scrutineer doctor --ask vote.example.gov\n\n\
--ask also asks that website for its clock. Without it only the resolver is contacted, with at most two questions about the root of the DNS.\n\
Ends with 0 when a scan can begin, warnings or not, and with 3 when it cannot.")]
pub struct DoctorArgs {
    /// Ask this recursive resolver instead of the system's.
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = resolver)]
    resolver: Option<std::net::SocketAddr>,
    /// Also ask this website, one that you answer for: can it be reached, what time has it?
    #[arg(long, value_name = "NAME")]
    ask: Option<String>,
    /// The folder of trusted rosters and the ledger, if it is not the usual one.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// A scan can begin, but will see less, or somebody should know.
    Warning,
    /// No scan can begin.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn warning(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            state: State::Warning,
            advice: Some(advice.into()),
            ..Self::ok(what, found)
        }
    }

    fn broken(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            state: State::Broken,
            ..Self::warning(what, found, advice)
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the result cannot be written, or the content of the program is damaged.
pub fn run(args: &DoctorArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = Content::load(&[], &[]).map_err(|faults| console.faults(&faults))?;
    let mut findings = vec![Finding::ok(
        "program",
        format!(
            "{}, with {} and {}",
            crate::TOOL,
            prose::count(content.checks.len(), "check"),
            prose::count(content.profiles.len(), "profile")
        ),
    )];
    findings.extend(network::look(args, &content)?);
    findings.extend(machine::look(args.state.as_deref(), console));
    let width = usize::from(console.width).min(100);
    console.print(&shown(&findings, width))?;
    let broken = findings.iter().any(|one| one.state == State::Broken);
    Ok(if broken {
        Exit::NotObserved
    } else {
        Exit::Done
    })
}

/// The findings for a person, and what follows from them.
fn shown(findings: &[Finding], width: usize) -> String {
    let mut out = String::new();
    for finding in findings {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Broken => "BROKEN",
        };
        let text = format!("{state:<8} {:<9} {}", finding.what, finding.found);
        hanging(&mut out, &text, width);
        if let Some(advice) = &finding.advice {
            prose::paragraph(&mut out, INDENT, &format!("To do: {advice}"), width);
        }
    }
    let count = |state| findings.iter().filter(|one| one.state == state).count();
    let (warnings, broken) = (count(State::Warning), count(State::Broken));
    out.push('\n');
    let last = match (broken, warnings) {
        (0, 0) => "Ready: a scan can begin.".to_owned(),
        (0, some) => format!("Ready: a scan can begin. {} above.", prose::count(some, "warning")),
        _ => "Not ready: a scan of names on the Internet would see nothing. Saved runs can be judged, and \
              `scrutineer demo` works."
            .to_owned(),
    };
    prose::paragraph(&mut out, 0, &last, width);
    out
}

/// Columns before what was found.
const INDENT: usize = 19;

/// The first line with its two columns, further lines below the third.
fn hanging(out: &mut String, text: &str, width: usize) {
    let (head, found) = text.split_at_checked(INDENT).unwrap_or((text, ""));
    let mut rest = String::new();
    prose::paragraph(&mut rest, INDENT, found, width);
    let blank = " ".repeat(INDENT);
    out.push_str(head);
    out.push_str(rest.strip_prefix(&blank).unwrap_or(&rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_stand_below_each_other_and_say_what_to_do() {
        let findings = [
            Finding::ok("program", "fine"),
            Finding::warning(
                "ipv6",
                "no route to the IPv6 Internet, so half is unseen",
                "ask your provider",
            ),
        ];
        let expected = "ok       program   fine\n\
                        warning  ipv6      no route to the IPv6\n\
                        \x20                  Internet, so half is\n\
                        \x20                  unseen\n\
                        \x20                  To do: ask your\n\
                        \x20                  provider\n\
                        \nReady: a scan can begin. 1 warning\nabove.\n";
        assert_eq!(shown(&findings, 40), expected);
    }

    #[test]
    fn what_is_broken_is_the_last_word() {
        let findings = [Finding::broken("resolver", "silent", "give another")];
        assert!(shown(&findings, 80).contains("\nNot ready: "));
    }
}
