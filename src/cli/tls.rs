//! `scrutineer tls`: what one TLS endpoint accepts, as a table. Judges nothing.

use clap::Args;
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    network::NetworkArgs,
};
use crate::content::target_name::parse_target;
use crate::model::{
    level::Level,
    observation::Cost,
    seen::Seen,
    target::{Role, Target},
};
use crate::net::{Net, Scope, Stopper};
use crate::probes::{
    registry::{AreaReport, ProbeContext},
    tls::{
        PROBE,
        facts::{Certificate, PreferenceBy, TlsEndpoint, TlsFacts},
    },
};

/// Show what a TLS server accepts: versions, suites, groups and certificates.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer tls vote.example.gov\n  \
scrutineer tls vote.example.gov:8443 --format json\n\n\
Every address of the name is asked. Nothing is judged; `scan` does that.")]
pub struct TlsArgs {
    /// The server: HOST or HOST:PORT; port 443 by default.
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
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
    let net = Net::new(args.network.config()?).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the program could not start its tasks: {error}"))?;
    let (report, cost) = runtime.block_on(observe(&net, &target, args));
    runtime.shutdown_background();
    let facts: TlsFacts = match &report.facts {
        Some(facts) => serde_json::from_value(facts.clone()).map_err(|error| error.to_string())?,
        None => TlsFacts::default(),
    };
    let seen = facts
        .endpoints
        .known()
        .is_some_and(|list| !list.is_empty() && list.iter().all(|e| !e.speaks_tls.is_unseen()));
    let text = match args.format {
        FactsFormat::Table => table(&target, &facts, &report, &cost),
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
    let report = (PROBE.observe)(context).await;
    (report, session.cost())
}

fn table(target: &Target, facts: &TlsFacts, report: &AreaReport, cost: &Cost) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", target.key());
    match facts.endpoints.known().map(Vec::as_slice) {
        Some([]) => out.push_str("  no address\n"),
        Some(endpoints) => endpoints
            .iter()
            .for_each(|endpoint| show(&mut out, endpoint)),
        None => {}
    }
    if !report.gaps.is_empty() {
        out.push_str("\nNot observed\n");
        for gap in &report.gaps {
            let detail = gap.detail.as_deref().unwrap_or_default();
            let _ = writeln!(out, "  {}  {}: {detail}", gap.at, gap.reason.words());
        }
    }
    let seconds = cost.milliseconds / 1_000;
    let tenths = cost.milliseconds % 1_000 / 100;
    let _ = writeln!(
        out,
        "\nCost  {} connections, {} queries, {seconds}.{tenths} s",
        cost.connections, cost.queries
    );
    out
}

fn show(out: &mut String, endpoint: &TlsEndpoint) {
    let _ = writeln!(out, "\n{}", endpoint.key);
    match endpoint.speaks_tls {
        Seen::Unseen => {
            out.push_str("  not observed\n");
            return;
        }
        Seen::Known(false) => {
            out.push_str("  does not speak TLS\n");
            return;
        }
        Seen::Known(true) => {}
    }
    if let Some(Some(agreed)) = endpoint.negotiated.known() {
        let group = agreed.group.as_deref().unwrap_or("no group");
        let _ = writeln!(
            out,
            "  A modern client gets  {} {} {group}",
            word(agreed.version),
            agreed.suite
        );
    }
    let suites = endpoint.suites.known().map_or(&[][..], Vec::as_slice);
    for version in endpoint.versions.known().into_iter().flatten() {
        let mut by = endpoint.preference.known().into_iter().flatten();
        let by = match by.find(|entry| entry.version == version.name) {
            Some(entry) if entry.by != PreferenceBy::Single => {
                format!("  (the {}'s order decides)", word(entry.by))
            }
            _ => String::new(),
        };
        let _ = writeln!(out, "  {}{by}", word(version.name));
        for suite in suites.iter().filter(|suite| suite.version == version.name) {
            let bits = match suite.kex_bits {
                Seen::Known(Some(bits)) => format!("  {bits} bits"),
                _ => String::new(),
            };
            let _ = writeln!(out, "      {}{bits}", suite.name);
        }
    }
    let groups = endpoint.groups.known().into_iter().flatten();
    let groups: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
    let _ = writeln!(out, "  Groups  {}", groups.join(" "));
    for certificate in endpoint.certificates.known().into_iter().flatten() {
        show_certificate(out, certificate);
    }
    if let Some(staple) = endpoint.staple.known() {
        let staple = if staple.is_some() { "yes" } else { "no" };
        let _ = writeln!(out, "  Stapled OCSP response  {staple}");
    }
}

fn show_certificate(out: &mut String, certificate: &Certificate) {
    let key = &certificate.public_key;
    let size = match (&key.curve, key.bits) {
        (Some(curve), _) => curve.clone(),
        (None, Some(bits)) => format!("{bits} bits"),
        (None, None) => String::new(),
    };
    let names: Vec<&str> = certificate
        .names
        .iter()
        .map(|name| name.name.as_str())
        .collect();
    let _ = writeln!(
        out,
        "  Certificate  {} {size}  {}",
        certificate.key, certificate.subject
    );
    let _ = writeln!(out, "      issuer  {}", certificate.issuer.name);
    let _ = writeln!(out, "      names   {}", names.join(" "));
    let _ = writeln!(
        out,
        "      valid   {} to {}",
        certificate.not_before.strftime("%Y-%m-%d"),
        certificate.not_after.strftime("%Y-%m-%d")
    );
    let trusted = if certificate.chain.trusted {
        "trusted"
    } else {
        "not trusted"
    };
    let _ = writeln!(
        out,
        "      chain   {} sent, {trusted}",
        certificate.chain.sent
    );
    for problem in &certificate.chain.problems {
        let _ = writeln!(out, "      {}: {}", word(problem.name), problem.detail);
    }
}

/// A value of a closed vocabulary as it stands in documents.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
