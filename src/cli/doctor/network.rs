//! Resolver, ways out, and the clock against what the network says of the time.

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::rr::RData;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use url::Url;

use super::{DoctorArgs, Finding};
use crate::content::{Content, target_name::parse_target};
use crate::model::{
    level::Level,
    target::{Role, Target},
};
use crate::net::{
    Answer, Family, HttpRequest, Limits, Net, NetConfig, NetError, RecordType, Scope, Session,
    StopSignal, local_address,
};

/// How long all questions together may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// How far the clock may be from that of a website before it matters.
const DRIFT: SignedDuration = SignedDuration::from_mins(5);

/// Looks at the network.
///
/// # Errors
/// When the name to ask is none, or the program cannot start its tasks.
pub(super) fn look(args: &DoctorArgs, content: &Content) -> Result<Vec<Finding>, String> {
    let asked = args.ask.as_deref().map(parse_target).transpose();
    let asked = asked.map_err(|error| error.to_string())?;
    let now = Timestamp::now();
    let mut findings = Vec::new();
    let config = NetConfig {
        resolver: args.resolver,
        limits: Limits {
            dns_retries: 1,
            connect_timeout: Duration::from_secs(3),
            ..Limits::default()
        },
        ..NetConfig::default()
    };
    let mut signed = None;
    match Net::new(config) {
        Err(error) => findings.push(Finding::broken(
            "resolver",
            error.detail,
            "name a resolver with --resolver ADDR, here and for scans",
        )),
        Ok(net) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| format!("cannot start: {error}"))?;
            let target = asked.unwrap_or_else(root);
            let session = session(&net, &target);
            runtime.block_on(async {
                let (found, times) = ask_resolver(&net, &session).await;
                findings.extend(found);
                signed = times;
                if args.ask.is_some() {
                    findings.push(ask_website(&session, &target).await);
                }
            });
            runtime.shutdown_background();
        }
    }
    findings.extend([Family::V4, Family::V6].map(way_out));
    findings.push(clock(now, signed, newest(content)));
    Ok(findings)
}

fn root() -> Target {
    Target {
        name: ".".to_owned(),
        port: None,
        roles: BTreeSet::from([Role::DnsZone]),
        paths: Vec::new(),
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: crate::model::target::Pins::default(),
        source: None,
    }
}

fn session(net: &Net, target: &Target) -> Session {
    let scope = Scope::new(Level::Passive, [target.name.as_str()], [] as [&str; 0]);
    net.session(target, scope, DEADLINE, StopSignal::never())
}

/// When signatures over the keys of the root hold, in seconds since 1970.
type Times = (u32, u32);

/// The keys of the root need EDNS, DNSSEC records and, mostly, TCP.
async fn ask_resolver(net: &Net, session: &Session) -> (Vec<Finding>, Option<Times>) {
    let name = net.resolver();
    let keys = session.lookup(".", RecordType::DNSKEY).await;
    let small = match &keys {
        Ok(_) => None,
        Err(_) => Some(session.lookup(".", RecordType::SOA).await),
    };
    let times = keys.as_ref().ok().and_then(times);
    let answers = Finding::ok("resolver", format!("{name} answers"));
    let findings = match (keys, small) {
        (Ok(answer), _) if answer.signatures.is_empty() => vec![
            answers,
            Finding::warning(
                "dnssec",
                format!("{name} leaves out DNSSEC signatures"),
                "chains of DNSSEC will stay open in scans: use a resolver that passes them on",
            ),
        ],
        (Ok(answer), _) => {
            let validates = match answer.authenticated {
                true => "validates and passes signatures on",
                false => "passes signatures on",
            };
            vec![
                answers,
                Finding::ok("dnssec", format!("{name} {validates}")),
            ]
        }
        (Err(_), Some(Ok(_))) => vec![Finding::warning(
            "resolver",
            format!("{name} answers, but not with large or signed answers"),
            "let UDP answers of 1232 bytes and TCP to port 53 of the resolver through",
        )],
        (Err(error), _) => vec![silent(&name, &error)],
    };
    (findings, times)
}

fn silent(name: &str, error: &NetError) -> Finding {
    Finding::broken(
        "resolver",
        format!("{name} does not answer: {}", error.detail),
        "without a network this is all one can expect. With one, name a resolver that answers: --resolver ADDR",
    )
}

/// The time in which all signatures hold.
fn times(answer: &Arc<Answer>) -> Option<Times> {
    let signatures = answer
        .signatures
        .iter()
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) => {
                let input = signature.input();
                Some((input.sig_inception.get(), input.sig_expiration.get()))
            }
            _ => None,
        });
    signatures.reduce(|(from, until), (later, sooner)| (from.max(later), until.min(sooner)))
}

