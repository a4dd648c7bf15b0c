//! The mail facts of one domain as text.

use std::fmt::Write as _;

use crate::model::{observation::Observation, standing::Standing, target::Target};
use crate::probes::{
    mail::facts::{
        Dkim, DmarcPolicy, MailExchanger, MailFacts, MailProblem, SmtpEndpoint, Spf, Tlsa,
    },
    tls::facts::{TlsEndpoint, TlsFacts},
};
use crate::report::{
    spoofing,
    tree::{Branch, draw},
};
use crate::wire::text::clean;

/// Most characters of a record or a name.
const CHARS: usize = 300;
const UNSEEN: &str = "not observed";

/// The answer first, then what it rests on.
pub(super) fn page(
    target: &Target,
    (mail, tls): &(MailFacts, TlsFacts),
    observation: &Observation,
    ascii: bool,
) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let answer = match mail.spoofing.known() {
        Some(facts) => spoofing::answer(&target.name, facts),
        None => format!("Nothing could be seen of the mail of {}.", target.name),
    };
    let _ = writeln!(out, "{answer}");
    exchangers(&mut out, mail, tls);
    out.push('\n');
    out.push_str(&draw(&spf(mail), ascii));
    out.push('\n');
    out.push_str(&draw(&dmarc(mail), ascii));
    out.push('\n');
    out.push_str(&draw(&below(mail), ascii));
    out.push('\n');
    out.push_str(&draw(&dkim(mail.dkim.known()), ascii));
    out.push('\n');
    out.push_str(&draw(&transport(mail), ascii));
    let asked = |gap: &&crate::model::gap::Gap| {
        gap.at.starts_with("/mail") && gap.reason != crate::model::gap::GapReason::NotAsked
    };
    let mut gaps = observation.gaps.iter().filter(asked).peekable();
    if gaps.peek().is_some() {
        out.push_str("\nNot observed\n");
    }
    for gap in gaps {
        let detail = clean(gap.detail.as_deref().unwrap_or_default(), CHARS);
        let _ = writeln!(out, "  {}  {}: {detail}", gap.at, gap.reason.words());
    }
    let cost = &observation.cost;
    let _ = writeln!(
        out,
        "\nCost  {} connections, {} queries, {}.{} s",
        cost.connections,
        cost.queries,
        cost.milliseconds / 1_000,
        cost.milliseconds % 1_000 / 100
    );
    out
}

fn exchangers(out: &mut String, mail: &MailFacts, tls: &TlsFacts) {
    out.push_str("\nWho takes its mail\n");
    match mail.mx.known().map(Vec::as_slice) {
        None => out.push_str("  not observed\n"),
        Some([]) => out.push_str("  nobody: no MX record and no address\n"),
        Some(list) => {
            for exchanger in list {
                show_exchanger(out, exchanger, tls);
            }
        }
    }
}

fn show_exchanger(out: &mut String, exchanger: &MailExchanger, tls: &TlsFacts) {
    if exchanger.null_mx {
        out.push_str("  nobody: a null MX says so\n");
        return;
    }
    let implicit = match exchanger.implicit {
        true => "  (by its address: there is no MX record)",
        false => "",
    };
    let name = clean(&exchanger.name, CHARS);
    let hangs = hanging(exchanger.standing.known().copied().flatten());
    let _ = writeln!(out, "  {:>5} {name}{implicit}{hangs}", exchanger.preference);
    for endpoint in exchanger.endpoints.known().into_iter().flatten() {
        let _ = writeln!(
            out,
            "        {:24} {}",
            endpoint.key,
            offer(endpoint, exchanger, tls)
        );
    }
    if exchanger.endpoints.is_unseen() {
        out.push_str("        its addresses were not observed\n");
    }
    let records = exchanger.tlsa.known().map(Vec::as_slice);
    match records {
        None => out.push_str("        TLSA: not observed\n"),
        Some([]) => out.push_str("        TLSA: none\n"),
        Some(records) => {
            for record in records {
                let _ = writeln!(
                    out,
                    "        TLSA {}: {}",
                    record.key,
                    standing(record, records)
                );
            }
        }
    }
}

fn offer(endpoint: &SmtpEndpoint, exchanger: &MailExchanger, tls: &TlsFacts) -> String {
    let starttls = match endpoint.starttls.known() {
        None => return UNSEEN.to_owned(),
        Some(false) => return "no STARTTLS: mail comes in unencrypted".to_owned(),
        Some(true) => "STARTTLS",
    };
    let endpoints = tls.endpoints.known().into_iter().flatten();
    let mut own = endpoints.filter(|e| e.key == endpoint.key && e.host == exchanger.name);
    match own.next() {
        Some(found) => format!("{starttls}  {}", encryption(found)),
        None => format!("{starttls}  TLS {UNSEEN}"),
    }
}

