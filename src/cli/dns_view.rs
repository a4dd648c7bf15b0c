//! DNS facts as text: the delegation as a tree, the servers as a table, the chain of trust.

use std::fmt::Write as _;

use crate::model::{seen::Seen, standing::Standing};
use crate::probes::dns::facts::{
    Delegation, DnsFacts, DnssecStatus, FoundBy, HostName, ServerFacts, Validation,
};
use crate::report::tree::{Branch, draw};
use crate::wire::text::clean;

/// Most characters of a cell.
const CELL_CHARS: usize = 80;

/// All of it.
pub(super) fn table(facts: &DnsFacts, ascii: bool) -> String {
    let mut out = String::new();
    let zone = match facts.zone.known() {
        Some(Some(zone)) => format!("in the zone {zone}"),
        Some(None) => "in no zone that answers".to_owned(),
        None => "(its zone was not observed)".to_owned(),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} {zone}\n\nDelegation", clean(&facts.name, 255));
    match facts.delegation.known() {
        Some(Some(delegation)) => out += &draw(&tree(facts, delegation), ascii),
        _ => out.push_str("  not observed\n"),
    }
    out.push_str("\nName servers\n");
    match facts.servers.known().map(Vec::as_slice) {
        None | Some([]) => out.push_str("  not observed\n"),
        Some(servers) => rows(&mut out, servers),
    }
    out.push_str("\nDNSSEC\n");
    match facts
        .dnssec
        .known()
        .and_then(|dnssec| dnssec.validation.known())
    {
        Some(validation) => chain(&mut out, facts, validation, ascii),
        None => out.push_str("  not observed\n"),
    }
    out.push_str(&records(facts));
    out
}

/// Names that hang, wildcards, CAA and the registration.
fn records(facts: &DnsFacts) -> String {
    let mut out = String::from("\nNames that records lead to\n");
    let ns = facts.ns.known().into_iter().flatten();
    let mut all: Vec<(String, &Seen<Standing>)> = ns
        .map(|server| (format!("NS {}", server.name), &server.standing))
        .collect();
    let cname = facts.cname.known().into_iter().flatten();
    all.extend(cname.map(|step| (format!("CNAME {}", step.target), &step.standing)));
    let srv = facts.srv.known().into_iter().flatten();
    all.extend(srv.map(|srv| (format!("SRV {}", srv.key), &srv.standing)));
    if all.is_empty() {
        out.push_str("  none seen\n");
    }
    for (name, standing) in all {
        let words = standing
            .known()
            .map_or("not observed", |standing| standing.words());
        let _ = writeln!(out, "  {}: {words}", clean(&name, 300));
    }
    let wildcard = match facts.wildcard.known() {
        None => "not observed".to_owned(),
        Some(None) => "none".to_owned(),
        Some(Some(wildcard)) => match &wildcard.alias_for {
            Some(target) => format!("{} is an alias for {target}", wildcard.name),
            None => format!("{} has {}", wildcard.name, joined(&wildcard.types)),
        },
    };
    let _ = writeln!(out, "  wildcard: {}", clean(&wildcard, 600));
    out.push_str("\nCAA\n");
    match facts.caa.known() {
        None => out.push_str("  not observed\n"),
        Some(None) => out.push_str("  none: every authority may issue\n"),
        Some(Some(caa)) => {
            let kinds = [
                ("issue", &caa.issuers),
                ("issuewild", &caa.wildcard_issuers),
            ];
            for (tag, issuer) in kinds
                .into_iter()
                .flat_map(|(tag, list)| list.iter().map(move |issuer| (tag, issuer)))
            {
                let domain = match issuer.domain.as_str() {
                    "" => "nobody",
                    domain => domain,
                };
                let line = format!("{tag} {domain} {}", issuer.parameters.join("; "));
                let _ = writeln!(out, "  {}", clean(line.trim_end(), 600));
            }
            for fault in &caa.problems {
                let line = format!("fault: {} ({})", fault.name, fault.detail);
                let _ = writeln!(out, "  {}", clean(&line, 600));
            }
        }
    }
    registration(&mut out, facts);
    out
}

