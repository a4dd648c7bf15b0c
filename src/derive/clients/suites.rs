//! Which suites of a version the two can have, and which of them is taken.

use super::Open;
use super::offer::Endpoint;
use crate::model::gap::GapReason;
use crate::probes::tls::facts::{
    Certificate, CipherSuite, ClientDoubtName, ClientRefusal, Group, PreferenceBy, VersionName,
};
use crate::wire::tls::{
    Version,
    client::Client,
    groups::{self, Kind},
    signatures,
    suites::{self, Authentication},
};

/// Object identifier of keys that sign by RSASSA-PSS alone (RFC 4055 section 1.2).
const RSA_PSS: &str = "1.2.840.113549.1.1.10";

/// What client and server agree on.
pub(super) struct Deal {
    /// The version.
    pub(super) version: Version,
    /// The suite, or those that are possible.
    pub(super) choices: Vec<Choice>,
    /// What is open about the suite.
    pub(super) doubts: Vec<ClientDoubtName>,
}

/// A suite that may be taken, and what goes with it.
pub(super) struct Choice {
    /// IANA name.
    pub(super) suite: String,
    /// The groups that are possible; empty where none is used.
    pub(super) groups: Vec<String>,
    /// Keys of the certificates that are possible.
    pub(super) certificates: Vec<String>,
    /// Whether the exchange is ephemeral.
    pub(super) forward_secret: bool,
    /// What is open about group and certificate.
    pub(super) doubts: Vec<ClientDoubtName>,
    /// Whether the client refuses it, or why that is not known.
    pub(super) refused: Result<Option<ClientRefusal>, Open>,
}

/// What can come of a version.
pub(super) enum Possible {
    /// They agree.
    Deal(Box<Deal>),
    /// They do not.
    Refused(ClientRefusal),
}

/// Whether a server can use a suite with a client.
enum Usable {
    Yes,
    No(ClientRefusal),
    /// The facts do not tell.
    Maybe(Open),
}

/// A client, a server, and the version that they would use.
struct Talk<'a> {
    client: &'a Client,
    server: &'a Endpoint<'a>,
    version: Version,
}

/// What the two agree on in a version that both have.
pub(super) fn possible(
    client: &Client,
    server: &Endpoint<'_>,
    version: Version,
) -> Result<Possible, Open> {
    let talk = Talk {
        client,
        server,
        version,
    };
    let (walks, mut doubts) = talk.walks();
    let mut choices: Vec<Choice> = Vec::new();
    let mut sure = false;
    let mut open = None;
    let mut refusal = ClientRefusal::NoCommonSuite;
    for suite in walks.iter().flat_map(|walk| talk.first_usable(walk)) {
        match suite.1 {
            Usable::No(because) => {
                refusal = because;
                continue;
            }
            Usable::Yes => sure = true,
            Usable::Maybe(because) => open = open.or(Some(because)),
        }
        if !choices.iter().any(|known| known.suite == suite.0.name) {
            choices.push(talk.choice(suite.0));
        }
    }
    if choices.len() < 2 {
        doubts.clear();
    }
    if choices.len() > 1 && doubts.is_empty() {
        doubts.push(ClientDoubtName::SuiteOrder);
    }
    if let Some(gap) = talk.hidden_suites() {
        doubts.push(ClientDoubtName::MoreSuites);
        if !sure {
            return Err(gap);
        }
    }
    match (sure, open) {
        (true, _) => Ok(Possible::Deal(Box::new(Deal {
            version,
            choices,
            doubts,
        }))),
        (false, Some(because)) => Err(because),
        (false, None) => Ok(Possible::Refused(refusal)),
    }
}

impl<'a> Talk<'a> {
    fn offers(&self, suite: &CipherSuite) -> bool {
        self.place(suite).is_some()
    }

    /// Where a suite stands in the client's list.
    fn place(&self, suite: &CipherSuite) -> Option<usize> {
        let mut offered = self.client.offer.suites.iter();
        offered.position(|id| suites::name_of(*id) == suite.name)
    }

