//! Numbers for Prometheus and its kin (OpenMetrics 1.0), as a file that the text
//! collector of the node exporter picks up, or that is pushed.
//!
//! What is open has a series of its own, `scrutineer_finding_open`: a graph of
//! failures alone would go down when a server stops answering. Each finding is
//! one sample of value 1, so that alerts can name it. Samples carry no time:
//! `scrutineer_target_observed_timestamp_seconds` tells how old they are.

use std::io::{self, Write};

use super::wording::{Counted, counted, line, word};
use crate::model::{
    finding::{Finding, Findings},
    verdict::Verdict,
};

/// Writes all series, and the mark of the end that the format demands.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let mut series = Series { out };
    about(document, &mut series)?;
    targets(document, &mut series)?;
    findings(document, &mut series)?;
    series.family(
        "scrutineer_control",
        "gauge",
        "A control of the profile and how it stands: pass, fail, inconclusive or not_applicable.",
    )?;
    for control in &document.controls {
        let labels = [
            ("control", control.id.clone()),
            ("obligation", word(control.obligation)),
            ("verdict", word(control.verdict)),
        ];
        series.sample("scrutineer_control", &labels, 1)?;
    }
    waivers(document, &mut series)?;
    cost(document, &mut series)?;
    writeln!(series.out, "# EOF")
}

fn about(document: &Findings, series: &mut Series<'_>) -> io::Result<()> {
    series.family("scrutineer_report", "info", "What was judged, and by what.")?;
    let labels = [
        ("tool", document.tool.clone()),
        ("profile", document.profile.id.clone()),
        ("profile_digest", document.profile.digest.clone()),
        ("pack_digest", document.pack.digest.clone()),
        ("as_of", document.dates.as_of.to_string()),
        ("tlp", document.tlp.clone()),
    ];
    series.sample("scrutineer_report_info", &labels, 1)?;
    series.family(
        "scrutineer_gate_exit_code",
        "gauge",
        "0: the gate passed; 1: it failed; 3: not enough could be observed to say.",
    )?;
    let exit = document.gate.exit.into();
    series.sample("scrutineer_gate_exit_code", &[], exit)
}

fn targets(document: &Findings, series: &mut Series<'_>) -> io::Result<()> {
    series.family(
        "scrutineer_target_observed",
        "gauge",
        "1 when the run has an observation of the target, and no whole area of it is missing.",
    )?;
    for target in &document.targets {
        let observed = target.observed_at.is_some() && target.blind.is_empty();
        let labels = [("target", target.key.clone())];
        series.sample("scrutineer_target_observed", &labels, observed.into())?;
    }
    series.unit(
        "scrutineer_target_observed_timestamp_seconds",
        "seconds",
        "When the target was observed.",
    )?;
    for target in &document.targets {
        if let Some(time) = target.observed_at {
            let labels = [("target", target.key.clone())];
            let name = "scrutineer_target_observed_timestamp_seconds";
            series.sample(name, &labels, time.as_second())?;
        }
    }
    series.family(
        "scrutineer_target_checks",
        "gauge",
        "Checks on the target, by standing.",
    )?;
    for target in &document.targets {
        for (standing, count) in [
            ("failure", target.failures.total()),
            ("warning", target.warnings.total()),
            ("open", target.open),
            ("not_asked", target.not_asked),
            ("passed", target.passed),
        ] {
            let labels = [
                ("target", target.key.clone()),
                ("standing", standing.to_owned()),
            ];
            series.sample("scrutineer_target_checks", &labels, signed(count))?;
        }
    }
    Ok(())
}

fn findings(document: &Findings, series: &mut Series<'_>) -> io::Result<()> {
    for (name, verdict, help) in [
        (
            "scrutineer_finding_failed",
            Verdict::Fail,
            "A check that fails for a target. Label gate tells whether it fails the gate.",
        ),
        (
            "scrutineer_finding_open",
            Verdict::Inconclusive,
            "A check of which could not be seen whether the target meets it. It is not met.",
        ),
    ] {
        series.family(name, "gauge", help)?;
        for finding in document.findings.iter().filter(|f| f.verdict == verdict) {
            series.sample(name, &labels(document, finding), 1)?;
        }
    }
    Ok(())
}

