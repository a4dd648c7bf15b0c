//! DMARC of the domain, by the tree walk of RFC 9989 (section 4.10).

use futures_util::future::join_all;
use std::sync::Arc;

use super::{
    DMARC_WALK_MAX,
    facts::{Dmarc, DmarcDisposition, DmarcPolicy, MailProblem, SubdomainPolicy},
    notes::Notes,
    reports,
};
use crate::{
    model::seen::Seen,
    net::{Answer, NetError, RecordType, Session},
    wire::{
        dmarc::{self, Disposition, DmarcRecord, Psd},
        text::{clean, clean_bytes},
    },
};

/// Most characters of a record.
const RECORD_CHARS: usize = 2_048;

/// What the walk found.
pub(super) struct Observed {
    pub(super) organisational_domain: Seen<String>,
    pub(super) dmarc: Seen<Dmarc>,
    pub(super) notes: Notes,
}

pub(super) async fn observe(session: &Session, domain: &str) -> Observed {
    // Whether the name exists decides between `sp` and `np`; the answer is in the cache.
    let exists = session.lookup(domain, RecordType::MX).await;
    let steps = join_all(walk_names(domain).into_iter().map(async |name| {
        let answer = session
            .lookup(&format!("_dmarc.{name}"), RecordType::TXT)
            .await;
        (name, answer)
    }))
    .await;
    let mut notes = Notes::default();
    for (name, answer) in &steps {
        // The domain's own answer first of all shows its policy; the steps above
        // it show where the walk ended.
        let at = if name == domain {
            "/mail/dmarc"
        } else {
            "/mail/organisational_domain"
        };
        if let Ok(answer) = answer {
            notes.prove(at, answer);
        }
    }
    let steps = steps
        .into_iter()
        .map(|(name, answer)| Step::read(name, answer));
    let walk = Walk {
        domain,
        steps: steps.collect(),
        exists: exists.map(|answer| answer.exists()),
    };
    let mut observed = walk.fold(notes);
    let organisational = observed.organisational_domain.known().cloned();
    if let Some(policy) = observed
        .dmarc
        .known_mut()
        .and_then(|dmarc| dmarc.effective.known_mut().and_then(Option::as_mut))
    {
        let notes = &mut observed.notes;
        policy.destinations =
            reports::observe(session, policy, organisational.as_deref(), notes).await;
    }
    observed
}

/// The policy that a name publishes itself, with one record alone.
pub(super) fn own_policy(answer: &Answer) -> Option<SubdomainPolicy> {
    let texts = answer.texts();
    let mut records = texts.iter().filter(|text| dmarc::is_record(text));
    let (Some(text), None) = (records.next(), records.next()) else {
        return None;
    };
    let record = dmarc::parse(text);
    record.applies.then(|| SubdomainPolicy {
        policy: fact(record.p.unwrap_or(Disposition::None)),
        testing: record.testing,
        record: clean_bytes(text, RECORD_CHARS),
    })
}

/// The names of the walk: the domain, then upwards, with a jump to seven
/// labels for long names, so that no more than eight are asked.
fn walk_names(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let mut names = vec![domain.to_owned()];
    let mut count = labels.len().saturating_sub(1).min(DMARC_WALK_MAX - 1);
    while count > 0 {
        names.push(last_labels(&labels, count));
        count -= 1;
    }
    names
}

fn last_labels(labels: &[&str], count: usize) -> String {
    let skip = labels.len().saturating_sub(count);
    labels
        .iter()
        .skip(skip)
        .copied()
        .collect::<Vec<_>>()
        .join(".")
}

