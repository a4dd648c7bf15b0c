//! Which groups client and server can have for an exchange, and which of them is taken:
//! elliptic curves and, where a client offers them, the finite fields of RFC 7919.

use super::{Talk, Usable};
use crate::model::gap::GapReason;
use crate::probes::tls::facts::{CipherSuite, ClientDoubtName, ClientRefusal, Group, PreferenceBy};
use crate::wire::tls::{
    Version,
    groups::{self, Kind},
};

impl<'a> Talk<'a> {
    /// Whether they have a group for the exchange.
    pub(super) fn exchange(&self, suite: &CipherSuite) -> Usable {
        let none = || match self.server.may_have_more("groups") {
            Some(because) => Usable::Maybe(because),
            None => Usable::No(ClientRefusal::NoCommonGroup),
        };
        match suite.key_exchange.as_str() {
            "ECDHE" if self.client.offer.groups.is_empty() => Usable::Maybe((
                GapReason::NotAsked,
                "the client names no group, and what the server takes then was not tried"
                    .to_owned(),
            )),
            "any" | "ECDHE" if !self.common(suite).is_empty() => Usable::Yes,
            "any" | "ECDHE" => match self.unasked(suite).is_empty() {
                true => none(),
                false => Usable::Maybe((
                    GapReason::NotAsked,
                    "the groups that the two may share were asked for in TLS 1.3 alone".to_owned(),
                )),
            },
            // RFC 7919 section 4: a server that knows these groups takes one of those
            // offered, or no such suite.
            "DHE" if self.finite_offered() && self.finite_known() => {
                match self.common(suite).is_empty() {
                    true => Usable::Maybe((
                        GapReason::NotAsked,
                        "no finite field of RFC 7919 in common".to_owned(),
                    )),
                    false => Usable::Yes,
                }
            }
            _ => Usable::Yes,
        }
    }

    fn finite_offered(&self) -> bool {
        self.client.offer.groups.iter().any(|id| is_finite(*id))
    }

    fn finite_known(&self) -> bool {
        self.server.groups(self.version).is_some_and(|entry| {
            let mut groups = entry.groups.iter().filter_map(|g| groups::by_name(&g.name));
            groups.any(|group| is_finite(group.id))
        })
    }

    /// Names of the groups of both that the exchange can use, in the server's order
    /// where it has one.
    fn common(&self, suite: &CipherSuite) -> Vec<&'a str> {
        let entry = self.server.groups(self.version);
        entry.map_or(Vec::new(), |entry| self.shared(suite, &entry.groups))
    }

    /// Those that they may have besides.
    fn unasked(&self, suite: &CipherSuite) -> Vec<&'a str> {
        let entry = self.server.groups(self.version);
        entry.map_or(Vec::new(), |entry| self.shared(suite, &entry.unasked))
    }

    fn shared(&self, suite: &CipherSuite, groups: &'a [Group]) -> Vec<&'a str> {
        let offered = &self.client.offer.groups;
        let fits = |id: u16| match suite.key_exchange.as_str() {
            "any" => true,
            "DHE" => is_finite(id),
            _ => !is_finite(id),
        };
        let groups = groups.iter().filter(|group| {
            let id = groups::by_name(&group.name).map(|group| group.id);
            id.is_some_and(|id| offered.contains(&id) && fits(id))
        });
        groups.map(|group| group.name.as_str()).collect()
    }

    /// The group that is taken, or those that are possible.
    pub(super) fn taken(
        &self,
        suite: &CipherSuite,
        doubts: &mut Vec<ClientDoubtName>,
    ) -> Vec<String> {
        if suite.key_exchange == "DHE" && !(self.finite_offered() && self.finite_known()) {
            return Vec::new();
        }
        if !matches!(suite.key_exchange.as_str(), "any" | "ECDHE" | "DHE") {
            return Vec::new();
        }
        let mut common = self.common(suite);
        let mut unasked = self.unasked(suite);
        let by = self.server.groups(self.version).and_then(|entry| entry.by);
        let open = self.server.may_have_more("groups").is_some();
        let place = |name: &&str| self.place_of_group(name);
        match by {
            // The order of finite fields was not looked at.
            _ if suite.key_exchange == "DHE" || open => {}
            Some(PreferenceBy::Client) => {
                common.sort_by_key(place);
                let first = common.first().and_then(place);
                unasked.retain(|name| place(name) < first);
                common.truncate(1);
                common.append(&mut unasked);
                return self.with_shares(common, doubts);
            }
            Some(PreferenceBy::Server | PreferenceBy::Single) if !common.is_empty() => {
                common.truncate(1);
                return self.with_shares(common, doubts);
            }
            _ => {}
        }
        common.append(&mut unasked);
        if common.len() > 1 || open {
            doubts.push(ClientDoubtName::GroupOrder);
        }
        common.into_iter().map(str::to_owned).collect()
    }

    /// Where a group stands in the client's list.
    fn place_of_group(&self, name: &str) -> Option<usize> {
        let id = groups::by_name(name)?.id;
        self.client.offer.groups.iter().position(|own| *own == id)
    }

    /// The group that would be taken without a share, and those of shares in hand which
    /// may be taken in its stead: the client's first, or the one that the server ranks
    /// highest (RFC 8446 section 4.2.8 leaves that to the server).
    fn with_shares(
        &self,
        mut taken: Vec<&'a str>,
        doubts: &mut Vec<ClientDoubtName>,
    ) -> Vec<String> {
        if taken.len() > 1 {
            doubts.push(ClientDoubtName::GroupOrder);
        }
        let entry = self.server.groups(self.version);
        let accepted = entry.map_or(&[][..], |entry| &entry.groups);
        let id_of = |name: &str| groups::by_name(name).map(|group| group.id);
        let shares = &self.client.offer.key_shares;
        let accepts = |id: u16| accepted.iter().find(|group| id_of(&group.name) == Some(id));
        let of_client = shares.iter().find_map(|id| accepts(*id));
        let of_server = accepted
            .iter()
            .filter(|_| entry.is_some_and(|entry| entry.by == Some(PreferenceBy::Server)))
            .find(|group| id_of(&group.name).is_some_and(|id| shares.contains(&id)));
        if self.version == Version::Tls13 {
            for group in of_client.into_iter().chain(of_server) {
                if !taken.contains(&group.name.as_str()) {
                    taken.push(&group.name);
                    doubts.push(ClientDoubtName::KeyShare);
                }
            }
        }
        taken.into_iter().map(str::to_owned).collect()
    }
}

fn is_finite(id: u16) -> bool {
    groups::by_id(id).is_some_and(|group| matches!(group.kind, Kind::FiniteField(_)))
}
