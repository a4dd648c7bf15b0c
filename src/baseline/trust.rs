//! From one version of a roster to the next.
//!
//! Trust begins with root keys whose fingerprint a person was told, and moves
//! one version at a time: each is signed by two of three root keys of the
//! version before and of its own, and nothing that was listed gets lost.

use jiff::{Timestamp, ToSpan};

use super::{
    document::payload_digest,
    envelope::Envelope,
    key::PublicKey,
    kind::DocumentKind,
    refusal::Refusal,
    roster::{Roster, THRESHOLD, same_fingerprint},
};

/// How far ahead of the clock a date may be, in hours.
const AHEAD_HOURS: i64 = 24;

/// A roster that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    roster: Roster,
    payload: Vec<u8>,
    digest: String,
}

impl Trust {
    /// The first roster that is trusted here, by the fingerprint of its root keys.
    ///
    /// # Errors
    /// Another fingerprint, too few signatures, a term that has ended, and
    /// everything that makes it no roster.
    pub fn first(envelope: &Envelope, told: &str, now: Timestamp) -> Result<Self, Refusal> {
        // The keys stand in the roster itself, and the fingerprint vouches for them.
        let claimed = Roster::read(&envelope.payload)?;
        let found = claimed.root_fingerprint();
        if !same_fingerprint(told, &found) {
            return Err(Refusal::Fingerprint {
                told: told.to_owned(),
                found,
            });
        }
        let keys: Vec<&PublicKey> = claimed.roots.iter().map(|root| &root.key).collect();
        let signers = envelope.signers(DocumentKind::Roster, &keys)?;
        enough(&signers, &claimed, false)?;
        not_ahead(claimed.created, now)?;
        if claimed.is_expired(now) {
            return Err(Refusal::RosterExpired(claimed.expires));
        }
        Ok(Self::of(envelope, claimed))
    }

    /// Trusts what was trusted and stored before.
    ///
    /// # Errors
    /// When it is no roster.
    pub fn stored(payload: Vec<u8>) -> Result<Self, Refusal> {
        let roster = Roster::read(&payload)?;
        Ok(Self::of(&Envelope::unsigned(payload), roster))
    }

    fn of(envelope: &Envelope, roster: Roster) -> Self {
        Self {
            roster,
            digest: payload_digest(&envelope.payload),
            payload: envelope.payload.clone(),
        }
    }

    /// The roster.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Its payload, to be stored.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Digest of its payload.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Goes on to another version, or stays at this one when it is shown again.
    /// A version whose term has ended may be passed through, and shows as expired.
    ///
    /// # Errors
    /// A refusal for each rule that the version breaks.
    pub fn advance(&self, envelope: &Envelope, now: Timestamp) -> Result<Self, Refusal> {
        if envelope.payload == self.payload {
            // The digest is the one that was trusted; signatures may have been added since.
            envelope.signers(DocumentKind::Roster, &self.keys())?;
            return Ok(self.clone());
        }
        // Nothing of the new version is read before a key that is trusted has signed it.
        let signers = envelope.signers(DocumentKind::Roster, &self.keys())?;
        let roster = Roster::read(&envelope.payload)?;
        if roster.exchange.id != self.roster.exchange.id {
            return Err(Refusal::OtherExchange {
                expected: self.roster.exchange.id.clone(),
                found: roster.exchange.id,
            });
        }
        let seen = self.roster.version;
        let found = roster.version;
        if found < seen {
            return Err(Refusal::Rollback { seen, found });
        }
        enough(&signers, &self.roster, true)?;
        if found == seen {
            return Err(Refusal::Fork(found));
        }
        if found > seen + 1 {
            return Err(Refusal::MissingVersion { seen, found });
        }
        if roster.previous.as_deref() != Some(self.digest.as_str()) {
            return Err(Refusal::PreviousDigest(seen));
        }
        let own: Vec<&PublicKey> = roster.roots.iter().map(|root| &root.key).collect();
        enough(
            &envelope.signers(DocumentKind::Roster, &own)?,
            &roster,
            false,
        )?;
        not_ahead(roster.created, now)?;
        self.recovered(&roster, &signers)?;
        self.continues(&roster)?;
        Ok(Self::of(envelope, roster))
    }