/// One name of the walk.
struct Step {
    name: String,
    /// The record, its text, and the problems with it; `None` when the name has none.
    found: Result<Option<(DmarcRecord, String)>, NetError>,
    problems: Vec<(&'static str, String)>,
}

impl Step {
    fn read(name: String, answer: Result<Arc<Answer>, NetError>) -> Self {
        let mut problems = Vec::new();
        let found = answer.map(|answer| {
            let texts = answer.texts();
            for text in texts.iter().filter(|text| dmarc::is_near_miss(text)) {
                problems.push(("invalid_version", clean_bytes(text, 200)));
            }
            let records: Vec<_> = texts.iter().filter(|text| dmarc::is_record(text)).collect();
            match records.as_slice() {
                [record] => {
                    let text = clean_bytes(record, RECORD_CHARS);
                    let record = dmarc::parse(record);
                    problems.extend(record.problems.iter().cloned());
                    Some((record, text))
                }
                [] => None,
                several => {
                    // Several records are as none (section 4.10).
                    problems.push(("multiple_records", format!("{} records", several.len())));
                    None
                }
            }
        });
        Self {
            name,
            found,
            problems,
        }
    }

    fn record(&self) -> Option<&(DmarcRecord, String)> {
        self.found.as_ref().ok().and_then(Option::as_ref)
    }
}

/// The answers of a walk, in its order.
struct Walk<'a> {
    domain: &'a str,
    steps: Vec<Step>,
    exists: Result<bool, NetError>,
}

