//! `explain CHECK|CONTROL`: what a check is for, told to a person who does not know the protocols.

use clap::Args;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    profiles, prose,
};
use crate::content::{
    Content,
    check_file::LoadedCheck,
    diagnostic::{Diagnostic, Diagnostics, did_you_mean},
};
use crate::model::{
    check::Effort,
    control::{Control, Relation},
    level::Level,
    profile::ProfileEntry,
};

/// Explain a check or a control: what, why, how to mend it, who asks for it
#[derive(Args)]
#[command(after_help = "Examples:\n  \
scrutineer explain tls.protocol.no-legacy\n  \
scrutineer explain TLS-01")]
pub struct ExplainArgs {
    /// Id of a check (tls.protocol.no-legacy) or of a control (TLS-01)
    id: String,
    #[command(flatten)]
    content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// Checks that cannot be loaded, and ids that do not exist.
pub fn run(args: &ExplainArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = args.content.load(console)?;
    let width = usize::from(console.width).min(100);
    let text = explain(&content, &args.id, width).map_err(|faults| console.faults(&faults))?;
    console.print(&text)?;
    Ok(Exit::Done)
}

/// The explanation of a check or a control.
///
/// # Errors
/// That there is neither, with the nearest one.
pub fn explain(content: &Content, id: &str, width: usize) -> Result<String, Diagnostics> {
    if let Some(loaded) = content.checks.get(id) {
        return Ok(explain_check(content, loaded, width));
    }
    let control = content
        .control(id)
        .or_else(|| content.control(&id.to_ascii_uppercase()));
    if let Some(loaded) = control {
        return Ok(explain_control(content, &loaded.control, width));
    }
    let known = content.checks.keys().map(String::as_str).chain(
        content
            .controls
            .iter()
            .map(|loaded| loaded.control.id.as_str()),
    );
    Err(
        Diagnostic::placeless(format!("there is no check and no control `{id}`"))
            .maybe_help(
                did_you_mean(id, known)
                    .or_else(|| Some("`scrutineer checks list` shows all".to_owned())),
            )
            .into(),
    )
}

fn explain_check(content: &Content, loaded: &LoadedCheck, width: usize) -> String {
    let check = &loaded.check;
    let mut out = String::new();
    prose::paragraph(&mut out, 0, &check.title, width);
    prose::paragraph(&mut out, 0, &check.id, width);

    prose::heading(&mut out, "What it means");
    let effort = match check.effort {
        Effort::Low => "a line of configuration",
        Effort::Medium => "a change with tests and a maintenance window",
        Effort::High => "a project",
    };
    let level = match loaded.level() {
        Level::Passive => "seen by every visitor",
        Level::Standard => "seen by asking more than a visitor does, without harm",
        Level::Intrusive => "seen only in scans that the inventory authorises",
    };
    prose::paragraph(
        &mut out,
        2,
        &format!(
            "If it fails, the severity is {}. Mending it takes {effort}. It is {level}.",
            check.severity
        ),
        width,
    );
    prose::heading(&mut out, "Why it matters");
    prose::paragraph(&mut out, 2, &check.rationale, width);

    prose::heading(&mut out, "How to mend it");
    for (product, text) in &check.remediation {
        if product == "text" {
            prose::paragraph(&mut out, 2, text, width);
        }
    }
    for (product, text) in &check.remediation {
        if product != "text" {
            prose::paragraph(&mut out, 2, &product_name(product), width);
            prose::verbatim(&mut out, 6, text);
        }
    }

    prose::heading(&mut out, "How to verify it");
    for command in verify_commands(loaded) {
        prose::verbatim(&mut out, 2, command);
    }
    let areas: BTreeSet<&str> = loaded
        .program
        .facts()
        .iter()
        .filter_map(|fact| fact.area)
        .map(|area| area.key())
        .collect();
    let only = if areas.is_empty() {
        String::new()
    } else {
        format!(" --only {}", Vec::from_iter(areas).join(","))
    };
    prose::verbatim(&mut out, 2, &format!("scrutineer scan NAME{only}"));

    if !check.params.is_empty() {
        prose::heading(&mut out, "What a profile may set");
        for (name, decl) in &check.params {
            let default = match &decl.default {
                serde_json::Value::Null => "always set by the profile".to_owned(),
                value => format!("default {value}"),
            };
            prose::paragraph(
                &mut out,
                2,
                &format!("{name}: {}, {default}", decl.kind),
                width,
            );
        }
    }
    if let Some(control) = content.control(&check.control) {
        who_asks(&mut out, content, &control.control, width);
    }
    profiles_with(&mut out, content, |id| id == check.id, width);
    prose::heading(&mut out, "Where to read more");
    for reference in &check.references {
        prose::paragraph(&mut out, 2, reference, width);
    }
    out
}

fn explain_control(content: &Content, control: &Control, width: usize) -> String {
    let mut out = String::new();
    prose::paragraph(
        &mut out,
        0,
        &format!("{}  {}", control.id, control.title),
        width,
    );
    let checks: Vec<&LoadedCheck> = content
        .checks
        .values()
        .filter(|loaded| loaded.check.control == control.id)
        .collect();
    prose::heading(&mut out, "Checks");
    if checks.is_empty() {
        prose::paragraph(&mut out, 2, "none yet", width);
    }
    for loaded in &checks {
        let check = &loaded.check;
        prose::paragraph(
            &mut out,
            2,
            &format!("{} ({}): {}", check.id, check.severity, check.title),
            width,
        );
    }
    who_asks(&mut out, content, control, width);
    let ids: BTreeSet<&str> = checks
        .iter()
        .map(|loaded| loaded.check.id.as_str())
        .collect();
    profiles_with(&mut out, content, |id| ids.contains(id), width);
    out
}

/// The nations and bodies whose requirements map to the control.
fn who_asks(out: &mut String, content: &Content, control: &Control, width: usize) {
    prose::heading(out, &format!("Who asks for it ({})", control.id));
    prose::paragraph(out, 2, &control.title, width);
    if let Some(source) = &control.source {
        prose::paragraph(out, 2, &format!("Source: {source}"), width);
    }
    let mut by_country: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut unverified = false;
    for mapping in &control.maps_to {
        let Ok(Some(row)) = content.guidance.row(&mapping.requirement) else {
            by_country
                .entry("unknown".to_owned())
                .or_default()
                .push((mapping.requirement.clone(), String::new()));
            continue;
        };
        unverified |= row.memory;
        let guideline = &row.guideline;
        let printed = row
            .printed
            .as_ref()
            .map(|id| format!(", {id}"))
            .unwrap_or_default();
        let first = format!(
            "{} {} ({}){printed}: {}{}",
            guideline.publisher,
            guideline.title,
            guideline.version,
            stance(row.level.to_string(), mapping.relation),
            if row.memory { " [unverified]" } else { "" }
        );
        by_country
            .entry(country(&guideline.country))
            .or_default()
            .push((first, row.text.clone()));
    }
    for (country, rows) in by_country {
        prose::paragraph(out, 2, &country, width);
        for (row, text) in rows {
            prose::paragraph(out, 4, &row, width);
            if !text.is_empty() {
                prose::paragraph(out, 8, &text, width);
            }
        }
    }
    if unverified {
        prose::paragraph(
            out,
            2,
            "[unverified]: not yet read in its source; such a row decides nothing.",
            width,
        );
    }
}

fn stance(level: String, relation: Relation) -> String {
    match relation {
        Relation::Equal => format!("{level}, the same"),
        Relation::Stricter => format!("{level}, and asks for more"),
        Relation::Looser => format!("{level}, and asks for less"),
        Relation::Partial => format!("{level}, for a part of it"),
        Relation::Conflict => format!("{level}, and wants or allows the opposite"),
    }
}

/// The profiles that use one of the checks: how binding, by which requirement,
/// with which parameters, and when. Read from the files: resolving every profile
/// takes long.
fn profiles_with(out: &mut String, content: &Content, wanted: impl Fn(&str) -> bool, width: usize) {
    let mut first = true;
    for (id, loaded) in &content.profiles {
        let Ok(merged) = content.merged(id) else {
            continue;
        };
        let mut named = false;
        for merged in &merged.entries {
            let entry = merged.entry;
            let uses = entry.checks.iter().chain(entry.any_of.iter().flatten());
            let uses: BTreeSet<String> = uses
                .filter(|used| wanted(&used.id))
                .map(|used| profiles::with_params(&used.id, &used.params))
                .collect();
            if uses.is_empty() {
                continue;
            }
            if std::mem::take(&mut first) {
                prose::heading(out, "Profiles that ask for it");
            }
            if !std::mem::replace(&mut named, true) {
                let line = format!("{id}: {}", loaded.profile.title);
                prose::paragraph(out, 2, &line, width);
            }
            prose::paragraph(out, 4, &demand(content, entry), width);
            let or = match entry.any_of.is_empty() {
                true => "",
                false => ", or another way",
            };
            for check in uses {
                prose::paragraph(out, 8, &format!("{check}{or}"), width);
            }
        }
    }
}

/// An entry with its level, its row, the id that the guideline prints, and its dates.
fn demand(content: &Content, entry: &ProfileEntry) -> String {
    let row = content.guidance.row(&entry.row).ok().flatten();
    let mut line = profiles::named(
        entry.level,
        &entry.row,
        entry.variant.as_deref(),
        row.and_then(|row| row.printed.as_deref()),
    );
    if let Some(dates) = profiles::dates(entry.from.as_ref(), entry.until.as_ref()) {
        line.push_str(&format!(", {dates}"));
    }
    if row.is_some_and(|row| row.memory) {
        line.push_str(" [unverified]");
    }
    line
}

fn country(code: &str) -> String {
    match code {
        "AU" => "Australia",
        "CA" => "Canada",
        "DE" => "Germany",
        "EU" => "European Union",
        "FR" => "France",
        "GB" => "United Kingdom",
        "INT" => "International",
        "JP" => "Japan",
        "NL" => "Netherlands",
        "NZ" => "New Zealand",
        "US" => "United States",
        other => other,
    }
    .to_owned()
}

fn product_name(key: &str) -> String {
    match key {
        "nginx" => "nginx",
        "apache" => "Apache",
        "iis" => "Microsoft IIS and Windows Server",
        "haproxy" => "HAProxy",
        "caddy" => "Caddy",
        "bind" => "BIND",
        "knot" => "Knot DNS",
        "nsd" => "NSD",
        "powerdns" => "PowerDNS",
        "windows-dns" => "Windows DNS Server",
        "postfix" => "Postfix",
        "exchange" => "Microsoft Exchange",
        "hoster" => "At a DNS hosting company",
        "route53" => "Amazon Route 53",
        "cloudflare" => "Cloudflare",
        other => other,
    }
    .to_owned()
}

/// Commands with everyday tools that show the facts that a check reads, by the
/// beginning of the fact's path; the first that fits counts.
const COMMANDS: [(&str, &str); 26] = [
    (
        "tls.endpoints[].versions",
        "openssl s_client -connect NAME:443 -servername NAME -tls1_1 </dev/null   # the same with -tls1, -tls1_2, -tls1_3",
    ),
    (
        "tls.endpoints[].suites",
        "openssl s_client -connect NAME:443 -servername NAME -tls1_2 -cipher SUITE </dev/null",
    ),
    (
        "tls.endpoints[].groups",
        "openssl s_client -connect NAME:443 -servername NAME -groups GROUP </dev/null",
    ),
    (
        "tls.endpoints[].certificates",
        "openssl s_client -connect NAME:443 -servername NAME -showcerts </dev/null | openssl x509 -noout -text",
    ),
    (
        "tls.endpoints[].staple",
        "openssl s_client -connect NAME:443 -servername NAME -status </dev/null",
    ),
    (
        "tls",
        "openssl s_client -connect NAME:443 -servername NAME </dev/null",
    ),
    ("dns.caa", "dig +short CAA NAME"),
    ("dns.ns", "dig +short NS NAME"),
    ("dns.soa", "dig +short SOA NAME"),
    ("dns.ds", "dig +short DS NAME"),
    ("dns.dnskey", "dig +dnssec DNSKEY NAME"),
    ("dns.dnssec", "delv NAME SOA   # or: dig +dnssec SOA NAME"),
    ("dns.cname", "dig +short CNAME NAME"),
    ("dns.txt", "dig +short TXT NAME"),
    ("dns.addresses", "dig +short A NAME; dig +short AAAA NAME"),
    ("dns", "dig ANY NAME"),
    (
        "mail.spf",
        "dig +short TXT NAME   # the line that begins with v=spf1",
    ),
    ("mail.dmarc", "dig +short TXT _dmarc.NAME"),
    (
        "mail.mta_sts",
        "dig +short TXT _mta-sts.NAME; curl -s https://mta-sts.NAME/.well-known/mta-sts.txt",
    ),
    ("mail.tls_rpt", "dig +short TXT _smtp._tls.NAME"),
    (
        "mail.mx[].endpoints",
        "openssl s_client -connect EXCHANGER:25 -starttls smtp </dev/null",
    ),
    ("mail", "dig +short MX NAME"),
    (
        "web.chains",
        "curl -sIL http://NAME/ | grep -iE '^(HTTP|location|strict-transport-security)'",
    ),
    (
        "web.security_txt",
        "curl -s https://NAME/.well-known/security.txt",
    ),
    (
        "web.pages[].forms",
        "curl -s https://NAME/PATH | grep -iE '<(form|input|select)'",
    ),
    ("web", "curl -sI https://NAME/"),
];

/// What a person types to see what a check looks at.
fn verify_commands(loaded: &LoadedCheck) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let facts = loaded.program.facts();
    // Facts that say which endpoint it is stand beside those that matter.
    let specific = |path: &str| {
        COMMANDS
            .iter()
            .find(|(beginning, _)| covers(beginning, path))
    };
    for fact in facts {
        if let Some((beginning, command)) = specific(&fact.path)
            && beginning.contains('.')
            && !found.contains(command)
        {
            found.push(command);
        }
    }
    if found.is_empty() {
        for fact in facts {
            if let Some((_, command)) = specific(&fact.path)
                && !found.contains(command)
            {
                found.push(command);
            }
        }
    }
    found.truncate(4);
    found
}

