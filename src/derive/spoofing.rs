//! Can somebody else send mail in the name of the domain? (RFC 9989 section 5)
//!
//! Receivers refuse or set aside such mail when a policy asks for it and
//! neither SPF nor DKIM of the domain passes. SPF passes for strangers where it
//! lists everybody or whole parts of the Internet, DKIM where the key is weak.

use super::{reason, typed};
use crate::model::{
    gap::{Gap, GapReason},
    level::Area,
    observation::Observation,
    seen::Seen,
    spoofing::{Spoofing, SpoofingCause, SpoofingReason},
};
use crate::probes::mail::facts::{
    DkimKey, DmarcDisposition, DmarcPolicy, MailFacts, Spf, SpfVerdict,
};

/// Longest RSA key, in bits, that was factored in public (RSA-250 has 829).
const FACTORED_BITS: u32 = 829;

/// Fills `mail.spoofing`.
pub(super) fn join(observation: &mut Observation) {
    let Some(mut mail) = typed::<MailFacts>(observation, Area::Mail) else {
        return;
    };
    let (spoofing, gaps) = Door::new(&mail, observation).look();
    mail.spoofing = spoofing.into();
    if let Ok(value) = serde_json::to_value(&mail) {
        observation.facts.insert(Area::Mail, value);
        observation.gaps.extend(gaps);
    }
}

/// What decides, as far as it was observed.
struct Door<'a> {
    mail: &'a MailFacts,
    observation: &'a Observation,
    because: Vec<SpoofingReason>,
    gaps: Vec<Gap>,
}