impl Walk<'_> {
    /// The organisational domain: marked by `psd`, else the highest name with
    /// a record, else the domain itself (section 4.10.2).
    fn organisational_domain(&self) -> Result<String, NetError> {
        let mut highest = self.domain.to_owned();
        for (index, step) in self.steps.iter().enumerate() {
            if let Err(error) = &step.found {
                return Err(error.clone());
            }
            let Some((record, _)) = step.record() else {
                continue;
            };
            match record.psd {
                Psd::No => return Ok(step.name.clone()),
                Psd::Yes if index == 0 => return Ok(step.name.clone()),
                Psd::Yes => {
                    let labels: Vec<&str> = self.domain.split('.').collect();
                    let below = step.name.split('.').count().saturating_add(1);
                    return Ok(last_labels(&labels, below));
                }
                Psd::Unknown => highest.clone_from(&step.name),
            }
        }
        Ok(highest)
    }

    /// The step whose record applies: that of the domain, else of the
    /// organisational domain, else of the public suffix above it (section 4.10.1).
    fn applying(
        &self,
        organisational: &Result<String, NetError>,
    ) -> Result<Option<&Step>, NetError> {
        let own = self.steps.first();
        match own.map(|step| &step.found) {
            Some(Ok(Some(_))) => return Ok(own),
            Some(Err(error)) => return Err(error.clone()),
            _ => {}
        }
        let organisational = organisational.as_ref().map_err(Clone::clone)?;
        let at = |name: &str| {
            self.steps
                .iter()
                .find(|step| step.name == name && step.record().is_some())
        };
        let suffix = self.steps.iter().find(|step| {
            step.record()
                .is_some_and(|(record, _)| record.psd == Psd::Yes)
        });
        Ok(at(organisational).or(suffix))
    }

    fn fold(&self, mut notes: Notes) -> Observed {
        let organisational = self.organisational_domain();
        let applying = self.applying(&organisational);
        let mut dmarc = Dmarc::default();
        let mut problems = Vec::new();
        match &applying {
            Ok(step) => {
                let own = self.steps.first();
                let relevant = [own, *step].into_iter().flatten();
                for step in relevant {
                    self.add_problems(step, &mut problems);
                }
                match step.map(|step| self.policy(step)) {
                    None => dmarc.effective = None.into(),
                    Some(Ok(policy)) => dmarc.effective = policy.into(),
                    Some(Err(error)) => notes.miss("/mail/dmarc/effective", &error),
                }
            }
            Err(error) => {
                notes.miss("/mail/dmarc/effective", error);
                notes.miss("/mail/dmarc/problems/-", error);
                if let Some(own) = self.steps.first() {
                    self.add_problems(own, &mut problems);
                }
            }
        }
        dmarc.problems = problems.into();
        let organisational_domain = match organisational {
            Ok(name) => name.into(),
            Err(error) => {
                notes.miss("/mail/organisational_domain", &error);
                Seen::Unseen
            }
        };
        Observed {
            organisational_domain,
            dmarc: dmarc.into(),
            notes,
        }
    }

    fn add_problems(&self, step: &Step, problems: &mut Vec<MailProblem>) {
        for (name, detail) in &step.problems {
            let detail = if step.name == self.domain {
                detail.clone()
            } else {
                format!("{}: {detail}", step.name)
            };
            let problem = MailProblem {
                name: (*name).to_owned(),
                detail: clean(&detail, 300),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }

    /// The policy that a record sets for the domain; `None` when receivers leave it alone.
    fn policy(&self, step: &Step) -> Result<Option<DmarcPolicy>, NetError> {
        let Some((record, text)) = step.record().filter(|(record, _)| record.applies) else {
            return Ok(None);
        };
        let p = record.p.unwrap_or(Disposition::None);
        let subdomain = record.sp.unwrap_or(p);
        let nonexistent = record.np.unwrap_or(subdomain);
        let (policy, tag) = if step.name == self.domain {
            (p, "p")
        } else {
            let of_existing = (subdomain, if record.sp.is_some() { "sp" } else { "p" });
            let of_missing = match record.np {
                Some(np) => (np, "np"),
                None => of_existing,
            };
            match &self.exists {
                Ok(true) => of_existing,
                Ok(false) => of_missing,
                Err(_) if of_existing == of_missing => of_existing,
                Err(error) => return Err(error.clone()),
            }
        };
        Ok(Some(DmarcPolicy {
            policy: fact(policy),
            subdomain_policy: fact(subdomain),
            nonexistent_policy: fact(nonexistent),
            tag: tag.to_owned(),
            from: step.name.clone(),
            testing: record.testing,
            pct: record.pct,
            rua: record.rua.clone(),
            ruf: record.ruf.clone(),
            destinations: Seen::Unseen,
            dkim_strict: record.dkim_strict,
            spf_strict: record.spf_strict,
            record: text.clone(),
        }))
    }
}

fn fact(disposition: Disposition) -> DmarcDisposition {
    match disposition {
        Disposition::None => DmarcDisposition::None,
        Disposition::Quarantine => DmarcDisposition::Quarantine,
        Disposition::Reject => DmarcDisposition::Reject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gap::GapReason;

    enum Given {
        Texts(&'static [&'static str]),
        Fails,
    }
    use Given::{Fails, Texts};

    fn walk(domain: &str, exists: bool, given: &[(&str, Given)]) -> Observed {
        let steps = walk_names(domain).into_iter().map(|name| {
            let texts: &[&str] = match given.iter().find(|(at, _)| *at == name) {
                Some((_, Fails)) => {
                    let error = NetError::new(GapReason::Timeout, "no answer");
                    return Step::read(name, Err(error));
                }
                Some((_, Texts(texts))) => texts,
                None => &[],
            };
            let answer = crate::net::test_resolver::txt_answer(&name, texts);
            Step::read(name, Ok(Arc::new(answer)))
        });
        Walk {
            domain,
            steps: steps.collect(),
            exists: Ok(exists),
        }
        .fold(Notes::default())
    }

    #[test]
    fn the_walk_asks_eight_names_at_most() {
        assert_eq!(
            walk_names("a.b.example"),
            ["a.b.example", "b.example", "example"]
        );
        let names = walk_names("a.b.c.d.e.f.g.h.i.j.mail.example.com");
        assert_eq!(names.len(), 8);
        assert_eq!(names[1], "g.h.i.j.mail.example.com");
        assert_eq!(names[7], "com");
    }

    #[test]
    fn policies_are_found_by_the_rules() {
        use DmarcDisposition::{None as Nothing, Quarantine, Reject};
        // domain, exists, records, organisational domain, (policy, tag, from)
        type Case = (
            &'static str,
            bool,
            &'static [(&'static str, Given)],
            Option<&'static str>,
            Option<(DmarcDisposition, &'static str, &'static str)>,
        );
        let cases: &[Case] = &[
            (
                "example.com",
                true,
                &[("example.com", Texts(&["v=DMARC1; p=reject"]))],
                Some("example.com"),
                Some((Reject, "p", "example.com")),
            ),
            ("example.com", true, &[], Some("example.com"), None),
            (
                "a.mail.example.com",
                true,
                &[
                    ("mail.example.com", Texts(&["v=DMARC1; p=none"])),
                    ("example.com", Texts(&["v=DMARC1; p=reject; sp=quarantine"])),
                ],
                Some("example.com"),
                Some((Quarantine, "sp", "example.com")),
            ),
            (
                "a.mail.example.com",
                false,
                &[("example.com", Texts(&["v=DMARC1; p=none; np=reject"]))],
                Some("example.com"),
                Some((Reject, "np", "example.com")),
            ),
            // psd=n stops the walk below a record.
            (
                "a.mail.example.com",
                true,
                &[
                    ("mail.example.com", Texts(&["v=DMARC1; p=reject; psd=n"])),
                    ("example.com", Texts(&["v=DMARC1; p=none"])),
                ],
                Some("mail.example.com"),
                Some((Reject, "p", "mail.example.com")),
            ),
            // Section 4.10: a public suffix marks the name below it.
            (
                "county.example",
                true,
                &[("example", Texts(&["v=DMARC1; p=reject; psd=y"]))],
                Some("county.example"),
                Some((Reject, "p", "example")),
            ),
            (
                "a.county.example",
                true,
                &[
                    ("county.example", Texts(&["v=DMARC1; p=quarantine"])),
                    ("example", Texts(&["v=DMARC1; p=reject; psd=y"])),
                ],
                Some("county.example"),
                Some((Quarantine, "p", "county.example")),
            ),
            // Unrelated text beside a record does no harm; two records are none.
            (
                "example.com",
                true,
                &[(
                    "example.com",
                    Texts(&["v=DMARC1; p=reject", "some-verification=1"]),
                )],
                Some("example.com"),
                Some((Reject, "p", "example.com")),
            ),
            (
                "example.com",
                true,
                &[(
                    "example.com",
                    Texts(&["v=DMARC1; p=reject", "v=DMARC1; p=none"]),
                )],
                Some("example.com"),
                None,
            ),
            (
                "example.com",
                true,
                &[(
                    "example.com",
                    Texts(&["v=DMARC1; rua=mailto:a@example.com"]),
                )],
                Some("example.com"),
                Some((Nothing, "p", "example.com")),
            ),
            // A failed step above leaves the own policy known.
            (
                "a.example.com",
                true,
                &[
                    ("a.example.com", Texts(&["v=DMARC1; p=reject"])),
                    ("example.com", Fails),
                ],
                None,
                Some((Reject, "p", "a.example.com")),
            ),
        ];
        for (domain, exists, given, organisational, policy) in cases {
            let seen = walk(domain, *exists, given);
            assert_eq!(
                seen.organisational_domain.known().map(String::as_str),
                *organisational,
                "{domain}"
            );
            let dmarc = seen.dmarc.known().expect("seen");
            let effective = dmarc.effective.known().expect("seen").as_ref();
            assert_eq!(
                effective.map(|found| (found.policy, found.tag.as_str(), found.from.as_str())),
                *policy,
                "{domain}"
            );
        }
    }

    #[test]
    fn a_failed_step_is_a_gap_and_not_no_record() {
        let places = |seen: &Observed| -> Vec<String> {
            seen.notes.gaps.iter().map(|gap| gap.at.clone()).collect()
        };
        let seen = walk("example.com", true, &[("example.com", Fails)]);
        assert!(seen.dmarc.known().expect("there").effective.is_unseen());
        assert!(places(&seen).contains(&"/mail/dmarc/effective".to_owned()));

        let seen = walk("a.example.com", true, &[("example.com", Fails)]);
        assert!(seen.dmarc.known().expect("there").effective.is_unseen());
        assert!(seen.organisational_domain.is_unseen());
        assert!(places(&seen).contains(&"/mail/organisational_domain".to_owned()));
    }

    #[test]
    fn problems_are_named() {
        let seen = walk(
            "example.com",
            true,
            &[("example.com", Texts(&["v=dmarc1; p=reject"]))],
        );
        let dmarc = seen.dmarc.known().expect("seen");
        assert_eq!(dmarc.effective, Seen::Known(None));
        let names: Vec<_> = dmarc
            .problems
            .known()
            .expect("seen")
            .iter()
            .map(|p| p.name.as_str())
            .collect();
        assert_eq!(names, ["invalid_version"]);
    }
}
