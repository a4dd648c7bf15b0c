//! `scrutineer web`: what a visitor's browser meets on one site, and what the default profile
//! says of it.

use clap::Args;
use std::collections::BTreeSet;

use super::run_header::header;
use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    network::NetworkArgs,
    single,
    tls::FactsFormat,
    web_pin, web_text,
};
use crate::content::target_name::{check_path, parse_target};
use crate::judge::{Dates, Observed, Standing};
use crate::model::{
    check::Severity,
    finding::Findings,
    level::Area,
    observation::Observation,
    target::{PagePin, Role},
};
use crate::probes::web::facts::WebFacts;
use crate::report::TableOptions;

/// Show what a visitor's browser meets on one site: pages, forms, policies, third parties, cookies.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer web vote.example.gov\n  \
scrutineer web https://vote.example.gov/register --portal --format json\n  \
scrutineer web vote.example.gov --pin --path /results\n\n\
Ends with 0 whatever the findings say: `scan` is the gate. With 3 when no page could be seen.")]
pub struct WebArgs {
    /// The site: vote.example.gov, host:port, or a URL, whose path is visited too.
    #[arg(value_name = "URL")]
    pub url: String,
    /// Visit this path too, beginning with `/`. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,
    /// Most pages visited.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pages: u32,
    /// Judge it as a registration portal, by the profile `registration-portal`.
    #[arg(long)]
    pub portal: bool,
    /// Print pins of the front page and the paths given, to paste into an inventory, and no more.
    #[arg(long, conflicts_with_all = ["portal", "format"])]
    pub pin: bool,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = FactsFormat::Table)]
    pub format: FactsFormat,
    /// Keep to ASCII characters.
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub content: ContentArgs,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// Runs the command. Exit code 3 when no page could be seen, or none of the pages to pin.
///
/// # Errors
/// When the name or an option is wrong, checks cannot be used, or the result cannot be written.
pub fn run(args: &WebArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let mut target = parse_target(&args.url).map_err(|error| error.to_string())?;
    target.roles = BTreeSet::from([Role::Website]);
    if args.portal {
        target.roles.insert(Role::RegistrationPortal);
    }
    for path in &args.path {
        let path = check_path(path).map_err(|error| error.to_string())?;
        if !target.paths.contains(&path) {
            target.paths.push(path);
        }
    }
    if args.pin {
        let paths: BTreeSet<String> = std::iter::once("/".to_owned())
            .chain(target.paths.drain(..))
            .collect();
        let pins = paths.into_iter().map(|path| PagePin {
            path,
            ..PagePin::default()
        });
        target.pins.pages = Some(pins.collect());
        let observation = single::observation(&target, &[Area::Web], 1, &args.network)?;
        let facts: WebFacts = single::facts(&observation, Area::Web);
        let pins = web_pin::yaml(&observation, &facts);
        console.print(&pins.yaml)?;
        return Ok(if pins.complete {
            Exit::Done
        } else {
            Exit::NotObserved
        });
    }
    // Checks that cannot be used are told before anything is sent.
    let content = args.content.load(console)?;
    let profile = match args.portal {
        true => "registration-portal",
        false => "common-baseline",
    };
    let profile = content
        .resolve(profile)
        .map_err(|faults| console.faults(&faults))?;
    let observation = single::observation(&target, &[Area::Web], args.pages, &args.network)?;
    let facts: WebFacts = single::facts(&observation, Area::Web);
    let findings = judge(&observation, &profile)?;
    let seen = facts.pages.known().is_some_and(|pages| !pages.is_empty());
    match args.format {
        FactsFormat::Table => {
            let options = TableOptions {
                width: console.width,
                colour: console.colour,
                ascii: console.ascii || args.ascii,
            };
            web_text::write(&observation, &facts, &findings, options, &mut console.out)
                .map_err(|error| format!("cannot write the result: {error}"))?;
        }
        FactsFormat::Json => {
            let mut document = single::document(&observation, &[Area::Web]);
            document.insert("findings".to_owned(), serde_json::json!(findings));
            let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
            console.print(&format!("{text}\n"))?;
        }
    }
    Ok(if seen { Exit::Done } else { Exit::NotObserved })
}

/// What a profile says of one observation.
fn judge(
    observation: &Observation,
    profile: &crate::judge::ResolvedProfile,
) -> Result<Findings, Trouble> {
    let header = header(
        observation.observed_at,
        None,
        observation.conditions.clone(),
        vec![observation.target.clone()],
        Some(profile.pack.clone()),
    );
    let as_of = super::result::day_of(&header);
    let mut standing = Standing::new(profile, &header, as_of);
    let judged = Observed::from(observation.clone()).judge(profile, &Dates { as_of });
    standing.add(judged.map_err(|defect| defect.to_string())?);
    Ok(standing.finish(Severity::Low))
}
