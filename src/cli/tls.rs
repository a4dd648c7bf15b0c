//! `scrutineer tls`: what one TLS endpoint accepts, as a table. Judges nothing.

use clap::Args;
use std::{collections::BTreeSet, sync::Arc};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    network::NetworkArgs,
    tls_table,
};
use crate::content::{clients, target_name::parse_target};
use crate::derive;
use crate::model::{
    level::Level,
    observation::Cost,
    target::{Role, Target},
};
use crate::net::{Net, Scope, Stopper};
use crate::probes::{
    registry::{AreaReport, ProbeContext},
    tls::{Service, facts::TlsFacts, observe_service, starttls::Protocol},
};

/// Show what a TLS server accepts: versions, suites, groups and certificates.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer tls vote.example.gov\n  \
scrutineer tls vote.example.gov:8443 --format json\n  \
scrutineer tls vote.example.gov --clients\n  \
scrutineer tls mail.example.gov --starttls imap\n\n\
Every address of the name is asked. Nothing is judged; `scan` does that.")]
pub struct TlsArgs {
    /// The server: HOST or HOST:PORT; port 443 by default, or the port of the protocol given with --starttls.
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// Ask the server to upgrade this protocol to TLS; the port is then the
    /// protocol's own by default. Without it, TLS begins at once.
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    pub starttls: Option<Protocol>,
    /// Tell for each client of the catalogue what it gets, and not only who is shut out.
    #[arg(long)]
    pub clients: bool,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = FactsFormat::Table)]
    pub format: FactsFormat,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// How facts are shown that nobody has judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FactsFormat {
    /// For a person at a terminal.
    Table,
    /// The facts, for programs.
    Json,
}

/// Runs the command. Exit code 3 when some address could not be looked at.
///
/// # Errors
/// When the name or an option is wrong, or the result cannot be written.
pub fn run(args: &TlsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let mut target = parse_target(&args.host).map_err(|error| error.to_string())?;
    target.roles = BTreeSet::from([Role::Website]);
    if let (None, Some(protocol)) = (target.port, args.starttls) {
        target.port = Some(protocol.port());
    }
    let net = Net::new(args.network.config()?).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the program could not start its tasks: {error}"))?;
    let catalogue = clients::embedded().map_err(|faults| faults.to_string())?;
    let (mut report, cost) = runtime.block_on(observe(&net, &target, args));
    runtime.shutdown_background();
    let mut facts: TlsFacts = match &report.facts {
        Some(facts) => serde_json::from_value(facts.clone()).map_err(|error| error.to_string())?,
        None => TlsFacts::default(),
    };
    let open = derive::clients::fill(&mut facts, &report.gaps, &catalogue);
    report.gaps.extend(open);
    report.gaps.sort();
    derive::tls_grade::fill(&mut facts, None, &report.gaps);
    if report.facts.is_some() {
        report.facts = Some(serde_json::to_value(&facts).map_err(|error| error.to_string())?);
    }
    let seen = facts
        .endpoints
        .known()
        .is_some_and(|list| !list.is_empty() && list.iter().all(|e| !e.speaks_tls.is_unseen()));
    let text = match args.format {
        FactsFormat::Table => {
            let width = usize::from(console.width);
            tls_table::table(&target, &facts, &report, &cost, args.clients, width)
        }
        FactsFormat::Json => {
            let document = serde_json::json!({
                "target": target.key(), "tls": report.facts, "gaps": report.gaps,
                "evidence": report.evidence, "cost": cost,
            });
            let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
            format!("{text}\n")
        }
    };
    console.print(&text)?;
    Ok(if seen { Exit::Done } else { Exit::NotObserved })
}

async fn observe(net: &Net, target: &Target, args: &TlsArgs) -> (AreaReport, Cost) {
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
    let context = ProbeContext {
        target,
        level,
        page_cap: 1,
        session: &session,
    };
    let service = Service {
        port: target.port.unwrap_or(443),
        starttls: args.starttls,
    };
    let report = observe_service(context, service).await;
    (report, session.cost())
}