fn registration(out: &mut String, facts: &DnsFacts) {
    let known = match facts.registration.known() {
        // Said with the gaps, and of no interest where nobody asked.
        None => return,
        Some(None) => {
            out.push_str("\nRegistration\n  the registry does not know the domain\n");
            return;
        }
        Some(Some(known)) => known,
    };
    let _ = writeln!(out, "\nRegistration of {}", clean(&known.domain, 255));
    let ends = known
        .expires
        .map_or("not told".to_owned(), |time| time.to_string());
    let lines = [
        (
            "registrar",
            known
                .registrar
                .clone()
                .unwrap_or_else(|| "not told".to_owned()),
        ),
        ("ends", ends),
        ("states", joined(&known.states)),
        ("locked against transfer", word(&known.transfer_locked)),
        ("locked by the registry", word(&known.registry_locked)),
        (
            "DS as in DNS",
            match known.ds_match.known() {
                Some(Some(same)) => word(&Seen::Known(*same)),
                Some(None) => "not told".to_owned(),
                None => "not observed".to_owned(),
            },
        ),
    ];
    for (what, value) in lines {
        let _ = writeln!(out, "  {what}: {}", clean(&value, 600));
    }
}

/// The zones from the root down, what the parent hands out, and who serves the zone.
fn tree(facts: &DnsFacts, delegation: &Delegation) -> Branch {
    let zone = facts.zone.known().cloned().flatten().unwrap_or_default();
    let servers = facts.servers.known().map_or(&[][..], Vec::as_slice);
    let ns = facts.ns.known().into_iter().flatten();
    let mut hosts: Vec<&str> = ns.map(|server| server.name.as_str()).collect();
    let others = delegation.missing_in_zone.known().into_iter().flatten();
    hosts.extend(others.map(|host| host.name.as_str()));
    let hosts = hosts.into_iter().map(|host| {
        let own = servers.iter().filter(|server| server.server == host);
        let addresses =
            own.map(|server| Branch::new(format!("{}  {}", server.address, state(server))));
        Branch::new(host).with(addresses)
    });
    let handed = delegation.parents.iter().map(|parent| {
        let says = match (&parent.ns, &parent.serves_zone) {
            (Seen::Known(ns), _) => joined(ns),
            (_, Seen::Known(true)) => "serves the zone itself".to_owned(),
            _ => "no answer".to_owned(),
        };
        Branch::new(format!("{} refers to  {says}", parent.key))
    });
    let mut leaf = Branch::new(zone).with(hosts);
    for (list, what) in [
        (&delegation.missing_at_parent, "not at the parent"),
        (&delegation.missing_in_zone, "not in the zone"),
        (&delegation.glue_missing, "no address at the parent"),
    ] {
        if let Some([_, ..]) = list.known().map(Vec::as_slice) {
            let list = list.known().map_or(&[][..], Vec::as_slice);
            leaf.below
                .push(Branch::new(format!("{what}: {}", joined(list))));
        }
    }
    let parent = Branch::new(name(&delegation.parent))
        .with(handed)
        .with([leaf]);
    let path = delegation.path.known().map_or(&[][..], Vec::as_slice);
    let above = path.iter().filter(|step| step.zone != delegation.parent);
    let mut tree = parent;
    for step in above.rev() {
        let by = format!(
            "{}  (asked {} {})",
            name(&step.zone),
            step.server,
            step.address
        );
        tree = Branch::new(by).with([tree]);
    }
    if delegation.found_by == FoundBy::Resolver {
        tree.text.push_str("  (found through the resolver)");
    }
    tree
}

fn name(zone: &str) -> &str {
    if zone == "." { ". (root)" } else { zone }
}

/// A server in a few words.
fn state(server: &ServerFacts) -> String {
    match (&server.authoritative, &server.soa) {
        (Seen::Known(true), Seen::Known(Some(soa))) => format!("serial {}", soa.serial),
        (Seen::Known(true), _) => "answers".to_owned(),
        (Seen::Known(false), _) => match server.rcode.known() {
            Some(rcode) => format!("does not serve the zone ({rcode})"),
            None => "nothing listens".to_owned(),
        },
        (Seen::Unseen, _) => "no answer".to_owned(),
    }
}

