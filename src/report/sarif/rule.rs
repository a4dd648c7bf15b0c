//! The rules that results name: one for each check and the `as` of its use.

use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

use super::document::{Configuration, Help, Rule, RuleProperties, Text};
use crate::model::{check::Severity, finding::Finding};
use crate::report::wording::{check, effort, line, lines};
use crate::wire::text::clean;

/// Characters of a description that GitHub takes.
const MAX_DESCRIPTION: usize = 1000;

/// What identifies a rule: the check, and the `as` of its use.
pub type Identity<'a> = (&'a str, Option<&'a str>);

/// What identifies the rule of a finding.
pub fn identity(finding: &Finding) -> Identity<'_> {
    (
        &finding.check,
        finding.variant.as_ref().map(|variant| variant.as_str()),
    )
}

/// The rules of these findings, sorted, and the number of each.
pub fn rules(findings: &[Finding]) -> (Vec<Rule>, HashMap<Identity<'_>, usize>) {
    let mut first: HashMap<Identity<'_>, &Finding> = HashMap::new();
    for finding in findings {
        first.entry(identity(finding)).or_insert(finding);
    }
    let mut sorted: Vec<_> = first.into_iter().collect();
    sorted.sort_by_key(|(identity, _)| *identity);
    let numbers = sorted
        .iter()
        .enumerate()
        .map(|(number, (identity, _))| (*identity, number))
        .collect();
    let rules = sorted.into_iter().map(|(_, finding)| rule(finding));
    (rules.collect(), numbers)
}

fn rule(finding: &Finding) -> Rule {
    let id = check(finding);
    Rule {
        name: camel(&id),
        short_description: Text {
            text: sentence(&finding.title),
        },
        full_description: Text {
            text: sentence(&finding.rationale),
        },
        default_configuration: Configuration {
            level: match finding.severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::Info => "note",
            },
        },
        help: help(finding),
        properties: RuleProperties {
            // GitHub shows ten of them, and reads the severity of rules with the first.
            tags: vec!["security".to_owned(), line(&finding.control)],
            precision: "very-high",
            // Bounds of GitHub: from 9.0, 7.0, 4.0 and 0.1 on.
            security_severity: match finding.severity {
                Severity::Critical => "9.5",
                Severity::High => "8.0",
                Severity::Medium => "5.5",
                Severity::Low => "3.0",
                Severity::Info => "0.1",
            },
        },
        id,
    }
}

/// `TlsProtocolNoLegacy` of `tls.protocol.no-legacy`.
fn camel(id: &str) -> String {
    id.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?;
            Some(first.to_uppercase().chain(letters).collect::<String>())
        })
        .collect()
}

fn sentence(text: &str) -> String {
    let text = clean(text.trim(), MAX_DESCRIPTION);
    match text.ends_with(['.', '!', '?', '…']) {
        true => text,
        false => format!("{text}."),
    }
}

fn help(finding: &Finding) -> Help {
    let why = sentence(&finding.rationale);
    let takes = format!("It takes {}.", effort(finding.effort));
    let mut text = format!("{why}\n\n{takes}\n");
    let mut markdown = format!("{}\n\n{takes}\n", plain(&why));
    for (product, advice) in finding.remediation.iter() {
        let (product, advice) = (line(product), lines(advice));
        text.push_str(&format!("\n{product}:\n{advice}\n"));
        if product == "text" {
            markdown.push_str(&format!("\n{}\n", plain(&advice)));
        } else {
            // Indented code has no fence that its text could close.
            let code = advice.replace('\n', "\n    ");
            markdown.push_str(&format!("\n{}:\n\n    {code}\n", plain(&product)));
        }
    }
    let references: Vec<String> = finding.references.iter().map(|r| line(r)).collect();
    if !references.is_empty() {
        let told = references.join("; ");
        text.push_str(&format!("\nSee {told}\n"));
        markdown.push_str(&format!("\nSee {}\n", plain(&told)));
    }
    Help { text, markdown }
}

/// Text without a meaning to Markdown or HTML.
fn plain(text: &str) -> String {
    crate::report::markdown::escape(text)
}

/// What tells a finding from others, whatever its instances: SHA-256 over the JSON
/// of check, `as` and target.
pub fn fingerprint(finding: &Finding) -> String {
    let (check, variant) = identity(finding);
    let identity = json!([check, variant, finding.target.as_str()]).to_string();
    let digits: String = Sha256::digest(identity.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("v1:{digits}")
}
