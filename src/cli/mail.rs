//! `scrutineer mail`: what one domain publishes about mail. Judges nothing.

use clap::Args;
use std::collections::BTreeSet;

use super::{
    console::Console,
    exit::{Exit, Trouble},
    mail_text,
    network::NetworkArgs,
    single,
    tls::FactsFormat,
};
use crate::content::target_name::{dkim_selector, parse_target};
use crate::model::{level::Area, target::Role};
use crate::probes::{mail::facts::MailFacts, tls::facts::TlsFacts};

/// What is looked at: the encryption of the mail servers along with what is published.
const AREAS: [Area; 2] = [Area::Tls, Area::Mail];

/// Show whether others can send mail as a domain, and what it publishes about mail.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer mail example.gov\n  \
scrutineer mail example.gov --selector s2026 --format json\n\n\
The mail servers are asked on port 25 what they offer; no mail is sent. Nothing is judged; `scan` does that.")]
pub struct MailArgs {
    /// The domain in mail addresses.
    #[arg(value_name = "DOMAIN")]
    pub domain: String,
    /// A DKIM selector of the domain. May be repeated; without it common ones are tried.
    #[arg(long, value_name = "SELECTOR")]
    pub selector: Vec<String>,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = FactsFormat::Table)]
    pub format: FactsFormat,
    /// Draw trees with ASCII characters alone, as a terminal without UTF-8 gets them anyway.
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// Runs the command. Exit code 3 when it could not be seen whether others can
/// send mail as the domain.
///
/// # Errors
/// When the name or an option is wrong, or the result cannot be written.
pub fn run(args: &MailArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let mut target = parse_target(&args.domain).map_err(|error| error.to_string())?;
    target.roles = BTreeSet::from([Role::MailDomain]);
    for selector in &args.selector {
        let selector = dkim_selector(selector).map_err(|error| error.to_string())?;
        target.dkim_selectors.push(selector);
    }
    let observation = single::observation(&target, &AREAS, 1, &args.network)?;
    let facts: (MailFacts, TlsFacts) = (
        single::facts(&observation, Area::Mail),
        single::facts(&observation, Area::Tls),
    );
    let text = match args.format {
        FactsFormat::Table => {
            mail_text::page(&target, &facts, &observation, args.ascii || console.ascii)
        }
        FactsFormat::Json => {
            let document = single::document(&observation, &[Area::Mail, Area::Tls]);
            let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
            format!("{text}\n")
        }
    };
    console.print(&text)?;
    let spoofing = facts.0.spoofing.known();
    let seen = spoofing.is_some_and(|spoofing| !spoofing.possible.is_unseen());
    Ok(if seen { Exit::Done } else { Exit::NotObserved })
}