fn encryption(endpoint: &TlsEndpoint) -> String {
    let mut parts = Vec::new();
    let versions = endpoint.versions.known().into_iter().flatten();
    let versions: Vec<String> = versions.map(|version| word(version.name)).collect();
    parts.push(match versions.is_empty() {
        true => format!("versions {UNSEEN}"),
        false => versions.join(" "),
    });
    for certificate in endpoint.certificates.known().into_iter().flatten() {
        let fits = match certificate.matches_host {
            true => "names it",
            false => "does not name it",
        };
        let trusted = match certificate.chain.trusted {
            true => "trusted",
            false => "not trusted",
        };
        let until = certificate.not_after.strftime("%Y-%m-%d");
        parts.push(format!("certificate {fits}, {trusted}, until {until}"));
    }
    parts.join("; ")
}

fn standing(record: &Tlsa, all: &[Tlsa]) -> String {
    if let Some(fault) = &record.fault {
        return format!("senders cannot use it ({fault})");
    }
    let other = all.iter().any(|r| r.matches.known() == Some(&Some(true)));
    match record.matches.known() {
        Some(Some(true)) => "matches".to_owned(),
        Some(_) if other => "matches nothing now: for the next key, or left over".to_owned(),
        Some(_) => "matches nothing: senders that use DANE cannot deliver".to_owned(),
        None => format!("whether it matches was {UNSEEN}"),
    }
}

/// The look-ups of the record, as a tree.
fn spf(mail: &MailFacts) -> Branch {
    let spf = match mail.spf.known() {
        None => return Branch::new("SPF").with([Branch::new(UNSEEN)]),
        Some(None) => return Branch::new("SPF").with([Branch::new("none")]),
        Some(Some(spf)) => spf,
    };
    let mut root = Branch::new("SPF");
    root.below
        .push(Branch::new(format!("record: {}", spf.record)));
    root.below
        .push(Branch::new(format!("others: {}", strangers(spf))));
    let mut tree = Branch::new(count(spf));
    for lookup in spf.lookups.known().into_iter().flatten() {
        let mut text = lookup.term.clone();
        if !lookup.term.ends_with(&lookup.name) {
            text.push_str(&format!(" ({})", lookup.name));
        }
        match lookup.void.known() {
            Some(true) => {
                let standing = lookup.standing.known().copied().flatten();
                match standing.filter(|standing| *standing != Standing::Resolves) {
                    Some(standing) => text.push_str(&format!(": {}", standing.words())),
                    None => text.push_str(": leads to nothing"),
                }
            }
            Some(false) => {}
            None => text.push_str(&format!(": {UNSEEN}")),
        }
        let way: Vec<&str> = lookup.key.split(" > ").collect();
        hang(&mut tree, way.len().saturating_sub(1), Branch::new(text));
    }
    root.below.push(tree);
    root.with(faults(spf.problems.known()))
}

/// What to say of a name that is not there.
fn hanging(standing: Option<Standing>) -> String {
    match standing {
        None | Some(Standing::Resolves) => String::new(),
        Some(standing) => format!("  ({})", standing.words()),
    }
}

/// Hangs a branch on the last one of the level above. Look-ups come depth first.
fn hang(tree: &mut Branch, depth: usize, branch: Branch) {
    let mut at = tree;
    for _ in 0..depth {
        if at.below.is_empty() {
            break;
        }
        let last = at.below.len().saturating_sub(1);
        let Some(next) = at.below.get_mut(last) else {
            return;
        };
        at = next;
    }
    at.below.push(branch);
}

fn strangers(spf: &Spf) -> String {
    let word = match spf.stranger.known() {
        Some(verdict) => word(verdict),
        None => return UNSEEN.to_owned(),
    };
    let means = match word.as_str() {
        "pass" => "everybody may send",
        "fail" => "nobody else may send",
        "softfail" => "others probably may not send",
        "permerror" => "receivers cannot evaluate the record",
        _ => "nothing is said of others",
    };
    format!("{word}, {means}")
}

fn count(spf: &Spf) -> String {
    let lookups = spf.lookups.known().map(Vec::as_slice).unwrap_or_default();
    let void = lookups.iter().filter(|l| l.void.known() == Some(&true));
    format!(
        "look-ups: {} of at most 10, {} of at most 2 lead to nothing",
        lookups.len(),
        void.count()
    )
}

fn dmarc(mail: &MailFacts) -> Branch {
    let root = Branch::new("DMARC");
    let Some(dmarc) = mail.dmarc.known() else {
        return root.with([Branch::new(UNSEEN)]);
    };
    let lines = match dmarc.effective.known() {
        None => vec![Branch::new(UNSEEN)],
        Some(None) => vec![Branch::new("none applies")],
        Some(Some(policy)) => policy_lines(policy),
    };
    root.with(lines).with(faults(dmarc.problems.known()))
}

fn policy_lines(policy: &DmarcPolicy) -> Vec<Branch> {
    let testing = if policy.testing {
        ", only tested (t=y)"
    } else {
        ""
    };
    let mut lines = vec![
        Branch::new(format!("record: {} (of {})", policy.record, policy.from)),
        Branch::new(format!(
            "policy: {}; sub-domains {}; names that do not exist {}{testing}",
            word(policy.policy),
            word(policy.subdomain_policy),
            word(policy.nonexistent_policy)
        )),
    ];
    for to in policy.destinations.known().into_iter().flatten() {
        let permitted = match to.permitted.known() {
            None => ": consent not observed",
            Some(Some(false)) => ": that domain does not consent, nothing is sent",
            Some(Some(true)) => ": that domain consents",
            Some(None) => "",
        };
        let hangs = hanging(to.standing.known().copied());
        lines.push(Branch::new(format!(
            "reports: {}{permitted}{hangs}",
            to.key
        )));
    }
    lines
}