    /// What a server finds that goes through a list until it can use a suite.
    fn first_usable(&self, walk: &[&'a CipherSuite]) -> Vec<(&'a CipherSuite, Usable)> {
        let mut found = Vec::new();
        for suite in walk {
            let usable = self.usable(suite);
            let ends = matches!(usable, Usable::Yes);
            found.push((*suite, usable));
            if ends {
                break;
            }
        }
        found
    }

    /// The suites of both, in every order in which the server may look at them; and
    /// what is open about that order.
    fn walks(&self) -> (Vec<Vec<&'a CipherSuite>>, Vec<ClientDoubtName>) {
        let shared = self.server.suites(self.version);
        let mut shared: Vec<&CipherSuite> = shared.filter(|suite| self.offers(suite)).collect();
        match self.server.decides(self.version) {
            Some(PreferenceBy::Client) => shared.sort_by_key(|suite| self.place(suite)),
            Some(PreferenceBy::Server) => return self.with_chacha(shared),
            Some(PreferenceBy::Single) => {}
            None => {
                let alone = shared.into_iter().map(|suite| vec![suite]);
                return (alone.collect(), vec![ClientDoubtName::SuiteOrder]);
            }
        }
        (vec![shared], Vec::new())
    }

    /// The server's order, and what it yields to clients that like ChaCha20.
    fn with_chacha(
        &self,
        shared: Vec<&'a CipherSuite>,
    ) -> (Vec<Vec<&'a CipherSuite>>, Vec<ClientDoubtName>) {
        let is_chacha = |suite: &CipherSuite| suite.cipher == "CHACHA20";
        let chacha = shared.iter().position(|suite| is_chacha(suite));
        let Some(at) = chacha.filter(|at| *at > 0) else {
            return (vec![shared], Vec::new());
        };
        let mut yielded = shared.clone();
        yielded.sort_by_key(|suite| !is_chacha(suite));
        let mut as_client = yielded.clone();
        as_client.sort_by_key(|suite| (!is_chacha(suite), self.place(suite)));
        // What nobody registered, servers leave out before they look.
        let mut offered = self.client.offer.suites.iter();
        let first = offered.find_map(|id| suites::by_id(*id));
        let first_is_chacha = first.is_some_and(|suite| suite.cipher == "CHACHA20");
        let top = shared.first().and_then(|suite| self.place(suite));
        let likes_it = shared.get(at).and_then(|suite| self.place(suite)) < top;
        let doubt = vec![ClientDoubtName::ChachaPriority];
        match self.server.facts.chacha_priority.known() {
            Some(Some(true)) if first_is_chacha => (vec![yielded, as_client], doubt),
            // Whether it yields to this client was not seen.
            Some(Some(true)) | None if likes_it => (vec![shared, yielded, as_client], doubt),
            _ => (vec![shared], Vec::new()),
        }
    }

    /// Why the server may have suites of the client's that were not seen.
    fn hidden_suites(&self) -> Option<Open> {
        let gap = self.server.may_have_more("suites")?;
        let mut offered = self.client.offer.suites.iter();
        let unseen = offered.any(|id| {
            let legal = suites::by_id(*id).is_some_and(|suite| suite.legal_in(self.version));
            let name = suites::name_of(*id);
            legal
                && !self
                    .server
                    .suites(self.version)
                    .any(|suite| suite.name == name)
        });
        unseen.then_some(gap)
    }

    fn usable(&self, suite: &CipherSuite) -> Usable {
        match self.exchange(suite) {
            Usable::No(because) => Usable::No(because),
            exchange => match (exchange, self.signature(suite)) {
                (_, Usable::No(because)) => Usable::No(because),
                (Usable::Maybe(because), _) | (_, Usable::Maybe(because)) => Usable::Maybe(because),
                _ => Usable::Yes,
            },
        }
    }

    /// Whether they have a group for the exchange.
    fn exchange(&self, suite: &CipherSuite) -> Usable {
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

    /// Whether the server can prove itself in a way that the client understands.
    fn signature(&self, suite: &CipherSuite) -> Usable {
        let tls13 = self.version == Version::Tls13;
        let authentication = suites::by_name(&suite.name).map(|suite| suite.authentication);
        let signs = tls13 || matches!(suite.key_exchange.as_str(), "ECDHE" | "DHE");
        let of_kind = self.of_kind(suite);
        let on_curve = matches!(authentication, Some(Authentication::Ecdsa));
        if !tls13 && on_curve && !self.takes_curve(&of_kind) {
            return Usable::Maybe((
                GapReason::NotAsked,
                "the client does not name the curve of the certificate's key".to_owned(),
            ));
        }
        let anonymous = authentication == Some(Authentication::Anonymous);
        if anonymous || !signs || self.version < Version::Tls12 {
            return Usable::Yes;
        }
        if of_kind.iter().any(|certificate| self.signs(certificate)) {
            return Usable::Yes;
        }
        let open = self.server.may_have_more("signature_algorithms");
        match open.or_else(|| self.server.may_have_more("certificates")) {
            Some(because) => Usable::Maybe(because),
            // Also where a server signs all the same: the client then breaks off.
            None => Usable::No(ClientRefusal::NoUsableCertificate),
        }
    }

    /// Whether the client names the curve of the key, or none at all.
    fn takes_curve(&self, certificates: &[&Certificate]) -> bool {
        let offered = &self.client.offer.groups;
        certificates.iter().any(|certificate| {
            let curve = certificate.public_key.curve.as_deref();
            let id = curve.and_then(groups::by_name).map(|group| group.id);
            id.is_none_or(|id| offered.contains(&id))
        })
    }

    /// The certificates that the server can show with a suite, and sign with so that
    /// the client understands.
    fn certificates(&self, suite: &CipherSuite) -> Vec<&'a Certificate> {
        let signs = self.version >= Version::Tls12 && suite.key_exchange != "RSA";
        let mut found = self.of_kind(suite);
        found.retain(|certificate| !signs || self.signs(certificate));
        found
    }

    /// The certificates with a key of the kind that a suite needs.
    fn of_kind(&self, suite: &CipherSuite) -> Vec<&'a Certificate> {
        let all = self.server.facts.certificates.known();
        let authentication = suites::by_name(&suite.name).map(|suite| suite.authentication);
        let fits = |certificate: &&Certificate| {
            let algorithm = certificate.public_key.algorithm.as_str();
            match authentication {
                Some(Authentication::Rsa) => matches!(algorithm, "rsa" | RSA_PSS),
                Some(Authentication::Ecdsa) => matches!(algorithm, "ecdsa" | "ed25519" | "ed448"),
                Some(Authentication::Dss) => algorithm == "dsa",
                Some(Authentication::Any) => true,
                _ => false,
            }
        };
        all.into_iter().flatten().filter(fits).collect()
    }

