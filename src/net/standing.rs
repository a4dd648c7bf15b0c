//! Whether a name to which a record points is there, and if not, whether its domain
//! is registered at all.
//!
//! A resolver's NXDOMAIN carries the SOA record of the zone that says so (RFC 2308
//! section 2.1). That of a zone above the registrable domain is the parent's own word
//! that the domain is not delegated.

use futures_util::future::join_all;
use psl::Type;
use std::sync::Arc;

use super::{RecordType, session::Session};
use super::{answer::Answer, error::NetError, present::name_text, present::parse_name};
use crate::model::{
    gap::{Gap, GapReason},
    observation::Evidence,
    seen::Seen,
    standing::Standing,
};

/// How a name stands, with the answers that show it.
#[derive(Clone, Debug)]
pub struct Stands {
    /// How it stands.
    pub standing: Standing,
    /// The answers that show it, the deciding one last.
    pub answers: Vec<Arc<Answer>>,
}

impl Stands {
    /// The fact of a name that a record at `at` leads to. Notes what proves that the name is
    /// not there, or the gap.
    pub fn fact(
        stands: &Result<Self, NetError>,
        at: &str,
        gaps: &mut Vec<Gap>,
        evidence: &mut Vec<Evidence>,
    ) -> Seen<Standing> {
        match stands {
            Ok(stands) => {
                if stands.standing != Standing::Resolves {
                    evidence.extend(stands.answers.iter().map(|answer| answer.evidence(at)));
                }
                stands.standing.into()
            }
            Err(error) => {
                gaps.push(error.gap(at));
                Seen::Unseen
            }
        }
    }
}

impl Session {
    /// How a name stands, asked for records of these types. One more question is asked
    /// where the name does not exist.
    ///
    /// # Errors
    /// As [`Session::lookup`], when what was answered does not decide.
    pub async fn standing(&self, name: &str, types: &[RecordType]) -> Result<Stands, NetError> {
        let asked = join_all(types.iter().map(|rtype| self.lookup(name, *rtype))).await;
        self.standing_of(&asked).await
    }

    /// As [`Session::standing`], where the look-ups were made before.
    ///
    /// # Errors
    /// As [`Session::lookup`], when what was answered does not decide.
    pub async fn standing_of(
        &self,
        asked: &[Result<Arc<Answer>, NetError>],
    ) -> Result<Stands, NetError> {
        let answers: Vec<Arc<Answer>> = asked.iter().flatten().cloned().collect();
        let stands = |standing, answers| Ok(Stands { standing, answers });
        if answers.iter().any(|answer| !answer.records.is_empty()) {
            return stands(Standing::Resolves, answers);
        }
        if let Some(gone) = answers.iter().find(|answer| !answer.end_exists()) {
            let gone = gone.clone();
            return self.behind(&gone, answers).await;
        }
        match asked.iter().find_map(|answer| answer.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None => stands(Standing::NoRecords, answers),
        }
    }

    /// Who could get a name that does not exist.
    async fn behind(
        &self,
        gone: &Answer,
        mut answers: Vec<Arc<Answer>>,
    ) -> Result<Stands, NetError> {
        let end = gone.end().to_owned();
        let says = word_of(gone, &end)?;
        let missing = Standing::Missing;
        let Some((registrable, private)) = registrable(&end) else {
            return Ok(Stands {
                standing: missing,
                answers,
            });
        };
        // The zone of the domain itself says that the name is not in it.
        if !is_above(&says, &registrable) {
            return Ok(Stands {
                standing: missing,
                answers,
            });
        }
        // The zone above may hold names below the domain itself, so the domain is asked for.
        let domain = self.lookup(&registrable, RecordType::SOA).await?;
        answers.push(domain.clone());
        let standing = match (domain.exists(), private) {
            (true, _) => missing,
            // A registry that denies the name denies the provider's domain too.
            (false, true) if !is_registry(&says) => Standing::FreeAtProvider,
            (false, _) if is_above(&word_of(&domain, &registrable)?, &registrable) => {
                Standing::Unregistered
            }
            (false, _) => missing,
        };
        Ok(Stands { standing, answers })
    }
}

/// The zone that says that a name does not exist.
fn word_of(answer: &Answer, name: &str) -> Result<String, NetError> {
    answer.authority_zone().ok_or_else(|| {
        NetError::new(
            GapReason::Unresolved,
            format!("{name} does not exist, and the answer does not show which zone says so"),
        )
    })
}

/// The registrable domain of a name, and whether it lies in the private part of the
/// list of public suffixes; `None` for a public suffix itself.
fn registrable(name: &str) -> Option<(String, bool)> {
    let domain = psl::domain(name.as_bytes())?;
    let private = domain.suffix().typ() == Some(Type::Private);
    let text = std::str::from_utf8(domain.as_bytes()).ok()?;
    let parsed = parse_name(text).ok()?;
    Some((name_text(&parsed), private))
}

