//! Turns the enumeration into versions, suites, their order and groups.

use std::collections::{BTreeMap, BTreeSet};

use super::enumerate::{Enumeration, Groups, VersionFacts};
use super::facts::{
    CipherSuite, Group, GroupPreference, Preference, PreferenceBy, ProtocolVersion, TlsEndpoint,
    VersionName,
};
use super::fold::Fold;
use crate::model::{gap::GapReason, observation::EvidenceKind, seen::Seen};
use crate::net::{NetError, shell_word, tls::Agreement};
use crate::wire::tls::{Version, groups, suites};

impl Fold<'_> {
    /// Versions, suites, preference and groups.
    pub(super) fn offers(&mut self, facts: &mut TlsEndpoint, agreement: Option<&Agreement>) {
        let answers = self.answers;
        let agreed_version = agreement.and_then(|a| Version::from_code(a.version));
        let mut versions: BTreeSet<VersionName> =
            agreed_version.map(VersionName::from).into_iter().collect();
        let mut found_suites: BTreeMap<VersionName, Vec<CipherSuite>> = BTreeMap::new();
        let mut found_groups: BTreeSet<u16> = agreement.and_then(|a| a.group).into_iter().collect();
        let mut preference = Vec::new();
        let mut heads = Vec::new();
        let mut suite_heads = BTreeMap::new();
        let enumerated = answers.enumeration.as_ref();
        if let Some(found) = enumerated {
            found_groups.extend(&found.groups);
            if let Some(error) = &found.groups_open {
                self.gap("/groups/-", error);
                self.gap("/group_preference/-", error);
            }
            for (version, seen) in &found.versions {
                match &seen.accepted {
                    Ok(true) => {
                        versions.insert(VersionName::from(*version));
                        heads.push((VersionName::from(*version), &seen.head));
                        for (suite, head) in &seen.heads {
                            suite_heads.insert(
                                (VersionName::from(*version), suites::name_of(*suite)),
                                head,
                            );
                        }
                    }
                    Ok(false) => {}
                    Err(error) => self.gap("/versions/-", error),
                }
                if let Some(error) = &seen.open {
                    self.gap("/suites/-", error);
                    self.gap("/preference/-", error);
                }
                if let Some(by) = seen.preference {
                    let version = VersionName::from(*version);
                    preference.push(Preference { version, by });
                } else if seen.accepted == Ok(true) && seen.open.is_none() {
                    let detail = "the order of suites could not be told";
                    self.gap(
                        "/preference/-",
                        &NetError::new(GapReason::Malformed, detail),
                    );
                }
                found_suites.insert(VersionName::from(*version), suites_of(*version, seen));
            }
            if !found.accepted_any() && agreement.is_none() {
                // Refusals alone do not say what would be accepted.
                let detail = "every offer was refused";
                let error = NetError::new(GapReason::Refused, detail);
                for list in [
                    "/versions/-",
                    "/suites/-",
                    "/groups/-",
                    "/group_preference/-",
                    "/preference/-",
                ] {
                    self.gap(list, &error);
                }
            }
        } else {
            let detail = "handshakes are enumerated from level standard on";
            let error = NetError::new(GapReason::NotAsked, detail);
            for list in [
                "/versions/-",
                "/suites/-",
                "/groups/-",
                "/group_preference",
                "/preference",
            ] {
                self.gap(list, &error);
            }
        }
        match &answers.ssl2 {
            Some(Ok(true)) => {
                versions.insert(VersionName::Ssl2);
            }
            Some(Err(error)) => self.gap("/versions/-", error),
            _ => {}
        }
        if let (Some(agreement), Some(version)) = (agreement, agreed_version) {
            let list = found_suites.entry(VersionName::from(version)).or_default();
            let name = suites::name_of(agreement.suite);
            if !list.iter().any(|suite| suite.name == name) {
                list.push(suite_facts(agreement.suite, version, None));
                let open = enumerated.and_then(|found| found.versions.get(&version));
                if open.is_some_and(|seen| seen.open.is_none()) {
                    // It agreed on what it denies when asked without a key share.
                    let detail = "answers to enumeration contradict a completed handshake";
                    let error = NetError::new(GapReason::Malformed, detail);
                    self.gap("/suites/-", &error);
                    self.gap("/groups/-", &error);
                }
            }
        }
        facts.versions = Seen::Known(
            versions
                .iter()
                .map(|name| ProtocolVersion { name: *name })
                .collect(),
        );
        let list: Vec<CipherSuite> = found_suites.into_values().flatten().collect();
        for (at, suite) in list.iter().enumerate() {
            if suite.kex_bits.is_unseen() {
                let detail = "the parameters were not sent or not readable";
                self.gap(
                    &format!("/suites/{at}/kex_bits"),
                    &NetError::new(GapReason::Malformed, detail),
                );
            }
        }
        for (at, suite) in list.iter().enumerate() {
            let modern = suite.forward_secret && suite.mode != "CBC" && suite.mode != "STREAM";
            let head = suite_heads.get(&(suite.version, suite.name.clone()));
            if let Some(head) = head.filter(|_| !modern) {
                self.prove_suite(at, head);
            }
        }
        facts.suites = Seen::Known(list);
        facts.groups = Seen::Known(found_groups.into_iter().map(group_facts).collect());
        if let Some(found) = enumerated {
            facts.group_preference = Seen::Known(group_preference(found));
            facts.preference = Seen::Known(preference);
        }
        for (name, head) in heads {
            let old = name < VersionName::Tls12;
            if let Some(at) = versions
                .iter()
                .position(|version| *version == name)
                .filter(|_| old)
            {
                self.prove_version(at, name, head);
            }
        }
    }

    fn prove_version(&mut self, at: usize, name: VersionName, head: &[u8]) {
        let option = match name {
            VersionName::Ssl2 => "-ssl2",
            VersionName::Ssl3 => "-ssl3",
            VersionName::Tls10 => "-tls1 -cipher DEFAULT@SECLEVEL=0",
            VersionName::Tls11 => "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
            VersionName::Tls12 => "-tls1_2",
            VersionName::Tls13 => "-tls1_3",
        };
        let reproduce = self.s_client(option);
        let at = format!("{}/versions/{at}", self.at);
        self.prove(at, EvidenceKind::TlsHandshake, head, reproduce);
    }

    /// OpenSSL of today leaves many old suites out, so that another tool has to show them.
    fn prove_suite(&mut self, at: usize, head: &[u8]) {
        let reproduce = format!(
            "nmap -Pn -p {} --script ssl-enum-ciphers --script-args tls.servername={} {}",
            self.answers.port,
            shell_word(&self.answers.host),
            self.answers.ip
        );
        let at = format!("{}/suites/{at}", self.at);
        self.prove(at, EvidenceKind::TlsHandshake, head, reproduce);
    }
}