    /// Whether the server signs with this key by a scheme that the client offers.
    fn signs(&self, certificate: &Certificate) -> bool {
        let key = &certificate.public_key;
        let version = VersionName::from(self.version);
        let seen = self.server.facts.signature_algorithms.known();
        let mut seen = seen
            .into_iter()
            .flatten()
            .filter(|scheme| scheme.version == version);
        seen.any(|scheme| {
            let name = scheme.name.as_str();
            let mut offered = self.client.offer.signature_schemes.iter();
            let offered = match self.client.offer.signature_schemes.is_empty() {
                // RFC 5246 section 7.4.1.4.1: what a client means that says nothing.
                true => matches!(name, "rsa_pkcs1_sha1" | "ecdsa_sha1" | "dsa_sha1"),
                false => offered.any(|id| signatures::name_of(*id) == name),
            };
            offered && fits(name, &key.algorithm, key.curve.as_deref(), self.version)
        })
    }

    fn choice(&self, suite: &CipherSuite) -> Choice {
        let mut doubts = Vec::new();
        let groups = self.taken(suite, &mut doubts);
        let certificates = self.certificates(suite);
        if certificates.len() > 1 || self.server.may_have_more("certificates").is_some() {
            doubts.push(ClientDoubtName::CertificateChoice);
        }
        let refused = self.refuses(suite, &groups, &certificates);
        let keys = certificates
            .iter()
            .map(|certificate| certificate.key.clone());
        Choice {
            suite: suite.name.clone(),
            certificates: keys.collect(),
            forward_secret: suite.forward_secret,
            groups,
            doubts,
            refused,
        }
    }