/// Whether a path is a beginning or lies below it.
fn covers(beginning: &str, path: &str) -> bool {
    path.strip_prefix(beginning)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_and_control_is_explained() {
        let content = Content::load(&[], &[]).unwrap();
        for id in content.checks.keys() {
            let text = explain(&content, id, 80).unwrap();
            for part in [
                "Why it matters",
                "How to mend it",
                "How to verify it",
                "Who asks for it",
                "Where to read more",
            ] {
                assert!(text.contains(part), "{id}: {part}");
            }
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{id}");
            assert!(
                !text.contains("\n  unknown\n"),
                "{id}: a requirement without a row"
            );
        }
        for loaded in &content.controls {
            let text = explain(&content, &loaded.control.id, 80).unwrap();
            assert!(text.starts_with(&loaded.control.id));
        }
    }

    #[test]
    fn rows_that_nobody_has_read_are_marked() {
        let content = Content::load(&[], &[]).unwrap();
        let mut seen = 0;
        for loaded in &content.controls {
            let memory = loaded.control.maps_to.iter().any(|mapping| {
                matches!(content.guidance.row(&mapping.requirement), Ok(Some(row)) if row.memory)
            });
            let text = explain(&content, &loaded.control.id, 100).unwrap();
            assert_eq!(
                text.contains("[unverified]"),
                memory,
                "{}",
                loaded.control.id
            );
            seen += usize::from(memory);
        }
        assert!(seen > 0);
    }

    #[test]
    fn an_unknown_id_gets_the_nearest() {
        let content = Content::load(&[], &[]).unwrap();
        for (given, meant) in [
            ("tls.protocol.nolegacy", "tls.protocol.no-legacy"),
            ("TLS01", "TLS-01"),
        ] {
            let problems = explain(&content, given, 80).unwrap_err();
            assert!(problems.to_string().contains(meant), "{problems}");
        }
        assert!(explain(&content, "tls-01", 80).is_ok());
    }
}
