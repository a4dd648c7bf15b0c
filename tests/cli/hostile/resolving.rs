//! Name servers that stall, flood and mislead.

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType, rdata},
};
use std::{net::Ipv6Addr, sync::Arc};

use super::{
    harness::{Case, OFFICE, Trap},
    names::{A, Zone, a, always, name, records, reply, txt},
};

const DEAD: [&str; 4] = ["dns", "tls", "web", "mail"];

pub fn cases() -> Vec<Case> {
    let mut cases = blind();
    cases.extend(odd());
    cases.extend(private());
    cases
}

/// Name servers that say nothing of use: each area must say so.
fn blind() -> Vec<Case> {
    let silent: Zone = Arc::new(|_, _| Vec::new());
    let wrong_id: Zone = Arc::new(|query, _| {
        let mut reply = reply(query, ResponseCode::NoError);
        reply.metadata.id = query.metadata.id.wrapping_add(1);
        vec![reply.to_vec().unwrap()]
    });
    let truncated: Zone = Arc::new(|query, tcp| {
        let mut reply = reply(query, ResponseCode::NoError);
        reply.metadata.truncation = true;
        if tcp {
            Vec::new()
        } else {
            vec![reply.to_vec().unwrap()]
        }
    });
    let truncated_again: Zone = Arc::new(|query, _| {
        let mut reply = reply(query, ResponseCode::NoError);
        reply.metadata.truncation = true;
        vec![reply.to_vec().unwrap()]
    });
    let garbage: Zone = Arc::new(|query, _| {
        let id = query.metadata.id.to_be_bytes();
        vec![[&id[..], &[0x81, 0x80], &[0xc0; 200]].concat()]
    });
    let other_question: Zone = Arc::new(|query, _| {
        let mut reply = reply(query, ResponseCode::NoError);
        reply.queries[0].set_name(name("evil.example."));
        vec![reply.to_vec().unwrap()]
    });
    let zones: Vec<(&str, Zone, &'static [&'static str])> = vec![
        ("silent", silent, &["timeout"]),
        ("wrong ids", wrong_id, &["timeout"]),
        (
            "truncated for ever, TCP silent",
            truncated,
            &["timeout", "budget_spent"],
        ),
        (
            "truncated for ever, TCP too",
            truncated_again,
            &["malformed"],
        ),
        ("garbage", garbage, &["malformed"]),
        (
            "another question",
            other_question,
            &["timeout", "malformed"],
        ),
        ("SERVFAIL", always(ResponseCode::ServFail), &["refused"]),
        ("REFUSED", always(ResponseCode::Refused), &["refused"]),
        ("NOTIMP", always(ResponseCode::NotImp), &["refused"]),
    ];
    zones
        .into_iter()
        .flat_map(|(what, zone, reasons)| {
            let areas = if what == "silent" {
                &DEAD[..]
            } else {
                &["dns", "web"]
            };
            areas.iter().map(move |area| Case {
                zone: zone.clone(),
                reasons,
                blind: true,
                deadline: 20,
                ..Case::new(format!("DNS: {what}"), area)
            })
        })
        .collect()
}