impl<'a> Door<'a> {
    fn new(mail: &'a MailFacts, observation: &'a Observation) -> Self {
        Self {
            mail,
            observation,
            because: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn look(mut self) -> (Spoofing, Vec<Gap>) {
        let passes = self.passes();
        let policy = self.mail.dmarc.known().map(|dmarc| &dmarc.effective);
        let (possible, subdomains, nonexistent) = match policy {
            None | Some(Seen::Unseen) => {
                let own = match passes {
                    Ok(true) => Seen::Known(true),
                    _ => self.open("possible", "/mail/dmarc/effective"),
                };
                let below = ["subdomains_possible", "nonexistent_possible"];
                let [subdomains, nonexistent] =
                    below.map(|place| self.open(place, "/mail/dmarc/effective"));
                (own, subdomains, nonexistent)
            }
            Some(Seen::Known(None)) => {
                self.because(SpoofingCause::NoDmarc, "");
                (true.into(), true.into(), true.into())
            }
            Some(Seen::Known(Some(policy))) => {
                let own = self.own(policy, passes.clone());
                let (subdomains, nonexistent) = self.below(policy, &passes);
                (own, subdomains, nonexistent)
            }
        };
        self.because.sort();
        let spoofing = Spoofing {
            possible,
            subdomains_possible: subdomains,
            nonexistent_possible: nonexistent,
            because: self.because,
        };
        (spoofing, self.gaps)
    }

    fn own(&mut self, policy: &DmarcPolicy, passes: Result<bool, String>) -> Seen<bool> {
        let record = &policy.record;
        if policy.policy == DmarcDisposition::None {
            self.because(SpoofingCause::DmarcNone, record);
            return true.into();
        }
        if !asks(policy.policy, policy.testing) {
            self.because(SpoofingCause::DmarcTesting, record);
            return true.into();
        }
        if policy.pct.is_some_and(|percent| percent < 100) {
            self.because(SpoofingCause::DmarcPartial, record);
            return true.into();
        }
        match passes {
            Ok(passes) => passes.into(),
            Err(place) => self.open("possible", &place),
        }
    }

    /// Sub-domains without a record of their own follow the record of the
    /// organisational domain, which is this one or another.
    fn below(
        &mut self,
        policy: &DmarcPolicy,
        passes: &Result<bool, String>,
    ) -> (Seen<bool>, Seen<bool>) {
        if self.mail.organisational_domain.known() != Some(&policy.from) {
            let detail = "sub-domains follow the record of the organisational domain";
            for place in ["subdomains_possible", "nonexistent_possible"] {
                self.push(place, GapReason::NotAsked, detail);
            }
            return (Seen::Unseen, Seen::Unseen);
        }
        let subdomains = !asks(policy.subdomain_policy, policy.testing);
        let nonexistent = !asks(policy.nonexistent_policy, policy.testing);
        let own = !asks(policy.policy, policy.testing);
        if subdomains && !own {
            self.because(SpoofingCause::SubdomainsNone, &policy.record);
        } else if nonexistent && !own {
            self.because(SpoofingCause::NonexistentNone, &policy.record);
        }
        let unguarded = self.unguarded();
        // What passes for the domain passes for the names below it, unless both
        // SPF and DKIM have to be of the very name.
        let strict = policy.spf_strict && policy.dkim_strict;
        let mut known = |place, nothing_asked: bool| match passes {
            _ if nothing_asked => true.into(),
            _ if strict => false.into(),
            Ok(passes) => (*passes).into(),
            Err(missing) => self.open(place, missing),
        };
        (
            known("subdomains_possible", subdomains || unguarded),
            known("nonexistent_possible", nonexistent),
        )
    }

    /// Whether a name below the domain leaves the policy for one that asks for nothing.
    fn unguarded(&mut self) -> bool {
        let mail = self.mail;
        let mut found = false;
        for below in mail.subdomains.known().into_iter().flatten() {
            if let Some(Some(own)) = below.dmarc.known()
                && !asks(own.policy, own.testing)
            {
                self.because(SpoofingCause::SubdomainUnguarded, &below.name);
                found = true;
            }
        }
        found
    }

    /// Whether SPF of a name below the domain lets strangers pass for the domain too:
    /// relaxed alignment asks for the same organisational domain alone.
    fn passes_below(&mut self) -> bool {
        let mail = self.mail;
        let policy = mail.dmarc.known().and_then(|dmarc| dmarc.effective.known());
        if policy.is_none_or(|policy| policy.as_ref().is_none_or(|policy| policy.spf_strict)) {
            return false;
        }
        let mut found = false;
        for below in mail.subdomains.known().into_iter().flatten() {
            if below.stranger.known() == Some(&Some(SpfVerdict::Pass)) {
                self.because(SpoofingCause::SubdomainOpen, &below.name);
                found = true;
            }
        }
        found
    }

    /// Whether mail of strangers passes SPF or DKIM; the place that is missing otherwise.
    fn passes(&mut self) -> Result<bool, String> {
        let below = self.passes_below();
        let spf = match self.mail.spf.known() {
            None => Err("/mail/spf".to_owned()),
            Some(None) => Ok(false),
            Some(Some(spf)) => self.spf_passes(spf),
        };
        let keys = self.mail.dkim.known().and_then(|dkim| dkim.keys.known());
        let mut weak = false;
        for key in keys.into_iter().flatten() {
            if let Some(detail) = weakness(key) {
                self.because(SpoofingCause::DkimWeak, &detail);
                weak = true;
            }
        }
        // A key that nobody knows of is no open door: its selector is not public.
        match (spf, weak || below) {
            (_, true) => Ok(true),
            (spf, false) => spf,
        }
    }

    fn spf_passes(&mut self, spf: &Spf) -> Result<bool, String> {
        let mut wide = Vec::new();
        let problems = spf.problems.known().map(Vec::as_slice);
        for problem in problems.unwrap_or_default() {
            if problem.name == "wide_range" {
                wide.push(problem.detail.clone());
            }
        }
        match spf.stranger.known() {
            Some(SpfVerdict::Pass) => {
                self.because(SpoofingCause::SpfOpen, &spf.record);
                Ok(true)
            }
            // What receivers cannot evaluate lets nobody pass.
            Some(SpfVerdict::Permerror) => Ok(false),
            Some(_) if !wide.is_empty() => {
                for term in wide {
                    self.because(SpoofingCause::SpfWide, &term);
                }
                Ok(true)
            }
            None => Err("/mail/spf/stranger".to_owned()),
            Some(_) if problems.is_none() => Err("/mail/spf/problems".to_owned()),
            Some(_) if self.has_gap("/mail/spf/problems/-") => {
                Err("/mail/spf/problems/-".to_owned())
            }
            Some(_) => Ok(false),
        }
    }

    fn because(&mut self, cause: SpoofingCause, detail: &str) {
        self.because.push(SpoofingReason {
            cause,
            detail: detail.to_owned(),
        });
    }

    fn has_gap(&self, at: &str) -> bool {
        self.observation.gaps.iter().any(|gap| gap.at == at)
    }

    fn open(&mut self, place: &str, because: &str) -> Seen<bool> {
        let reason = reason(self.observation, because);
        let detail = format!("{because} was not observed");
        self.push(place, reason, &detail);
        Seen::Unseen
    }

    fn push(&mut self, place: &str, reason: GapReason, detail: &str) {
        self.gaps.push(Gap {
            at: format!("/mail/spoofing/{place}"),
            reason,
            detail: Some(detail.to_owned()),
        });
    }
}

/// Whether receivers are asked to do something: test mode makes a policy one
/// step weaker (RFC 9989 section 4.7, `t`).
fn asks(policy: DmarcDisposition, testing: bool) -> bool {
    match policy {
        DmarcDisposition::Reject => true,
        DmarcDisposition::Quarantine => !testing,
        DmarcDisposition::None => false,
    }
}

/// The selector and size of a key whose private half strangers can compute.
fn weakness(key: &DkimKey) -> Option<String> {
    let record = key.record.known()?.as_ref()?;
    let bits = record.bits.filter(|bits| *bits <= FACTORED_BITS)?;
    let usable = record.key_type == "rsa" && !record.revoked && !record.testing;
    usable.then(|| format!("{}: {bits} bits", key.key))
}

#[cfg(test)]
mod tests;