    /// Root keys, and participants' keys, which vouch for their successors.
    fn keys(&self) -> Vec<&PublicKey> {
        let roots = self.roster.roots.iter().map(|root| &root.key);
        roots.chain(self.roster.participant_keys()).collect()
    }

    /// A new key of a known participant is signed for by one that it had, or is marked.
    fn recovered(&self, next: &Roster, signers: &[&PublicKey]) -> Result<(), Refusal> {
        for (id, known) in &self.roster.participants {
            let vouched = known
                .keys
                .iter()
                .any(|key| key.ended.is_none() && signers.contains(&&key.key));
            let mut keys = next
                .participants
                .get(id)
                .into_iter()
                .flat_map(|who| &who.keys);
            let unmarked =
                keys.any(|key| !key.recovered && !known.keys.iter().any(|old| old.key == key.key));
            if unmarked && !vouched {
                return Err(Refusal::NotRecovered(id.clone()));
            }
        }
        Ok(())
    }

    /// What was listed stays, apart from ends and withdrawals.
    fn continues(&self, next: &Roster) -> Result<(), Refusal> {
        let old = &self.roster;
        let changed = |what: String| Err(Refusal::HistoryChanged(what));
        if next.created < old.created {
            return changed("it was made before the version that it follows".to_owned());
        }
        for (index, one) in old.accepted.iter().enumerate() {
            let same = next.accepted.get(index).is_some_and(|new| {
                let withdrawn = one.withdrawn.is_none() || one.withdrawn == new.withdrawn;
                withdrawn
                    && (&new.period, &new.participant, &new.payload, &new.replaces)
                        == (&one.period, &one.participant, &one.payload, &one.replaces)
            });
            if !same {
                return changed(format!("document {} is not listed as before", one.payload));
            }
        }
        for (id, who) in &old.participants {
            let keys = next.participants.get(id).map_or(&[][..], |who| &who.keys);
            for key in &who.keys {
                let stays = keys.iter().any(|new| {
                    new.key == key.key
                        && new.recovered == key.recovered
                        && (key.ended.is_none() || key.ended == new.ended)
                });
                if !stays {
                    return changed(format!("a key of participant \"{id}\" is not as before"));
                }
            }
        }
        for period in &old.exchange.calendar.periods {
            let new = next.exchange.calendar.period(&period.id);
            // Until its window opens, a period may still move or get other pins.
            if period.opens_at() <= next.created && new != Some(period) {
                return changed(format!(
                    "period {} is open or past, and not as before",
                    period.id
                ));
            }
        }
        if !old
            .withdrawn_entries
            .iter()
            .all(|one| next.withdrawn_entries.contains(one))
        {
            return changed("a withdrawn entry is back".to_owned());
        }
        Ok(())
    }
}

/// Whether enough root keys of a roster signed.
///
/// # Errors
/// [`Refusal::TooFewRoots`].
pub fn enough(signers: &[&PublicKey], roster: &Roster, old: bool) -> Result<(), Refusal> {
    let root = |key: &&&PublicKey| roster.roots.iter().any(|root| root.key == ***key);
    let signed = signers.iter().filter(root).count();
    if signed < THRESHOLD {
        return Err(Refusal::TooFewRoots { signed, old });
    }
    Ok(())
}

/// Refuses a date that is more than a day ahead of the clock.
///
/// # Errors
/// [`Refusal::Future`].
pub fn not_ahead(created: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let latest = now
        .checked_add(AHEAD_HOURS.hours())
        .unwrap_or(Timestamp::MAX);
    if created > latest {
        return Err(Refusal::Future(created));
    }
    Ok(())
}