    /// The group that is taken, or those that are possible.
    fn taken(&self, suite: &CipherSuite, doubts: &mut Vec<ClientDoubtName>) -> Vec<String> {
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

    /// Whether the client refuses the size of a key.
    fn refuses(
        &self,
        suite: &CipherSuite,
        groups: &[String],
        certificates: &[&Certificate],
    ) -> Result<Option<ClientRefusal>, Open> {
        let limits = &self.client.limits;
        if suite.key_exchange == "DHE" {
            let named = groups.iter().filter_map(|name| groups::by_name(name));
            let sizes: Vec<u32> = named
                .filter_map(|group| match group.kind {
                    Kind::FiniteField(bits) => Some(bits),
                    _ => None,
                })
                .collect();
            let least = match (sizes.iter().min(), suite.kex_bits.known()) {
                (Some(least), _) => *least,
                (None, Some(Some(bits))) => *bits,
                _ => return Err(self.server.why("suites")),
            };
            let most = sizes.iter().max().copied().unwrap_or(least);
            // What browsers refused after Logjam is below 1,024 bits; what is known of no
            // client's upper bound is below 2,048.
            if least < limits.min_dh_bits.unwrap_or(0) {
                return Ok(Some(ClientRefusal::FiniteFieldTooSmall));
            }
            if limits.max_dh_bits.is_some_and(|bound| most > bound) {
                return Ok(Some(ClientRefusal::FiniteFieldTooLarge));
            }
            if limits.min_dh_bits.is_none() && least < 2_048 {
                let detail = format!(
                    "whether the client accepts a finite field of {least} bits is not known"
                );
                return Err((GapReason::NotAsked, detail));
            }
        }
        let Some(bound) = limits.min_rsa_bits else {
            return Ok(None);
        };
        let short = |certificate: &&Certificate| {
            let key = &certificate.public_key;
            key.algorithm.starts_with("rsa") && key.bits.is_some_and(|bits| bits < bound)
        };
        match certificates.iter().filter(|one| short(one)).count() {
            0 => Ok(None),
            all if all == certificates.len() => Ok(Some(ClientRefusal::CertificateKeyTooSmall)),
            _ => Err((
                GapReason::NotAsked,
                "the client accepts only some of the certificates".to_owned(),
            )),
        }
    }
}

fn is_finite(id: u16) -> bool {
    groups::by_id(id).is_some_and(|group| matches!(group.kind, Kind::FiniteField(_)))
}

/// Whether a scheme is one for a key (RFC 8446 section 4.2.3; in TLS 1.3 a scheme
/// with ECDSA names the curve too).
fn fits(scheme: &str, algorithm: &str, curve: Option<&str>, version: Version) -> bool {
    let tls13 = version == Version::Tls13;
    match algorithm {
        "rsa" => scheme.starts_with("rsa_pss_rsae") || (!tls13 && scheme.starts_with("rsa_pkcs1")),
        RSA_PSS => scheme.starts_with("rsa_pss_pss"),
        "ecdsa" if tls13 => curve.is_none_or(|curve| scheme.contains(curve)),
        "ecdsa" => scheme.starts_with("ecdsa_"),
        "dsa" => scheme.starts_with("dsa_"),
        other => scheme == other,
    }
}
