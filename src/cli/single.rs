//! Commands that run one probe on one name and show its facts. Nothing is judged.

use serde::de::DeserializeOwned;
use std::sync::Arc;

use super::{exit::Trouble, network::NetworkArgs};
use crate::model::{level::Level, observation::Cost, target::Target};
use crate::net::{Net, Scope, Stopper};
use crate::probes::registry::{AreaReport, Probe, ProbeContext};

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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("the program could not start its tasks: {error}"))?;
        let (report, cost) = runtime.block_on(observe(&net, probe, &target, network));
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

async fn observe(
    net: &Net,
    probe: &Probe,
    target: &Target,
    network: &NetworkArgs,
) -> (AreaReport, Cost) {
    let stopper = Arc::new(Stopper::new());
    let stop = stopper.signal();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });
    let level = Level::Standard;
    let scope = Scope::new(level, [&target.name], [] as [&str; 0]);
    let session = net.session(target, scope, network.deadline(), stop);
    let context = ProbeContext {
        target,
        level,
        page_cap: 1,
        session: &session,
    };
    let report = (probe.observe)(context).await;
    (report, session.cost())
}