fn rows(out: &mut String, servers: &[ServerFacts]) {
    let mut table: Vec<[String; 8]> = vec![
        [
            "server", "UDP", "TCP", "AA", "EDNS", "0x20", "DNSSEC", "serial",
        ]
        .map(str::to_owned),
    ];
    for server in servers {
        let sound = match (
            &server.edns,
            &server.edns_version_refused,
            &server.edns_unknown_ignored,
        ) {
            (Seen::Known(true), Seen::Known(false), _)
            | (Seen::Known(true), _, Seen::Known(false)) => "faulty".to_owned(),
            (edns, _, _) => word(edns),
        };
        let dnssec = match server.dnssec.known() {
            None => "?".to_owned(),
            Some(None) => "no".to_owned(),
            Some(Some(dnssec)) => match dnssec.problems.first() {
                None => "valid".to_owned(),
                Some(problem) => problem.key.clone(),
            },
        };
        let serial = match server.soa.known() {
            Some(Some(soa)) => soa.serial.to_string(),
            _ => "?".to_owned(),
        };
        table.push([
            clean(&server.key, CELL_CHARS),
            word(&server.udp),
            word(&server.tcp),
            word(&server.authoritative),
            sound,
            word(&server.case_kept),
            clean(&dnssec, CELL_CHARS),
            serial,
        ]);
    }
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..8).map(width).collect();
    for row in &table {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line: Vec<String> = cells.collect();
        let _ = writeln!(out, "  {}", line.join("  ").trim_end());
    }
}

fn word(fact: &Seen<bool>) -> String {
    match fact {
        Seen::Known(true) => "yes",
        Seen::Known(false) => "no",
        Seen::Unseen => "?",
    }
    .to_owned()
}

/// The chain of trust, link by link.
fn chain(out: &mut String, facts: &DnsFacts, validation: &Validation, ascii: bool) {
    let mut tree: Option<Branch> = None;
    for link in validation.chain.iter().rev() {
        let mut branch = Branch::new(format!(
            "{}  {}{}",
            name(&link.zone),
            status(link.status),
            reason(link.reason.as_deref())
        ));
        if facts.zone.known().cloned().flatten().as_deref() == Some(&link.zone) {
            let ds = facts.ds.known().into_iter().flatten();
            let keys = facts.dnskey.known().into_iter().flatten();
            branch.below.extend(ds.map(|ds| {
                Branch::new(format!(
                    "DS {} {} {}",
                    ds.key_tag, ds.algorithm, ds.digest_type
                ))
            }));
            branch.below.extend(keys.map(|key| {
                let kind = if key.sep {
                    "key signing key"
                } else {
                    "zone signing key"
                };
                Branch::new(format!("DNSKEY {} {} ({kind})", key.key_tag, key.algorithm))
            }));
            branch
                .below
                .extend(validation.signatures.iter().map(|signature| {
                    Branch::new(format!(
                        "RRSIG {} by {} until {}",
                        signature.covered, signature.key_tag, signature.expiration
                    ))
                }));
        }
        branch.below.extend(tree.take());
        tree = Some(branch);
    }
    if let Some(tree) = tree {
        *out += &draw(&tree, ascii);
    }
    let at = validation.broken_at.as_deref();
    let _ = writeln!(
        out,
        "  {}{}{}",
        status(validation.status),
        reason(validation.reason.as_deref()),
        at.map(|at| format!(" at {}", clean(at, 300)))
            .unwrap_or_default()
    );
}

fn status(status: DnssecStatus) -> &'static str {
    match status {
        DnssecStatus::Secure => "secure",
        DnssecStatus::Insecure => "insecure",
        DnssecStatus::Bogus => "bogus",
    }
}

fn reason(reason: Option<&str>) -> String {
    reason
        .map(|reason| format!(": {}", clean(reason, CELL_CHARS)))
        .unwrap_or_default()
}

fn joined(list: &[HostName]) -> String {
    let all: Vec<&str> = list.iter().map(|host| host.name.as_str()).collect();
    all.join(" ")
}