fn suites_of(version: Version, seen: &VersionFacts) -> Vec<CipherSuite> {
    let mut found = seen.suites.clone();
    if !matches!(
        seen.preference,
        Some(PreferenceBy::Server | PreferenceBy::Single)
    ) {
        found.sort_by_key(|suite| suite.id);
    }
    found
        .iter()
        .map(|suite| suite_facts(suite.id, version, suite.kex_bits))
        .collect()
}

fn suite_facts(id: u16, version: Version, bits: Option<u32>) -> CipherSuite {
    let known = suites::by_id(id);
    let text = |pick: fn(&suites::Suite) -> &'static str| known.map_or("unknown", pick).to_owned();
    let key_exchange = text(|suite| suite.key_exchange);
    CipherSuite {
        name: suites::name_of(id),
        version: VersionName::from(version),
        cipher: text(|suite| suite.cipher),
        mode: text(|suite| suite.mode),
        anonymous: known.is_some_and(|suite| suite.anonymous()),
        export: known.is_some_and(|suite| suite.export),
        forward_secret: known.is_some_and(|suite| suite.forward_secret()),
        kex_bits: match (bits, key_exchange.as_str()) {
            (Some(bits), _) => Seen::Known(Some(bits)),
            (None, "DHE") => Seen::Unseen,
            (None, _) => Seen::Known(None),
        },
        key_exchange,
    }
}

/// By generation, the older one first; one without any group is left out.
fn group_preference(found: &Enumeration) -> Vec<GroupPreference> {
    let of = |version, groups: &Groups| {
        let mut unasked = groups.unasked.clone();
        unasked.sort_unstable();
        let (by, groups) = groups.decided();
        GroupPreference {
            version,
            by,
            groups: groups.into_iter().map(group_facts).collect(),
            unasked: unasked.into_iter().map(group_facts).collect(),
        }
    };
    let mut list = vec![
        of(VersionName::Tls12, &found.groups_older),
        of(VersionName::Tls13, &found.groups_tls13),
    ];
    list.retain(|entry| !entry.groups.is_empty());
    list
}

fn group_facts(id: u16) -> Group {
    Group {
        name: groups::name_of(id),
        post_quantum: groups::by_id(id).is_some_and(groups::Group::post_quantum),
    }
}
