//! Which suites of a version the two can have, and which of them is taken. What goes with a
//! suite stands in `exchange` and `certificates`.

mod certificates;
mod exchange;

use super::Open;
use super::offer::Endpoint;
use crate::model::gap::GapReason;
use crate::probes::tls::facts::{
    Certificate, CipherSuite, ClientDoubtName, ClientRefusal, PreferenceBy,
};
use crate::wire::tls::{
    Version,
    client::Client,
    groups::{self, Kind},
    suites,
};

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