fn labels(document: &Findings, finding: &Finding) -> Vec<(&'static str, String)> {
    let mut labels = vec![
        ("target", finding.target.to_string()),
        ("check", finding.check.to_string()),
    ];
    if let Some(variant) = &finding.variant {
        labels.push(("as", variant.to_string()));
    }
    labels.extend([
        ("control", finding.control.to_string()),
        ("effect", word(finding.effect)),
        ("severity", word(finding.severity)),
    ]);
    let gate = match counted(document, finding) {
        Counted::Failure => "fails",
        Counted::Open => "open",
        Counted::No(_) => "not_counted",
    };
    labels.push(("gate", gate.to_owned()));
    if let Some(waived) = &finding.waived {
        labels.push(("waived_until", waived.expires.to_string()));
    }
    if finding.soft {
        labels.push(("soft", "yes".to_owned()));
    }
    if let Some(change) = finding.change {
        labels.push(("change", word(change)));
    }
    labels
}

fn waivers(document: &Findings, series: &mut Series<'_>) -> io::Result<()> {
    if document.waivers.is_empty() {
        return Ok(());
    }
    series.family(
        "scrutineer_waiver_findings",
        "gauge",
        "Findings that a waiver of the user's file covers, whether it still holds or not.",
    )?;
    for waiver in &document.waivers {
        let labels = [
            ("check", waiver.check.clone()),
            ("target", waiver.target.clone()),
            ("owner", waiver.owner.clone()),
            ("expires", waiver.expires.to_string()),
            ("state", word(waiver.state)),
            ("line", waiver.source.line.to_string()),
        ];
        let name = "scrutineer_waiver_findings";
        series.sample(name, &labels, signed(waiver.findings))?;
    }
    Ok(())
}

fn cost(document: &Findings, series: &mut Series<'_>) -> io::Result<()> {
    let cost = &document.cost;
    for (name, help, value) in [
        (
            "scrutineer_cost_connections",
            "TCP connections that looking took.",
            cost.connections,
        ),
        (
            "scrutineer_cost_queries",
            "DNS queries that looking took.",
            cost.queries,
        ),
    ] {
        series.family(name, "gauge", help)?;
        series.sample(name, &[], signed(value))?;
    }
    let name = "scrutineer_cost_bytes";
    series.unit(name, "bytes", "Bytes that looking took.")?;
    for (direction, value) in [("sent", cost.bytes_sent), ("received", cost.bytes_received)] {
        let labels = [("direction", direction.to_owned())];
        series.sample(name, &labels, signed(value))?;
    }
    Ok(())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

struct Series<'a> {
    out: &'a mut dyn Write,
}

impl Series<'_> {
    /// Begins a family of samples.
    fn family(&mut self, name: &str, kind: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# TYPE {name} {kind}\n# HELP {name} {help}")
    }

    /// Begins a family of gauges that has a unit, with which its name ends.
    fn unit(&mut self, name: &str, unit: &str, help: &str) -> io::Result<()> {
        writeln!(
            self.out,
            "# TYPE {name} gauge\n# UNIT {name} {unit}\n# HELP {name} {help}"
        )
    }

    fn sample(&mut self, name: &str, labels: &[(&str, String)], value: i64) -> io::Result<()> {
        write!(self.out, "{name}")?;
        for (number, (label, value)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            write!(self.out, "{before}{label}=\"{}\"", escape(value))?;
        }
        let end = if labels.is_empty() { "" } else { "}" };
        writeln!(self.out, "{end} {value}")
    }
}

/// The value of a label: backslash, quote and line end have escapes.
fn escape(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('"', "\\\"")
}