/// Name servers that answer, and odd things.
fn odd() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, area: &'static str, zone: Zone, reasons: &'static [&'static str]| {
        cases.push(Case {
            zone,
            reasons,
            deadline: 20,
            // Odd names of servers are no fault of the zone as far as checks go.
            may_pass: area == "dns" && !what.contains("NXDOMAIN"),
            ..Case::new(format!("DNS: {what}"), area)
        });
    };
    for area in DEAD {
        add("NXDOMAIN", area, always(ResponseCode::NXDomain), &[]);
    }
    let cname_loop = records(|owner, rtype| {
        let to = if owner.starts_with("office") {
            "b.hostile.example."
        } else {
            "office.hostile.example."
        };
        (rtype != RecordType::NS).then(|| vec![RData::CNAME(rdata::CNAME(name(to)))])
    });
    let cname_endless = records(|owner, _| {
        let number: u64 = owner
            .trim_start_matches('c')
            .split('.')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let to = format!("c{}.hostile.example.", number + 1);
        Some(vec![RData::CNAME(rdata::CNAME(name(&to)))])
    });
    for area in ["web", "mail"] {
        add(
            "CNAME circle",
            area,
            cname_loop.clone(),
            &["malformed", "unresolved", "too_large"],
        );
        add(
            "CNAMEs without end",
            area,
            cname_endless.clone(),
            &["malformed", "unresolved", "too_large"],
        );
    }
    let giant = |count: u16| {
        records(move |_, rtype| {
            let many = |make: &dyn Fn(u16) -> RData| Some((0..count).map(make).collect());
            let numbered = |n: u16| name(&format!("n{n}.hostile.example."));
            match rtype {
                RecordType::TXT => {
                    many(&|n| txt(format!("v=spf1 include:n{n}.example -all").as_bytes()))
                }
                RecordType::MX => many(&|n| RData::MX(rdata::MX::new(n, numbered(n)))),
                RecordType::NS => many(&|n| RData::NS(rdata::NS(numbered(n)))),
                RecordType::CAA => many(&|n| {
                    RData::CAA(rdata::CAA::new_issue(true, Some(numbered(n)), Vec::new()))
                }),
                RecordType::A => many(&|n| a([192, 0, (n >> 8) as u8, n as u8])),
                RecordType::AAAA => many(&|n| {
                    RData::AAAA(rdata::AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n)))
                }),
                _ => None,
            }
        })
    };
    for (area, other) in [("dns", "mail"), ("web", "tls")] {
        add("answers of 64 KB", other, giant(1_900), &[]);
        add("1,000 addresses and servers", area, giant(1_000), &[]);
    }
    let evil = || {
        Name::from_labels([
            b"e\x1b[31m\x9b\0\r\n".as_slice(),
            b"\xe2\x80\xae",
            b"example",
        ])
        .unwrap()
    };
    let escapes = records(move |_, rtype| match rtype {
        RecordType::NS => Some(vec![RData::NS(rdata::NS(evil()))]),
        RecordType::MX => Some(vec![RData::MX(rdata::MX::new(1, evil()))]),
        RecordType::SOA => Some(vec![RData::SOA(rdata::SOA::new(
            evil(),
            evil(),
            1,
            2,
            3,
            4,
            5,
        ))]),
        RecordType::TXT => Some(vec![
            txt(b"v=spf1 include:\x1b[31m\xe2\x80\xae.example exp=\x07 -all"),
            txt(b"v=STSv1; id=\x1b[31m\0"),
            txt(b"v=TLSRPTv1; rua=mailto:\x1b]0;x\x07@x.example"),
            txt(b"v=DMARC1; p=\x1b[31mreject; rua=mailto:\x1b[2J@x.example"),
        ]),
        RecordType::CAA => Some(vec![RData::CAA(rdata::CAA::new_issue(
            true,
            Some(evil()),
            Vec::new(),
        ))]),
        _ => None,
    });
    let alias_escapes: Zone = Arc::new(move |query, _| {
        let mut reply = reply(query, ResponseCode::NoError);
        let owner = query.queries[0].name().clone();
        if owner.to_string().starts_with("office") {
            reply.answers.push(Record::from_rdata(
                owner,
                60,
                RData::CNAME(rdata::CNAME(evil())),
            ));
        }
        vec![reply.to_vec().unwrap()]
    });
    for area in DEAD {
        add("escapes in names and texts", area, escapes.clone(), &[]);
        add("alias with escapes", area, alias_escapes.clone(), &[]);
    }
    let includes = records(|owner, rtype| {
        let spf = |text: String| Some(vec![txt(text.as_bytes())]);
        match rtype {
            RecordType::TXT if owner.starts_with("office") => {
                spf((0..400).map(|n| format!("include:i{n}.example ")).fold("v=spf1 ".to_owned(), |all, one| all + &one) + "-all")
            }
            RecordType::TXT if owner.starts_with('i') => {
                spf("v=spf1 include:office.hostile.example include:i1.example include:i2.example a mx ptr exists:%{i}.x.example -all".to_owned())
            }
            _ => None,
        }
    });
    add("SPF includes by the hundred", "mail", includes, &[]);
    let circle = records(|_, rtype| {
        (rtype == RecordType::TXT).then(|| {
            vec![txt(
                b"v=spf1 include:office.hostile.example redirect=office.hostile.example",
            )]
        })
    });
    add("SPF includes itself", "mail", circle, &[]);
    let stranger: Zone = Arc::new(|query, _| {
        let mut reply = reply(query, ResponseCode::NoError);
        reply.answers.push(Record::from_rdata(
            name("stranger.example."),
            60,
            a([192, 0, 2, 1]),
        ));
        reply.answers.push(Record::from_rdata(
            name("stranger.example."),
            60,
            txt(b"v=spf1 -all"),
        ));
        vec![reply.to_vec().unwrap()]
    });
    for area in DEAD {
        add("answers for another name", area, stranger.clone(), &[]);
    }
    cases
}

/// A public name that leads to addresses at home, where nobody may be asked.
fn private() -> Vec<Case> {
    let trap = Trap::set();
    let zone = records(|_, rtype| match rtype {
        A => Some(vec![
            a([127, 0, 0, 1]),
            a([169, 254, 169, 254]),
            a([10, 0, 0, 1]),
            a([0, 0, 0, 0]),
        ]),
        RecordType::AAAA => Some(
            [
                "::1",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "2002:7f00:1::",
            ]
            .map(|ip| RData::AAAA(rdata::AAAA(ip.parse().unwrap())))
            .to_vec(),
        ),
        _ => None,
    });
    ["tls", "web"]
        .map(|area| Case {
            zone: zone.clone(),
            target: format!("{OFFICE}:{}", trap.port),
            reasons: &["private_address"],
            blind: true,
            trap: Some(trap.clone()),
            ..Case::new("private addresses", area)
        })
        .into()
}
