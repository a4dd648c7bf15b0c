//! Drafts the next version of a roster. Nothing here is signed.

use jiff::Timestamp;

use super::{
    Accepted, Ended, Exchange, Participant, ParticipantKey, ROSTER_SCHEMA, Refusal, Root, Roster,
    WithdrawnEntry, term_end,
};
use crate::baseline::{
    document::{Predicate, payload_digest},
    key::PublicKey,
    verify::Verified,
};

impl Roster {
    /// The first version, with no participants.
    ///
    /// # Errors
    /// When the root keys or the exchange break a rule.
    pub fn found(exchange: Exchange, roots: Vec<Root>, now: Timestamp) -> Result<Self, Refusal> {
        let now = whole_seconds(now);
        let roster = Self {
            schema: ROSTER_SCHEMA.to_owned(),
            version: 1,
            previous: None,
            created: now,
            expires: term_end(now),
            roots,
            exchange,
            participants: Default::default(),
            accepted: Vec::new(),
            withdrawn_entries: Vec::new(),
        };
        roster.check_rules()?;
        Ok(roster)
    }

    /// A draft of the version after this one, still the same but for its term.
    ///
    /// # Errors
    /// When this version has no canonical form.
    pub fn next(&self, now: Timestamp) -> Result<Self, Refusal> {
        let created = whole_seconds(now);
        Ok(Self {
            version: self.version + 1,
            previous: Some(payload_digest(&self.payload()?)),
            created,
            expires: term_end(created),
            ..self.clone()
        })
    }

    /// Adds a participant, or a key to one. `recovered` says that no earlier key
    /// of that participant is going to sign this version.
    ///
    /// # Errors
    /// When the key stands in the roster already, or a new participant has no name.
    pub fn add_key(
        &mut self,
        id: &str,
        name: Option<&str>,
        key: PublicKey,
        recovered: bool,
    ) -> Result<(), Refusal> {
        self.not_listed(&key)?;
        let key = ParticipantKey {
            simulated: key.is_simulated(),
            key,
            ended: None,
            recovered,
        };
        match (self.participants.get_mut(id), name) {
            (Some(who), name) => {
                if let Some(name) = name {
                    name.clone_into(&mut who.name);
                }
                who.keys.push(key);
            }
            (None, Some(name)) => {
                let who = Participant {
                    name: name.to_owned(),
                    keys: vec![ParticipantKey {
                        recovered: false,
                        ..key
                    }],
                };
                self.participants.insert(id.to_owned(), who);
            }
            (None, None) => return Err(Refusal::UnknownParticipant(id.to_owned())),
        }
        self.check_rules()
    }

    /// Puts a root key in the place of another.
    ///
    /// # Errors
    /// When the old one is no root key, or the new one stands in the roster already.
    pub fn replace_root(&mut self, old: &str, new: Root) -> Result<(), Refusal> {
        self.not_listed(&new.key)?;
        let place = self
            .roots
            .iter_mut()
            .find(|root| root.key.fingerprint() == old)
            .ok_or_else(|| Refusal::Roots(format!("{old} is not one of them")))?;
        *place = new;
        self.check_rules()
    }

    fn not_listed(&self, key: &PublicKey) -> Result<(), Refusal> {
        let keys = self.roots.iter().map(|root| &root.key);
        if keys
            .chain(self.participant_keys())
            .any(|known| known.identity() == key.identity())
        {
            let why = format!("key {} stands in it already", key.fingerprint());
            return Err(Refusal::Content(why));
        }
        Ok(())
    }

    /// Ends a key of a participant.
    ///
    /// # Errors
    /// When there is no such key, or it has ended.
    pub fn end_key(&mut self, fingerprint: &str, reason: &str) -> Result<String, Refusal> {
        let at = self.created;
        for (id, who) in &mut self.participants {
            let key = who
                .keys
                .iter_mut()
                .find(|key| key.key.fingerprint() == fingerprint);
            if let Some(key) = key {
                if key.ended.is_some() {
                    return Err(Refusal::Content(format!(
                        "key {fingerprint} has ended already"
                    )));
                }
                key.ended = Some(Ended {
                    at,
                    reason: reason.to_owned(),
                });
                let id = id.clone();
                self.check_rules()?;
                return Ok(id);
            }
        }
        Err(Refusal::UnknownKey(fingerprint.to_owned()))
    }

    /// Lists a document that was verified as a candidate.
    ///
    /// # Errors
    /// When the list would break a rule.
    pub fn accept<P: Predicate>(
        &mut self,
        verified: &Verified<P>,
        participant: Option<&str>,
    ) -> Result<(), Refusal> {
        let head = verified.statement.predicate.head();
        self.accepted.push(Accepted {
            period: head.period.to_owned(),
            participant: participant.map(str::to_owned),
            payload: verified.digest.clone(),
            replaces: head.replaces.map(str::to_owned),
            withdrawn: None,
        });
        self.check_rules()
    }

    /// Withdraws a listed document.
    ///
    /// # Errors
    /// When it is not listed, or withdrawn already.
    pub fn withdraw(&mut self, payload: &str, reason: &str) -> Result<(), Refusal> {
        let entry = self.accepted.iter_mut().find(|one| one.payload == payload);
        match entry {
            Some(entry) if entry.withdrawn.is_none() => entry.withdrawn = Some(reason.to_owned()),
            Some(_) => {
                return Err(Refusal::Content(format!("{payload} is withdrawn already")));
            }
            None => return Err(Refusal::Content(format!("{payload} is not listed"))),
        }
        self.check_rules()
    }

    /// Withdraws a broken entry of the profile.
    ///
    /// # Errors
    /// When it is no digest, or withdrawn already.
    pub fn withdraw_entry(&mut self, entry: &str, reason: &str) -> Result<(), Refusal> {
        self.withdrawn_entries.push(WithdrawnEntry {
            entry: entry.to_owned(),
            reason: reason.to_owned(),
        });
        self.check_rules()
    }

    /// Takes over what participants agreed on since.
    ///
    /// # Errors
    /// When it belongs to another exchange or breaks a rule.
    pub fn agree(&mut self, exchange: Exchange) -> Result<(), Refusal> {
        if exchange.id != self.exchange.id {
            return Err(Refusal::OtherExchange {
                expected: self.exchange.id.clone(),
                found: exchange.id,
            });
        }
        self.exchange = exchange;
        self.check_rules()
    }
}

/// Documents tell whole seconds.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
