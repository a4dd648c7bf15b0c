//! `scrutineer mail`: what one domain publishes about mail. Judges nothing.

use clap::Args;
use std::{collections::BTreeSet, sync::Arc};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    mail_text,
    network::NetworkArgs,
    tls::FactsFormat,
};
use crate::content::target_name::{dkim_selector, parse_target};
use crate::model::{
    level::{Area, Level},
    observation::{Conditions, Observation},
    target::{Role, Target},
};
use crate::net::{Net, Scope, Stopper};
use crate::scan::{observe, progress::Quiet};

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
    let net = Net::new(args.network.config()?).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the program could not start its tasks: {error}"))?;
    let observation = runtime.block_on(look(&net, &target, args));
    runtime.shutdown_background();
    let facts = mail_text::facts(&observation);
    let text = match args.format {
        FactsFormat::Table => {
            mail_text::page(&target, &facts, &observation, args.ascii || console.ascii)
        }
        FactsFormat::Json => {
            let document = serde_json::json!({
                "target": target.key(),
                "mail": observation.facts.get(&Area::Mail),
                "tls": observation.facts.get(&Area::Tls),
                "gaps": observation.gaps,
                "evidence": observation.evidence,
                "cost": observation.cost,
            });
            let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
            format!("{text}\n")
        }
    };
    console.print(&text)?;
    let spoofing = facts.0.spoofing.known();
    let seen = spoofing.is_some_and(|spoofing| !spoofing.possible.is_unseen());
    Ok(if seen { Exit::Done } else { Exit::NotObserved })
}

async fn look(net: &Net, target: &Target, args: &MailArgs) -> Observation {
    let stopper = Arc::new(Stopper::new());
    let stop = stopper.signal();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });
    let level = Level::Standard;
    let scope = Scope::new(level, [&target.name], [] as [&str; 0]);
    let session = net.session(target, scope, args.network.deadline(), stop);
    let conditions = Conditions {
        level,
        areas: vec![Area::Tls, Area::Mail],
        page_cap: 1,
        resolver: net.resolver(),
        staged: !args.network.connect_to.is_empty(),
        allow_private: args.network.allow_private,
        extra_roots: !args.network.ca_file.is_empty(),
        given_resolver: args.network.resolver.is_some(),
        given_anchor: args.network.trust_anchor.is_some(),
    };
    observe::observe(target, &conditions, &session, &Quiet).await
}