fn way_out(family: Family) -> Finding {
    let (what, name) = match family {
        Family::V4 => ("ipv4", "IPv4"),
        Family::V6 => ("ipv6", "IPv6"),
    };
    match local_address(family) {
        Some(_) => Finding::ok(what, format!("there is a route to the {name} Internet")),
        None => Finding::warning(
            what,
            format!("there is no route to the {name} Internet"),
            format!(
                "what targets do over {name} will stay open; scan from a network that has {name}"
            ),
        ),
    }
}

/// The newest date among the guidelines that the program carries: it cannot be earlier now.
fn newest(content: &Content) -> Option<jiff::civil::Date> {
    let dates = content.profiles.values().filter_map(|loaded| {
        let source = loaded.profile.source.as_ref()?;
        source.date.as_deref()?.parse().ok()
    });
    dates.max()
}

fn clock(now: Timestamp, signed: Option<Times>, newest: Option<jiff::civil::Date>) -> Finding {
    let advice = "set the clock (timedatectl set-ntp true): certificates, waivers and signatures are judged by it";
    let shown = now.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let seconds = now.as_second();
    if let Some((from, until)) = signed {
        return match (i64::from(from)..=i64::from(until)).contains(&seconds) {
            true => Finding::ok(
                "clock",
                format!("{shown}, within the signatures of the DNS root"),
            ),
            false => Finding::warning(
                "clock",
                format!(
                    "{shown} is outside the time in which today's signatures of the DNS root hold"
                ),
                advice,
            ),
        };
    }
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    match newest {
        Some(newest) if today < newest => Finding::warning(
            "clock",
            format!("{shown} is before the newest guideline of this program, {newest}"),
            advice,
        ),
        _ => Finding::ok("clock", format!("{shown}; nothing to compare it with")),
    }
}

/// Asks a website of the user, and compares its clock with ours.
async fn ask_website(session: &Session, target: &Target) -> Finding {
    let name = target.key();
    let unreached = |why: &str| {
        Finding::warning(
            "website",
            format!("{name}: {why}"),
            "look at firewalls and proxies between here and there: scans connect directly, not through a proxy",
        )
    };
    let addresses = match session.addresses(&target.name).await {
        Ok(addresses) => addresses,
        Err(error) => return unreached(&error.detail),
    };
    let Ok(url) = Url::parse(&format!("https://{name}/")) else {
        return unreached("is no name of a website");
    };
    let mut last = "has no address".to_owned();
    for address in &addresses.addresses {
        let request = HttpRequest::new(url.clone(), address.ip);
        match session.get(&request).await {
            Ok(response) => {
                let date = response.first("date", 40).unwrap_or_default();
                return drift(&name, &date, Timestamp::now());
            }
            Err(error) => last = error.detail,
        }
    }
    unreached(&last)
}

fn drift(name: &str, date: &str, now: Timestamp) -> Finding {
    let Ok(theirs) = rfc2822::parse(date) else {
        return Finding::ok("website", format!("{name} answers, without a date"));
    };
    let apart = theirs.timestamp().duration_since(now).abs();
    match apart > DRIFT {
        false => Finding::ok("website", format!("{name} answers, and its clock agrees")),
        true => Finding::warning(
            "website",
            format!("{name} answers, but says that it is {}", theirs.timestamp()),
            "one of the two clocks is wrong: compare with a third",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_clock_is_held_against_signatures_or_else_the_newest_guideline() {
        let now = at("2026-11-23T00:00:00Z");
        let seconds = u32::try_from(now.as_second()).unwrap();
        let newest = Some(jiff::civil::date(2026, 3, 1));
        for (now, signed, expected) in [
            (now, Some((seconds - 10, seconds + 10)), State::Ok),
            (now, Some((seconds + 10, seconds + 20)), State::Warning),
            (now, Some((seconds - 20, seconds - 10)), State::Warning),
            (now, None, State::Ok),
            (at("2020-01-01T00:00:00Z"), None, State::Warning),
        ] {
            assert_eq!(
                clock(now, signed, newest).state,
                expected,
                "{now} {signed:?}"
            );
        }
    }

    #[test]
    fn a_website_that_lives_in_another_time_is_told() {
        let now = at("2026-11-23T00:00:00Z");
        let date = |text| drift("vote.example", text, now).state;
        assert_eq!(date("Mon, 23 Nov 2026 00:04:00 GMT"), State::Ok);
        assert_eq!(date("Mon, 23 Nov 2026 00:06:00 GMT"), State::Warning);
        assert_eq!(date("yesterday"), State::Ok);
    }
}
