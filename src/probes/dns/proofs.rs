//! What each name server answered, as evidence for the facts about it.

use std::net::IpAddr;

use super::{
    fold::Fold,
    servers::{Asked, Reply, known},
};
use crate::{
    model::observation::{Evidence, EvidenceKind},
    net::{DnsReply, NetError, reply_text, shell_word},
};

/// Most characters of a reply as evidence.
const REPLY_CHARS: usize = 2_000;
/// Most characters of the beginning of a zone that was handed out.
const TRANSFER_CHARS: usize = 300;

impl Fold {
    /// The replies of a server, each at the facts that follow from it.
    pub(super) fn proofs(&mut self, zone: &str, asked: &Asked, at: &str) {
        let edns = if asked.plain { " +noedns" } else { " +dnssec" };
        let own = |rtype: &str, more: &str| format!("{zone} {rtype} +norec{more}");
        let tcp = format!("{edns} +tcp");
        let aaaa = if asked.aaaa.is_none() {
            "aaaa_answered"
        } else {
            ""
        };
        let odd = format!("{edns} +ednsopt=65001 +ednsflags=0x1");
        // The reply about the SOA record proves what is not proved below.
        let soa = own("SOA", edns);
        match asked.soa_reply() {
            Some(reply) => self.reply(at, &[""], asked, &soa, reply, REPLY_CHARS),
            None => self.closed(at, asked, &soa),
        }
        if let Ok(reply) = &asked.ns_tcp {
            let places: &[&str] = match asked.ns_udp {
                None => &["tcp", "ns"],
                Some(_) => &["tcp"],
            };
            self.reply(at, places, asked, &own("NS", &tcp), reply, REPLY_CHARS);
        }
        let table: [(&Reply, &[&str], String, usize); 12] = [
            (&asked.ns_udp, &["ns"], own("NS", edns), REPLY_CHARS),
            (&asked.dnskey, &["dnssec"], own("DNSKEY", edns), REPLY_CHARS),
            (&asked.cds, &["dnssec/cds"], own("CDS", edns), REPLY_CHARS),
            (
                &asked.cdnskey,
                &["dnssec/cdnskey"],
                own("CDNSKEY", edns),
                REPLY_CHARS,
            ),
            (
                &asked.version1,
                &["edns_version_refused"],
                own("SOA", " +edns=1 +noednsneg"),
                REPLY_CHARS,
            ),
            (
                &asked.mixed,
                &["case_kept", "edns_unknown_ignored", aaaa],
                own("AAAA", &odd),
                REPLY_CHARS,
            ),
            (
                &asked.aaaa,
                &["aaaa_answered"],
                own("AAAA", edns),
                REPLY_CHARS,
            ),
            (
                &asked.root,
                &["upward_referral"],
                format!(". NS +norec{edns}"),
                REPLY_CHARS,
            ),
            (
                &asked.recursion,
                &["recursive"],
                "a.root-servers.net A +rec".to_owned(),
                REPLY_CHARS,
            ),
            (
                &asked.transfer,
                &["transfers"],
                format!("{zone} AXFR"),
                TRANSFER_CHARS,
            ),
            (&asked.nsid, &["nsid"], own("SOA", " +nsid"), REPLY_CHARS),
            (
                &asked.version,
                &["version"],
                "version.bind CH TXT +norec +noedns".to_owned(),
                REPLY_CHARS,
            ),
        ];
        for (reply, places, question, chars) in table {
            if let Some(reply) = known(reply) {
                self.reply(at, places, asked, &question, reply, chars);
            }
        }
        if let Some(Ok(answer)) = &asked.ptr {
            self.prove(&format!("{at}/ptr"), answer);
        }
    }

    /// What a server of the zone above answered, at each of these places.
    pub(super) fn parent_reply(
        &mut self,
        places: &[Option<&str>],
        zone: &str,
        ip: IpAddr,
        reply: &DnsReply,
    ) {
        let (data, cut) = reply_text(reply, REPLY_CHARS);
        for place in places.iter().flatten() {
            self.evidence.push(Evidence {
                at: (*place).to_owned(),
                kind: EvidenceKind::DnsRecords,
                data: data.clone(),
                cut,
                reproduce: dig(ip, &format!("{zone} NS +norec +dnssec")),
            });
        }
    }

    fn reply(
        &mut self,
        at: &str,
        places: &[&str],
        asked: &Asked,
        question: &str,
        reply: &DnsReply,
        max_chars: usize,
    ) {
        let (data, cut) = reply_text(reply, max_chars);
        for (index, place) in places.iter().enumerate() {
            // An empty place is the server itself, and only as the first of its row.
            let at = match (index, place.is_empty()) {
                (0, true) => at.to_owned(),
                (_, true) => continue,
                (_, false) => format!("{at}/{place}"),
            };
            self.evidence.push(Evidence {
                at,
                kind: EvidenceKind::DnsRecords,
                data: data.clone(),
                cut,
                reproduce: command(asked, question),
            });
        }
    }

    /// A host that says that nothing listens.
    fn closed(&mut self, at: &str, asked: &Asked, question: &str) {
        let errors: [Option<&NetError>; 2] =
            [asked.soa.as_ref().err(), asked.ns_tcp.as_ref().err()];
        for (error, more) in errors.into_iter().zip(["", " +tcp"]) {
            let Some(error) = error.filter(|error| error.is_refused()) else {
                continue;
            };
            self.evidence.push(Evidence {
                at: at.to_owned(),
                kind: EvidenceKind::DnsRecords,
                data: format!("; {}", error.detail),
                cut: false,
                reproduce: command(asked, &format!("{question}{more}")),
            });
        }
    }
}

fn command(asked: &Asked, question: &str) -> String {
    dig(asked.ip, question)
}

fn dig(ip: IpAddr, question: &str) -> String {
    let words: Vec<String> = question.split_whitespace().map(shell_word).collect();
    format!("dig @{ip} {}", words.join(" "))
}