/// The domain below a public registry that a name lies in: what somebody registered.
/// Unlike a registrable domain it never lies below a provider's own domain.
pub fn registered_domain(name: &str) -> Option<String> {
    let mut at = name;
    loop {
        let suffix = psl::suffix(at.as_bytes())?;
        if suffix.typ() != Some(Type::Private) {
            let text = psl::domain_str(at)?;
            return parse_name(text).ok().map(|name| name_text(&name));
        }
        // Below a provider's suffix the registry of the suffix itself decides.
        let suffix = std::str::from_utf8(suffix.as_bytes()).ok()?;
        let above = suffix.split_once('.').map(|(_, above)| above)?;
        let known = psl::suffix(above.as_bytes())?;
        if known.typ() != Some(Type::Private) && known.as_bytes().len() <= above.len() {
            let end = known.as_bytes().len();
            let labels = suffix.get(..suffix.len().checked_sub(end + 1)?)?;
            let first = labels.rsplit('.').next()?;
            return parse_name(&format!("{first}.{}", above.get(above.len() - end..)?))
                .ok()
                .map(|name| name_text(&name));
        }
        at = above;
    }
}

/// Whether a zone is one below which anybody registers domains.
fn is_registry(zone: &str) -> bool {
    psl::suffix(zone.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == zone.as_bytes() && suffix.typ() != Some(Type::Private)
    })
}

/// Whether a zone lies above a name, and is not the name itself.
fn is_above(zone: &str, name: &str) -> bool {
    zone == "." && name != "."
        || name
            .strip_suffix(zone)
            .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::test_resolver::{Fault, TestResolver};
    use super::*;

    const ZONE: &str = "
. IN SOA a.root. host.root. 1 2 3 4 5
example. IN SOA ns.example. host.example. 1 2 3 4 5
office.example. IN SOA ns.office.example. host.office.example. 1 2 3 4 5
www.office.example. IN A 192.0.2.1
empty.office.example. IN TXT x
old.office.example. IN CNAME shop.lapsed.example.
io. IN SOA ns.io. host.io. 1 2 3 4 5
github.io. IN SOA ns.github.io. host.github.io. 1 2 3 4 5
taken.github.io. IN A 192.0.2.2
";

    #[tokio::test]
    async fn who_could_get_a_name() {
        let slow = ("slow.office.example", RecordType::A, Fault::Silent);
        let resolver = TestResolver::start(ZONE, &[slow]).await;
        let session = resolver.session("office.example");
        let table = [
            ("www.office.example", Some(Standing::Resolves)),
            ("empty.office.example", Some(Standing::NoRecords)),
            ("gone.office.example", Some(Standing::Missing)),
            ("office.example", Some(Standing::NoRecords)),
            ("lapsed.example", Some(Standing::Unregistered)),
            ("mx.lapsed.example", Some(Standing::Unregistered)),
            ("old.office.example", Some(Standing::Unregistered)),
            ("taken.github.io", Some(Standing::Resolves)),
            ("office-2024.github.io", Some(Standing::FreeAtProvider)),
            ("a.office-2024.github.io", Some(Standing::FreeAtProvider)),
            ("gone.taken.github.io", Some(Standing::Missing)),
        ];
        for (name, expected) in table {
            let stands = session.standing(name, &[RecordType::A]).await;
            assert_eq!(
                stands.map(|stands| stands.standing).ok(),
                expected,
                "{name}"
            );
        }
        let silent = session.standing("slow.office.example", &[RecordType::A]);
        let error = silent.await.map(|stands| stands.standing);
        assert_eq!(error.map_err(|error| error.reason), Err(GapReason::Timeout));
    }

    #[test]
    fn what_somebody_registered() {
        for (name, domain) in [
            ("vote.county.gov.uk", Some("county.gov.uk")),
            ("www.office.example", Some("office.example")),
            ("office.github.io", Some("github.io")),
            ("a.b.s3.amazonaws.com", Some("amazonaws.com")),
            ("com", None),
        ] {
            assert_eq!(registered_domain(name).as_deref(), domain, "{name}");
        }
    }

    #[test]
    fn what_lies_above() {
        for (zone, name, above) in [
            ("example", "office.example", true),
            (".", "office.example", true),
            ("office.example", "office.example", false),
            ("ffice.example", "office.example", false),
            ("www.office.example", "office.example", false),
        ] {
            assert_eq!(is_above(zone, name), above, "{zone} {name}");
        }
    }
}