/// Names below the domain, as senders.
fn below(mail: &MailFacts) -> Branch {
    let root = Branch::new("Names below");
    let names = match mail.subdomains.known().map(Vec::as_slice) {
        None => return root.with([Branch::new(UNSEEN)]),
        Some([]) => return root.with([Branch::new("none was seen (DNS does not list them)")]),
        Some(names) => names,
    };
    root.with(names.iter().map(|one| {
        let spf = match (one.spf.known(), one.stranger.known()) {
            (Some(None), _) => "no SPF record".to_owned(),
            (_, Some(Some(verdict))) => format!("SPF says {} of others", word(verdict)),
            _ => format!("SPF {UNSEEN}"),
        };
        let dmarc = match one.dmarc.known() {
            None => format!("DMARC {UNSEEN}"),
            Some(None) => "no DMARC record of its own".to_owned(),
            Some(Some(own)) => {
                let testing = if own.testing {
                    ", only tested (t=y)"
                } else {
                    ""
                };
                format!("DMARC record of its own: {}{testing}", word(own.policy))
            }
        };
        Branch::new(format!("{}: {spf}; {dmarc}", one.name))
    }))
}

fn dkim(dkim: Option<&Dkim>) -> Branch {
    let root = Branch::new("DKIM");
    let Some(keys) = dkim.and_then(|dkim| dkim.keys.known()) else {
        return root.with([Branch::new(UNSEEN)]);
    };
    if keys.is_empty() {
        return root.with([Branch::new("no key was seen (DNS does not list selectors)")]);
    }
    root.with(keys.iter().map(|key| {
        let text = match key.record.known() {
            None => UNSEEN.to_owned(),
            Some(None) => "no key".to_owned(),
            Some(Some(record)) if record.revoked => "withdrawn".to_owned(),
            Some(Some(record)) => {
                let bits = record.bits.map(|bits| format!(" {bits} bits"));
                let testing = if record.testing { ", test flag" } else { "" };
                let hashes = match &record.hashes {
                    Some(hashes) => format!(", hashes {}", hashes.join(" ")),
                    None => String::new(),
                };
                let bits = bits.unwrap_or_default();
                format!("{}{bits}{hashes}{testing}", record.key_type)
            }
        };
        let faults = match key.record.known() {
            Some(Some(record)) => faults(Some(&record.problems)),
            _ => Vec::new(),
        };
        Branch::new(format!("{}: {text}", key.key)).with(faults)
    }))
}

/// MTA-STS, TLS reports and BIMI.
fn transport(mail: &MailFacts) -> Branch {
    let mut lines = Vec::new();
    lines.push(match mail.mta_sts.known() {
        None => Branch::new(format!("MTA-STS: {UNSEEN}")),
        Some(None) => Branch::new("MTA-STS: none"),
        Some(Some(sts)) => {
            let policy = match sts.policy.known() {
                None => UNSEEN.to_owned(),
                Some(None) => "no policy that senders can use".to_owned(),
                Some(Some(policy)) => {
                    let covers = match policy.covers_all_mx.known() {
                        Some(true) => "covers all servers",
                        Some(false) => "does not cover all servers",
                        None => "whether it covers all servers was not observed",
                    };
                    let days = policy.max_age / 86_400;
                    format!("{}, {days} days, {covers}", word(policy.mode))
                }
            };
            Branch::new(format!("MTA-STS: {policy}")).with(faults(sts.problems.known()))
        }
    });
    lines.push(match mail.tls_rpt.known() {
        None => Branch::new(format!("TLS reports: {UNSEEN}")),
        Some(None) => Branch::new("TLS reports: none"),
        Some(Some(record)) => Branch::new(format!("TLS reports: {}", record.rua.join(" ")))
            .with(faults(Some(&record.problems))),
    });
    lines.push(match mail.bimi.known() {
        None => Branch::new(format!("BIMI: {UNSEEN}")),
        Some(None) => Branch::new("BIMI: none"),
        Some(Some(bimi)) => {
            let logo = bimi.logo.as_deref().unwrap_or("no logo is to be shown");
            let evidence = match &bimi.evidence {
                Some(evidence) => format!(", certificate {evidence}"),
                None => String::new(),
            };
            Branch::new(format!("BIMI: {logo}{evidence}")).with(faults(Some(&bimi.problems)))
        }
    });
    Branch::new("Transport and logo").with(lines)
}

fn faults(problems: Option<&Vec<MailProblem>>) -> Vec<Branch> {
    let problems = problems.into_iter().flatten();
    problems
        .map(|problem| Branch::new(format!("fault: {} ({})", problem.name, problem.detail)))
        .collect()
}

/// A value of a closed vocabulary as it stands in documents.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
