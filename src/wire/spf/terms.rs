//! Whether a term matches (RFC 7208 section 5).

use std::net::IpAddr;

use super::{
    client::Client,
    evaluation::{Evaluation, Place},
    macros::DomainSpec,
    question::{Fate, Kind, Reply, Verdict},
    record::{self, Directive, Mechanism, Qualifier},
    survey::End,
};

/// Most names of an exchanger list or of an address that are looked up (section 4.6.4).
const NAMES_MAX: usize = 10;

/// What a term says.
pub(super) enum Step {
    Match,
    NoMatch,
    /// The evaluation ends here, or cannot be known from here on.
    Stop(Option<Verdict>),
}

const BROKEN: Step = Step::Stop(Some(Verdict::PermError));

impl Evaluation<'_> {
    /// Whether a term matches.
    pub(super) fn term(&mut self, directive: &Directive, place: Place<'_>) -> Step {
        let mechanism = &directive.mechanism;
        match mechanism {
            Mechanism::All => return Step::Match,
            Mechanism::Ip4(network, length) => {
                return self.within(IpAddr::V4(*network), *length, directive.qualifier);
            }
            Mechanism::Ip6(network, length) => {
                return self.within(IpAddr::V6(*network), *length, directive.qualifier);
            }
            _ => {}
        }
        if self.is_full() {
            return Step::Stop(None);
        }
        let over = self.count();
        if over && self.client.is_some() {
            return BROKEN;
        }
        let term = directive.text.as_str();
        let step = match mechanism {
            Mechanism::Include(spec) => self.include(spec, directive, place),
            Mechanism::A(spec, prefixes) => {
                let (index, name) = self.begin(spec.as_ref(), term, place);
                match name {
                    Some(name) => self.host(index, &name, prefixes.v4, prefixes.v6),
                    None => Step::NoMatch,
                }
            }
            Mechanism::Mx(spec, prefixes) => {
                let (index, name) = self.begin(spec.as_ref(), term, place);
                match name {
                    Some(name) => self.exchangers(index, &name, *prefixes, term, place),
                    None => Step::NoMatch,
                }
            }
            Mechanism::Exists(spec) => self.exists(spec, directive, place),
            Mechanism::Ptr(spec) => self.pointer(spec.as_ref(), term, place),
            Mechanism::All | Mechanism::Ip4(..) | Mechanism::Ip6(..) => Step::NoMatch,
        };
        if over { BROKEN } else { step }
    }

    fn include(&mut self, spec: &DomainSpec, directive: &Directive, place: Place<'_>) -> Step {
        let outcome = self.follow(spec, &directive.text, place, "include_without_spf");
        let passes = outcome.end == End::Says(Some(Qualifier::Pass));
        if self.client.is_none() && passes && directive.qualifier == Qualifier::Pass {
            let mut way = place.way.to_vec();
            way.push(directive.text.clone());
            self.note("include_passes_all", &way, "");
        }
        match outcome.verdict {
            Some(Verdict::Pass) => Step::Match,
            Some(Verdict::Fail | Verdict::SoftFail | Verdict::Neutral) => Step::NoMatch,
            Some(Verdict::TempError) => Step::Stop(Some(Verdict::TempError)),
            Some(Verdict::None | Verdict::PermError) => BROKEN,
            None => Step::Stop(None),
        }
    }

    fn host(&mut self, index: usize, name: &str, v4: u8, v6: u8) -> Step {
        let mut replies = Vec::new();
        for kind in self.families() {
            self.put_question(index, name, kind);
            replies.push(self.ask(name, kind));
        }
        if self.settle(index, &replies) {
            return BROKEN;
        }
        self.any_within(&replies, v4, v6)
    }

    fn exchangers(
        &mut self,
        index: usize,
        name: &str,
        prefixes: record::Prefixes,
        term: &str,
        place: Place<'_>,
    ) -> Step {
        self.put_question(index, name, Kind::Exchangers);
        let reply = self.ask(name, Kind::Exchangers);
        if self.settle(index, std::slice::from_ref(&reply)) {
            return BROKEN;
        }
        let Reply::Names(names) = reply else {
            return self.lost(&reply);
        };
        if self.client.is_some() {
            for exchanger in names.iter().take(NAMES_MAX) {
                for kind in self.families() {
                    let reply = self.ask(exchanger, kind);
                    match self.any_within(&[reply], prefixes.v4, prefixes.v6) {
                        Step::NoMatch => {}
                        decided => return decided,
                    }
                }
            }
        }
        if names.len() > NAMES_MAX {
            let mut way = place.way.to_vec();
            way.push(term.to_owned());
            self.note(
                "too_many_exchangers",
                &way,
                &format!("{} names", names.len()),
            );
            return BROKEN;
        }
        Step::NoMatch
    }

    fn exists(&mut self, spec: &DomainSpec, directive: &Directive, place: Place<'_>) -> Step {
        let (index, name) = self.begin(Some(spec), &directive.text, place);
        let Some(name) = name else {
            return Step::NoMatch;
        };
        self.put_question(index, &name, Kind::V4);
        let reply = self.ask(&name, Kind::V4);
        if self.settle(index, std::slice::from_ref(&reply)) {
            return BROKEN;
        }
        match &reply {
            Reply::Addresses(addresses) if addresses.is_empty() => Step::NoMatch,
            Reply::Addresses(_) => {
                if directive.qualifier == Qualifier::Pass {
                    let mut way = place.way.to_vec();
                    way.push(directive.text.clone());
                    self.note("exists_passes_all", &way, "");
                }
                Step::Match
            }
            other => self.lost(other),
        }
    }

    fn pointer(&mut self, spec: Option<&DomainSpec>, term: &str, place: Place<'_>) -> Step {
        let (index, name) = self.begin(spec, term, place);
        let (Some(client), Some(name)) = (self.client, name) else {
            self.end(index, Fate::Reverse);
            return Step::NoMatch;
        };
        let reverse = client.reverse_name();
        self.put_question(index, &reverse, Kind::Pointers);
        let reply = self.ask(&reverse, Kind::Pointers);
        if self.settle(index, &[reply]) {
            return BROKEN;
        }
        let names = self.validated_names(client);
        match names.iter().any(|own| is_below(own, &name)) {
            true => Step::Match,
            false => Step::NoMatch,
        }
    }

    /// The names of the client's address that lead back to it (section 5.5). What
    /// DNS does not answer is left out.
    fn validated_names(&mut self, client: &Client) -> Vec<String> {
        let Reply::Names(names) = self.ask(&client.reverse_name(), Kind::Pointers) else {
            return Vec::new();
        };
        let kind = match client.ip {
            IpAddr::V4(_) => Kind::V4,
            IpAddr::V6(_) => Kind::V6,
        };
        let mut validated = Vec::new();
        for name in names.into_iter().take(NAMES_MAX) {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if let Reply::Addresses(addresses) = self.ask(&name, kind)
                && addresses.contains(&client.ip)
            {
                validated.push(name);
            }
        }
        validated
    }

    /// The name that `%{p}` stands for (section 7.3).
    pub(super) fn name_of_client(&mut self, domain: &str) -> Option<String> {
        let names = self.validated_names(self.client?);
        let best = |fits: &dyn Fn(&str) -> bool| names.iter().find(|name| fits(name)).cloned();
        best(&|name| name == domain)
            .or_else(|| best(&|name| is_below(name, domain)))
            .or_else(|| names.first().cloned())
    }

    /// The families that are looked up: the client's, or both.
    fn families(&self) -> Vec<Kind> {
        match self.client.map(|client| client.ip) {
            Some(IpAddr::V4(_)) => vec![Kind::V4],
            Some(IpAddr::V6(_)) => vec![Kind::V6],
            None => vec![Kind::V4, Kind::V6],
        }
    }

    fn within(&self, network: IpAddr, length: u8, qualifier: Qualifier) -> Step {
        let matches = match self.client {
            Some(client) => agrees(client.ip, network, length),
            // Whoever may send from everywhere is no stranger anywhere.
            None => length == 0 && qualifier == Qualifier::Pass,
        };
        if matches { Step::Match } else { Step::NoMatch }
    }

    fn any_within(&self, replies: &[Reply], v4: u8, v6: u8) -> Step {
        let Some(client) = self.client else {
            return Step::NoMatch;
        };
        for reply in replies {
            let Reply::Addresses(addresses) = reply else {
                return self.lost(reply);
            };
            let length = |ip: &IpAddr| if ip.is_ipv4() { v4 } else { v6 };
            if addresses
                .iter()
                .any(|ip| agrees(client.ip, *ip, length(ip)))
            {
                return Step::Match;
            }
        }
        Step::NoMatch
    }

    /// What follows from a question that DNS did not answer. A stranger's
    /// address is in none of the answers, whatever they are.
    fn lost(&self, reply: &Reply) -> Step {
        match (self.client, reply) {
            (Some(_), Reply::Failed) => Step::Stop(Some(Verdict::TempError)),
            (Some(_), _) => Step::Stop(None),
            (None, _) => Step::NoMatch,
        }
    }
}

/// Whether the leading bits of two addresses of one family agree.
fn agrees(one: IpAddr, other: IpAddr, length: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let shift = 32u32.saturating_sub(length.into());
            let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
            u32::from(one) & mask == u32::from(other) & mask
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let shift = 128u32.saturating_sub(length.into());
            let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
            u128::from(one) & mask == u128::from(other) & mask
        }
        _ => false,
    }
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
