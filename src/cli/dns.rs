//! `scrutineer dns`: how a name is delegated, what each of its name servers
//! answers, and its chain of trust. Judges nothing.

use clap::Args;

use super::{
    console::Console,
    dns_view,
    exit::{Exit, Trouble},
    network::NetworkArgs,
    single::Looked,
    tls::FactsFormat,
};
use crate::content::target_name::parse_target;
use crate::probes::dns::{PROBE, facts::DnsFacts};

/// Show how a name is delegated, what each of its name servers answers, and its DNSSEC chain.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer dns vote.example.gov\n  \
scrutineer dns vote.example.gov --format json\n  \
scrutineer dns office.example --resolver 127.0.0.1:5353 \\\n      --root-hints lab.root --connect-to :53::5353 --allow-private\n\n\
Every address of every name server is asked. Nothing is judged; `scan` does that.")]
pub struct DnsArgs {
    /// The name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = FactsFormat::Table)]
    pub format: FactsFormat,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// Runs the command. Exit code 3 when no name server of the zone answered.
///
/// # Errors
/// When the name or an option is wrong, or the result cannot be written.
pub fn run(args: &DnsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let target = parse_target(&args.name).map_err(|error| error.to_string())?;
    let looked = Looked::at(&PROBE, target, &args.network)?;
    let facts: DnsFacts = looked.facts()?;
    let mut servers = facts.servers.known().into_iter().flatten();
    let seen = servers.any(|server| server.authoritative.known() == Some(&true));
    let text = match args.format {
        FactsFormat::Table => dns_view::table(&facts, console.ascii) + &looked.rest(),
        FactsFormat::Json => looked.json()?,
    };
    console.print(&text)?;
    Ok(if seen { Exit::Done } else { Exit::NotObserved })
}
