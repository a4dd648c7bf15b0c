//! The zones: what resolves and what does not, and signatures that verify from the root down.

use hickory_proto::{
    dnssec::{
        Verifier,
        rdata::{DNSSECRData, RRSIG},
    },
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};

use super::{ask, exchange};
use crate::estate::Estate;

#[tokio::test]
async fn names_resolve_as_the_zones_say() {
    let estate = Estate::start().await.unwrap();
    let cases: &[(&str, RecordType, &[&str])] = &[
        ("exemplary.example.", RecordType::A, &["192.0.2.10"]),
        ("exemplary.example.", RecordType::AAAA, &["2001:db8:1::10"]),
        (
            "VOTE.exemplary.example.",
            RecordType::A,
            &["192.0.2.11", "192.0.2.12"],
        ),
        ("average.example.", RecordType::AAAA, &[]),
        (
            "average.example.",
            RecordType::MX,
            &["10 mail.average.example."],
        ),
        ("average.example.", RecordType::CAA, &[]),
        (
            "exemplary.example.",
            RecordType::NS,
            &["ns1.exemplary.example.", "ns2.exemplary.example."],
        ),
        (
            "_dmarc.average.example.",
            RecordType::TXT,
            &["v=DMARC1; p=none; rua=mailto:postmaster@average.example"],
        ),
        (
            "neglected.example.",
            RecordType::TXT,
            &[
                "v=spf1 +all",
                "v=spf1 a mx include:_spf.mailer.example ?all",
            ],
        ),
        (
            "_spf.mailer.example.",
            RecordType::TXT,
            &["v=spf1 ip4:203.0.113.64/28 -all"],
        ),
        (
            "www.neglected.example.",
            RecordType::A,
            &["203.0.113.10", "neglected.example."],
        ),
        ("average.example.", RecordType::DS, &[]),
    ];
    for (name, rtype, expected) in cases {
        let answer = ask(&estate, name, *rtype, false).await;
        let case = format!("{name} {rtype}");
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NoError,
            "{case}"
        );
        assert!(answer.metadata.recursion_available, "{case}");
        let mut seen: Vec<String> = answer.answers.iter().map(|r| r.data.to_string()).collect();
        seen.sort();
        assert_eq!(seen, *expected, "{case}");
        if expected.is_empty() {
            let soa = answer
                .authorities
                .iter()
                .any(|r| r.record_type() == RecordType::SOA);
            assert!(
                soa,
                "{case}: an empty answer must prove itself with a SOA record"
            );
        }
    }
    assert_eq!(estate.counts().queries, cases.len() as u64);
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let estate = Estate::start().await.unwrap();
    let nothing = [
        "_dmarc.neglected.example.",
        "nobody.exemplary.example.",
        "unheard.example.",
        "www.example.org.",
    ];
    for name in nothing {
        let answer = ask(&estate, name, RecordType::A, false).await;
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NXDomain,
            "{name}"
        );
    }
    // A resolver tells of the alias and of what became of its target.
    let dangling = ask(&estate, "results.neglected.example.", RecordType::A, false).await;
    assert_eq!(dangling.metadata.response_code, ResponseCode::NXDomain);
    let target = dangling.answers.first().unwrap().data.to_string();
    assert_eq!(target, "neglected-results.pages.hosting.example.");

    let mut chaos = Message::new(9, MessageType::Query, OpCode::Query);
    let mut question = Query::query(Name::from_ascii("version.bind.").unwrap(), RecordType::TXT);
    question.set_query_class(DNSClass::CH);
    chaos.add_query(question);
    let answer = exchange(&estate, &chaos).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    let transfer = ask(&estate, "exemplary.example.", RecordType::AXFR, false).await;
    assert_eq!(transfer.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn the_signed_zones_verify_from_the_root_down() {
    let estate = Estate::start().await.unwrap();
    let data = |message: &Message| -> Vec<DNSSECRData> {
        let data = message.answers.iter().map(|record| record.data.clone());
        data.filter_map(|data| match data {
            RData::DNSSEC(data) => Some(data),
            _ => None,
        })
        .collect()
    };
    for zone in [".", "example.", "exemplary.example."] {
        let name = Name::from_ascii(zone).unwrap();
        let keys = ask(&estate, zone, RecordType::DNSKEY, true).await;
        let dnskey = data(&keys)
            .into_iter()
            .find_map(|data| match data {
                DNSSECRData::DNSKEY(key) => Some(key),
                _ => None,
            })
            .unwrap();
        if zone != "." {
            let parent = ask(&estate, zone, RecordType::DS, true).await;
            let matches = data(&parent).iter().any(|data| match data {
                DNSSECRData::DS(ds) => ds.covers(&name, &dnskey).unwrap(),
                _ => false,
            });
            assert!(matches, "DS of {zone}");
        }
        let soa = ask(&estate, zone, RecordType::SOA, true).await;
        let records: Vec<&Record> = soa
            .answers
            .iter()
            .filter(|r| r.record_type() == RecordType::SOA)
            .collect();
        let signature = data(&soa)
            .into_iter()
            .find_map(|data| match data {
                DNSSECRData::RRSIG(signature) => Some::<RRSIG>(signature),
                _ => None,
            })
            .unwrap();
        dnskey
            .verify_rrsig(&name, DNSClass::IN, &signature, records.into_iter())
            .unwrap();
    }
    let denied = ask(&estate, "nobody.exemplary.example.", RecordType::A, true).await;
    let proof = |r: &&Record| r.record_type() == RecordType::NSEC3;
    assert!(denied.authorities.iter().filter(proof).count() >= 2);
}
