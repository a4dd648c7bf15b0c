//! Records, macros and evaluation. The suite of RFC 7208 is in `tests/spf`.

use proptest::prelude::*;
use std::{cell::Cell, net::IpAddr};

use super::*;
use crate::wire::spf::macros::Scope;

fn problems(text: &str) -> Vec<&'static str> {
    parse(text.as_bytes())
        .problems
        .iter()
        .map(|problem| problem.name)
        .collect()
}

#[test]
fn which_texts_are_records() {
    for (text, expected) in [
        ("v=spf1", true),
        ("v=spf1 -all", true),
        ("V=SPF1 -all", true),
        ("v=spf10 -all", false),
        ("v=spf1-all", false),
        (" v=spf1 -all", false),
        ("v=spf", false),
        ("", false),
    ] {
        assert_eq!(is_record(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn valid_terms() {
    for text in [
        "v=spf1",
        "v=spf1 -all",
        "v=spf1   ~all  ",
        "v=spf1 +mx a:colo.example.com/28 -all",
        "v=spf1 a mx mx:deferrals.example.com/24//64 a//64 -ALL",
        "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ?all",
        "v=spf1 include:_spf.example.com redirect=_spf.example.com",
        "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all",
        "v=spf1 exists:%{i}._spf.%{d2} exp=explain._spf.%{d} -all",
        "v=spf1 a:%{d1/}/24 -all",
        "v=spf1 unknown-modifier=a%{c}b moo.cow-far_out=man:dog/cat -all",
        "v=spf1 include:example.com. -all",
        "v=spf1 a:museum.xn--zckzah -all",
        "v=spf1 a:abc.123-x -all",
        "v=spf1 a:foo:bar/baz.example.com mx:foo:bar/baz.example.com/24//64 -all",
    ] {
        assert_eq!(problems(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn faults_are_named() {
    let cases: &[(&str, &[&str])] = &[
        ("v=spf1 foo -all", &["unknown_mechanism"]),
        ("v=spf1 ipv4:192.0.2.1 -all", &["unknown_mechanism"]),
        ("v=spf1 ip4:192.0.2 -all", &["syntax"]),
        ("v=spf1 ip4:192.0.2.1/33 -all", &["syntax"]),
        ("v=spf1 ip4:192.0.2.1/08 -all", &["syntax"]),
        ("v=spf1 ip4 -all", &["syntax"]),
        ("v=spf1 ip6:::1.1.1.1/0 -all", &["wide_range"]),
        ("v=spf1 ip6:2001:db8::/129 -all", &["syntax"]),
        ("v=spf1 a/33 -all", &["syntax"]),
        ("v=spf1 a//129 -all", &["syntax"]),
        ("v=spf1 a/24// -all", &["syntax"]),
        ("v=spf1 a:example.com/x -all", &["syntax"]),
        ("v=spf1 a:example.com:8080 -all", &["syntax"]),
        ("v=spf1 a: -all", &["syntax"]),
        ("v=spf1 a:example -all", &["syntax"]),
        ("v=spf1 a:example.111 -all", &["syntax"]),
        ("v=spf1 include -all", &["syntax"]),
        ("v=spf1 include: -all", &["syntax"]),
        ("v=spf1 exists:%{c}.example -all", &["syntax"]),
        ("v=spf1 exists:%{x}.example -all", &["syntax"]),
        ("v=spf1 exists:%{d0}.example -all", &["syntax"]),
        ("v=spf1 exists:%(d).example -all", &["syntax"]),
        ("v=spf1 all:example.com", &["syntax"]),
        ("v=spf1 redirect= ", &["syntax"]),
        ("v=spf1 =x -all", &["syntax"]),
        ("v=spf1 --all", &["unknown_mechanism"]),
        (
            "v=spf1 redirect=a.example redirect=b.example",
            &["duplicate_modifier"],
        ),
        (
            "v=spf1 exp=a.example exp=b.example -all",
            &["duplicate_modifier"],
        ),
        ("v=spf1 -all mx", &["terms_after_all"]),
        ("v=spf1 -all redirect=a.example", &["redirect_with_all"]),
        ("v=spf1 ptr -all", &["ptr_used"]),
        ("v=spf1 ip4:0.0.0.0/1 -all", &["wide_range"]),
        ("v=spf1 -ip4:0.0.0.0/1 -all", &[]),
        ("v=spf1 +all", &["plus_all"]),
        ("v=spf1 all", &["plus_all"]),
        (
            "v=spf1 a:f\u{f6}\u{f6}.example -all",
            &["not_ascii", "syntax"],
        ),
        ("v=spf1 -all\tmx", &["unknown_mechanism"]),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

#[test]
fn what_the_end_says() {
    for (text, all, forbids) in [
        ("v=spf1 -all", Some(Qualifier::Fail), true),
        ("v=spf1 ~all", Some(Qualifier::SoftFail), false),
        ("v=spf1 mx -all", Some(Qualifier::Fail), false),
        ("v=spf1 ?all -all", Some(Qualifier::Neutral), false),
        ("v=spf1 mx", None, false),
        ("v=spf1", None, false),
    ] {
        let record = parse(text.as_bytes());
        assert_eq!(
            (record.all(), record.forbids_all()),
            (all, forbids),
            "{text}"
        );
    }
}

#[test]
fn macros_are_expanded() {
    // RFC 7208 section 7.4.
    let client = |ip: &str| {
        let ip: IpAddr = ip.parse().expect("an address");
        Client::new(ip, "strong-bad@email.example.com", "mx.example.org")
    };
    let (v4, v6) = (client("192.0.2.3"), client("2001:db8::cb01"));
    let nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.x";
    for (text, of_domain, of_message) in [
        (
            "_spf.%{d4}.x",
            Some("_spf.email.example.com.x"),
            "_spf.email.example.com.x",
        ),
        ("%{d2}.x", Some("example.com.x"), "example.com.x"),
        ("%{d1}.x", Some("com.x"), "com.x"),
        (
            "%{dr}.x",
            Some("com.example.email.x"),
            "com.example.email.x",
        ),
        ("%{d2r}.x", Some("example.email.x"), "example.email.x"),
        (
            "%{O}.X.",
            Some("email.example.com.x"),
            "email.example.com.x",
        ),
        ("a%%b.x", Some("a%b.x"), "a%b.x"),
        ("%%{i}.x", Some("%{i}.x"), "%{i}.x"),
        ("%{l}.x", None, "strong-bad.x"),
        ("%{l-}.x", None, "strong.bad.x"),
        ("%{lr-}.x", None, "bad.strong.x"),
        ("%{l1r-}.x", None, "strong.x"),
        (
            "%{ir}.%{v}._spf.%{d2}",
            None,
            "3.2.0.192.in-addr._spf.example.com",
        ),
        ("%{s}.x", None, "strong-bad@email.example.com.x"),
        ("%{h}.x", None, "mx.example.org.x"),
    ] {
        let record = parse(format!("v=spf1 exists:{text}").as_bytes());
        let Some(Mechanism::Exists(spec)) = record.directives.first().map(|d| &d.mechanism) else {
            assert!(text.starts_with("%%{"), "{text}: {record:?}");
            continue;
        };
        let expand = |client| {
            spec.expand(Scope {
                domain: "email.example.com",
                origin: "email.example.com",
                client,
                name: None,
            })
        };
        assert_eq!(expand(None).as_deref(), of_domain, "{text}");
        assert_eq!(spec.is_fixed(), of_domain.is_some(), "{text}");
        assert_eq!(expand(Some(&v4)).as_deref(), Some(of_message), "{text}");
    }
    let record = parse(b"v=spf1 exists:%{ir}.%{v}.x");
    let Some(Mechanism::Exists(spec)) = record.directives.first().map(|d| &d.mechanism) else {
        panic!("{record:?}");
    };
    let scope = Scope {
        domain: "example.com",
        origin: "example.com",
        client: Some(&v6),
        name: None,
    };
    assert_eq!(spec.expand(scope).as_deref(), Some(nibbles));
}

/// A zone in one text: `name kind value`, a line each; `!` fails.
fn reply(zone: &str, question: &Question) -> Reply {
    let of = |word: &str| match question.kind {
        Kind::Texts => word == "TXT",
        Kind::V4 => word == "A",
        Kind::V6 => word == "AAAA",
        Kind::Exchangers => word == "MX",
        Kind::Pointers => word == "PTR",
    };
    let mut values = Vec::new();
    for line in zone.lines() {
        let mut parts = line.splitn(3, ' ');
        let (name, kind) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        if name != question.name || !of(kind) {
            continue;
        }
        match parts.next() {
            Some("!") | None => return Reply::Failed,
            Some(value) => values.push(value),
        }
    }
    match question.kind {
        Kind::Texts => Reply::Texts(values.iter().map(|text| text.as_bytes().to_vec()).collect()),
        Kind::V4 | Kind::V6 => {
            let parsed = values.iter().filter_map(|text| text.parse().ok());
            Reply::Addresses(parsed.collect())
        }
        _ => Reply::Names(values.iter().map(|&text| text.to_owned()).collect()),
    }
}

#[test]
fn what_receivers_make_of_strangers() {
    use Verdict::{Fail, Neutral, Pass, PermError, SoftFail};
    let zone = "
open.x TXT v=spf1 +all
shut.x TXT v=spf1 -all
soft.x TXT v=spf1 ip4:192.0.2.1 ~all
two.x TXT v=spf1 -all
two.x TXT v=spf1 -all
down.x TXT !
there.x A 127.0.0.2
";
    for (record, stranger) in [
        ("-all", Some(Fail)),
        ("mx ~all", Some(SoftFail)),
        ("mx", Some(Neutral)),
        ("+all", Some(Pass)),
        ("include:open.x -all", Some(Pass)),
        ("include:shut.x -all", Some(Fail)),
        ("include:soft.x ?all", Some(Neutral)),
        ("-include:open.x +all", Some(Fail)),
        ("redirect=soft.x", Some(SoftFail)),
        ("redirect=none.x", Some(PermError)),
        ("include:none.x -all", Some(PermError)),
        ("include:two.x -all", Some(PermError)),
        ("include:down.x -all", None),
        ("a:down.x -all", Some(Fail)),
        ("exists:there.x -all", Some(Pass)),
        ("exists:%{i}.there.x -all", Some(Fail)),
        ("ip4:0.0.0.0/0 -all", Some(Pass)),
        ("ip6:::/0 -all", Some(Pass)),
        ("ip4:0.0.0.0/1 -all", Some(Fail)),
        ("ptr -all", Some(Fail)),
        ("foo +all", Some(PermError)),
        ("a:n1.x a:n2.x a:n3.x -all", Some(PermError)),
        ("a:n1.x a:n2.x -all", Some(Fail)),
        ("include:here.x -all", Some(PermError)),
        ("include:%{i}.x -all", None),
    ] {
        let zone = format!("here.x TXT v=spf1 {record}\n{zone}");
        let survey = survey("here.x", &|question| reply(&zone, question));
        assert_eq!(survey.stranger, stranger, "{record}: {survey:?}");
        assert_eq!(survey.unasked, [], "{record}");
    }
    let eleven: String = (0..11)
        .map(|n| format!("ip4:192.0.2.{n} a:h{n}.x "))
        .collect();
    let hosts: String = (0..11).map(|n| format!("h{n}.x A 192.0.2.9\n")).collect();
    let zone = format!("here.x TXT v=spf1 {eleven} -all\n{hosts}");
    let over = survey("here.x", &|question| reply(&zone, question));
    assert_eq!((over.stranger, over.lookups.len()), (Some(PermError), 11));
}

#[test]
fn what_is_unknown_is_asked_side_by_side() {
    let zone = "here.x TXT v=spf1 a:h.x include:b.x mx -all\nb.x TXT v=spf1 a:c.x -all\n";
    let known: Cell<u32> = Cell::new(0);
    let mut asked: Vec<Question> = Vec::new();
    loop {
        let survey = survey("here.x", &|question| match asked.contains(question) {
            true => reply(zone, question),
            false => Reply::Unasked,
        });
        if survey.unasked.is_empty() {
            break;
        }
        known.set(known.get() + 1);
        asked.extend(survey.unasked);
    }
    assert_eq!((known.get(), asked.len()), (3, 7), "rounds, and questions");
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        is_record(&bytes);
        parse(&bytes);
    }

    #[test]
    fn any_near_record_is_read(tail in "[a-z0-9:/%{}=+~?. -]{0,120}") {
        let record = parse(format!("v=spf1 {tail}").as_bytes());
        for directive in &record.directives {
            if let Mechanism::Include(domain) | Mechanism::Exists(domain) = &directive.mechanism {
                let scope = Scope { domain: "example.org", origin: "example.org", client: None, name: None };
                domain.expand(scope);
            }
        }
    }

    #[test]
    fn any_near_record_is_evaluated(
        first in "[a-z0-9:/%{}=+~?. -]{0,120}", second in "(include:a.x|redirect=b.x|mx|ptr|exists:%\\{[slodiphv][0-9]?r?\\}.x| )*"
    ) {
        let zone = format!("a.x TXT v=spf1 {first}\nb.x TXT v=spf1 {second}\n");
        let lookup = |question: &Question| reply(&zone, question);
        survey("a.x", &lookup);
        survey("b.x", &lookup);
        let client = Client::new(IpAddr::from([192, 0, 2, 1]), "a@a.x", "b.x");
        check_host("a.x", &client, &lookup);
        check_host("b.x", &client, &lookup);
    }
}
