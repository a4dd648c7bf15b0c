//! Commands that look at one name and show what was seen of it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::{exit::Trouble, network::NetworkArgs};
use crate::content::clients;
use crate::model::{
    level::{Area, Level},
    observation::{Conditions, Cost, Observation},
    target::Target,
};
use crate::net::{Net, Scope, Session, Stopper};
use crate::probes::registry::{AreaReport, Probe, ProbeContext};
use crate::scan::{observe, progress::Quiet};

/// What a probe saw of a name, and what it cost.
pub struct Looked {
    /// The target.
    pub target: Target,
    /// Facts, gaps and evidence.
    pub report: AreaReport,
    /// What it cost.
    pub cost: Cost,
    area: &'static str,
}

impl Looked {
    /// Runs a probe at level standard.
    ///
    /// # Errors
    /// When an option of the network is wrong, or nothing can be started.
    pub fn at(
        probe: &'static Probe,
        target: Target,
        network: &NetworkArgs,
    ) -> Result<Self, Trouble> {
        let net = Net::new(network.config()?).map_err(|error| error.to_string())?;
        let runtime = runtime()?;
        let (report, cost) = runtime.block_on(observe_one(&net, probe, &target, network));
        runtime.shutdown_background();
        Ok(Self {
            target,
            report,
            cost,
            area: probe.area.key(),
        })
    }

    /// The facts as their type; empty ones when nothing was observed.
    ///
    /// # Errors
    /// Only by a defect of this program.
    pub fn facts<T: DeserializeOwned + Default>(&self) -> Result<T, Trouble> {
        match &self.report.facts {
            Some(facts) => Ok(serde_json::from_value(facts.clone()).map_err(|e| e.to_string())?),
            None => Ok(T::default()),
        }
    }

    /// All of it as a JSON document.
    ///
    /// # Errors
    /// Only by a defect of this program.
    pub fn json(&self) -> Result<String, Trouble> {
        let document = serde_json::json!({
            "target": self.target.key(), self.area: self.report.facts, "gaps": self.report.gaps,
            "evidence": self.report.evidence, "cost": self.cost,
        });
        let text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
        Ok(format!("{text}\n"))
    }

    /// What was not observed, and the cost, as the last lines of a table.
    pub fn rest(&self) -> String {
        let mut out = String::new();
        if !self.report.gaps.is_empty() {
            out.push_str("\nNot observed\n");
            for gap in &self.report.gaps {
                let detail = gap.detail.as_deref().unwrap_or_default();
                out += &format!("  {}  {}: {detail}\n", gap.at, gap.reason.words());
            }
        }
        let cost = &self.cost;
        let seconds = cost.milliseconds / 1_000;
        let tenths = cost.milliseconds % 1_000 / 100;
        out += &format!(
            "\nCost  {} connections, {} queries, {seconds}.{tenths} s\n",
            cost.connections, cost.queries
        );
        out
    }
}

/// Looks at a target in some areas at level standard, and derives what follows from them together.
///
/// # Errors
/// When an option of the network is wrong, or nothing can be started.
pub fn observation(
    target: &Target,
    areas: &[Area],
    page_cap: u32,
    network: &NetworkArgs,
) -> Result<Observation, Trouble> {
    let net = Net::new(network.config()?).map_err(|error| error.to_string())?;
    let conditions = Conditions {
        level: Level::Standard,
        areas: areas.to_vec(),
        page_cap,
        resolver: net.resolver(),
        staged: !network.connect_to.is_empty(),
        allow_private: network.allow_private,
        extra_roots: !network.ca_file.is_empty(),
        given_resolver: network.resolver.is_some(),
        given_anchor: network.trust_anchor.is_some(),
        ct_logs: network.ct_logs.is_some(),
        root_hints: net.digests().root_hints.clone(),
        routes: net.digests().routes.clone(),
        vrps: net.digests().vrps.clone(),
    };
    let clients = clients::embedded().map_err(|faults| faults.to_string())?;
    let runtime = runtime()?;
    let observation = runtime.block_on(async {
        let session = session(&net, target, network);
        observe::observe(target, &conditions, &clients, &session, &Quiet).await
    });
    runtime.shutdown_background();
    Ok(observation)
}

/// The facts of an area as their type; empty ones when nothing was observed.
pub fn facts<T: DeserializeOwned + Default>(observation: &Observation, area: Area) -> T {
    let facts = observation.facts.get(&area);
    facts
        .and_then(|facts| T::deserialize(facts).ok())
        .unwrap_or_default()
}

/// What was seen in some areas as a JSON object.
pub fn document(observation: &Observation, areas: &[Area]) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("target".to_owned(), json!(observation.target.key()));
    for area in areas {
        document.insert(area.key().to_owned(), json!(observation.facts.get(area)));
    }
    document.insert("gaps".to_owned(), json!(observation.gaps));
    document.insert("evidence".to_owned(), json!(observation.evidence));
    document.insert("cost".to_owned(), json!(observation.cost));
    document
}

fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the program could not start its tasks: {error}").into())
}

/// A session with the target alone in its scope, which Ctrl-C ends.
fn session(net: &Net, target: &Target, network: &NetworkArgs) -> Session {
    let stopper = Arc::new(Stopper::new());
    let stop = stopper.signal();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });
    let scope = Scope::new(Level::Standard, [&target.name], [] as [&str; 0]);
    net.session(target, scope, network.deadline(), stop)
}

async fn observe_one(
    net: &Net,
    probe: &Probe,
    target: &Target,
    network: &NetworkArgs,
) -> (AreaReport, Cost) {
    let session = session(net, target, network);
    let context = ProbeContext {
        target,
        level: Level::Standard,
        page_cap: 1,
        session: &session,
    };
    let report = (probe.observe)(context).await;
    (report, session.cost())
}
