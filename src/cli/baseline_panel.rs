//! `scrutineer baseline panel`: pins the names that will be measured.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::Args;
use std::path::PathBuf;

use super::{
    baseline_create::{self, KindArg},
    console::Console,
    exit::{Exit, Trouble},
    signed::NowArgs,
    state::{State, StateArgs},
};
use crate::baseline::{
    exchange::Exchange,
    names,
    panel::{Names, PANEL_SCHEMA, Pinned},
};
use crate::content::{exchange_file, inventory};
use crate::model::cell::{Kind, Panel};

/// Pin the names that you will measure, before the window of a period opens. No name leaves
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer baseline panel -i inventory.yaml --exchange exchange.yaml \\\n      --participant office-a --period 2026H2 --complete web,mail\n\n\
Salted digests of the names are kept at home. `baseline create` holds the runs against them. Only a\n\
pinned panel can be said to be complete. The digest that is printed tells no name: give it to the\n\
stewards, if you agreed on that.")]
pub struct PanelArgs {
    /// The inventory. May be repeated, for the members of a pool.
    #[arg(short, long, value_name = "FILE", required = true)]
    pub inventory: Vec<PathBuf>,
    /// The file of the exchange.
    #[arg(long, value_name = "FILE")]
    pub exchange: PathBuf,
    /// Your id in the exchange.
    #[arg(long, value_name = "ID")]
    pub participant: String,
    /// The period, such as 2026H2.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// Kinds of which the inventory holds every name that you answer for. The others are said to be chosen.
    #[arg(long, value_name = "KIND,...", value_enum, value_delimiter = ',')]
    pub complete: Vec<KindArg>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong, or the window has opened.
pub fn run(args: &PanelArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if !names::is_id(&args.participant) {
        return Err(format!("--participant {:?} is not an id", args.participant).into());
    }
    let exchange = exchange_file::load(&args.exchange).map_err(|faults| console.faults(&faults))?;
    let period = baseline_create::period(&args.period, &exchange)?;
    let mut all = Names::new();
    for path in &args.inventory {
        let inventory = inventory::load(path).map_err(|faults| console.faults(&faults))?;
        for target in &inventory.targets {
            for kind in Kind::of_roles(&target.roles) {
                all.entry(kind).or_default().insert(target.key());
            }
        }
    }
    let mut salt = [0u8; 32];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| "this machine gives no random bytes for the salt of the panel")?;
    let complete = args.complete.iter().copied().map(Kind::from).collect();
    let pinned = Pinned::new(
        &exchange,
        period,
        &args.participant,
        (&all, &complete),
        args.now.now(),
        &salt,
    )
    .map_err(|refused| refused.to_string())?;
    let state = args.state.open()?;
    if let Some(before) = load(&state, &exchange, &args.participant, &args.period)? {
        console.note(format!(
            "it takes the place of the panel that was pinned at {}",
            before.pinned_at
        ));
    }
    let name = file(&exchange, &args.participant, &args.period);
    let mut text = serde_json::to_vec_pretty(&pinned).expect("panels hold texts and times alone");
    text.push(b'\n');
    state.keep(&name, &text)?;
    for (kind, names) in &all {
        let said = match pinned.panel.get(kind) {
            Some(Panel::Complete) => "complete",
            _ => "chosen",
        };
        console.note(format!("{kind}: {} names, said to be {said}", names.len()));
    }
    console.note(format!(
        "{}: pinned for {}, digest {}; it stays at home",
        state.path(&name).display(),
        period.id,
        pinned.digest()
    ));
    Ok(Exit::Done)
}

/// The panel that was pinned for a period, if one was.
///
/// # Errors
/// When it cannot be read. It is never taken for missing then.
pub(super) fn load(
    state: &State,
    exchange: &Exchange,
    participant: &str,
    period: &str,
) -> Result<Option<Pinned>, Trouble> {
    let name = file(exchange, participant, period);
    let Some(text) = state.read(&name)? else {
        return Ok(None);
    };
    let path = state.path(&name);
    let pinned: Pinned = serde_json::from_slice(&text)
        .map_err(|error| format!("{}: is not a panel: {error}", path.display()))?;
    let fits = pinned.schema == PANEL_SCHEMA
        && pinned.exchange == exchange.id
        && pinned.participant == participant
        && pinned.period == period;
    match fits {
        true => Ok(Some(pinned)),
        false => Err(format!("{}: is the panel of something else", path.display()).into()),
    }
}

/// Ids and periods are safe in the names of files.
fn file(exchange: &Exchange, participant: &str, period: &str) -> String {
    format!("panels/{}.{participant}.{period}.json", exchange.id)
}
