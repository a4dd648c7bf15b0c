//! Curves and signature schemes that are found while suites shrink.
//!
//! A server that follows the client shows a new curve and a new scheme in each
//! answer when those that were seen stand last. From one that does not, what was
//! seen is left out; it may then pass over suites for want of a curve or a
//! scheme, so that such an answer leaves the order of suites in doubt.

use super::Enumeration;
use super::choice::{Step, are_ours};
use super::parameters::{leaf_curves, leave_out_schemes};
use crate::probes::tls::features::is_signed;
use crate::wire::tls::{
    Version,
    client_hello::ClientHello,
    groups, signatures,
    suites::{self, Authentication},
};

/// How a list is offered beside the suites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    /// All, what was seen last.
    #[default]
    Rotated,
    /// Without what was seen.
    Narrowed,
    /// All; nothing new is to be seen.
    Whole,
}

/// How curves and schemes are offered.
#[derive(Debug, Default)]
pub(super) struct Beside {
    curves: Way,
    schemes: Way,
    /// The server has an order of its own: something new came only once what was seen
    /// was left out.
    own_order: bool,
    /// It follows the client's order of schemes: for a suite of the same kind of key it
    /// signed with another one, once what was seen stood last.
    follows: bool,
}

/// Which lists of a hello lack what was seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Narrow {
    pub(super) curves: bool,
    pub(super) schemes: bool,
}

impl Narrow {
    /// Whether any list does.
    pub(super) fn any(self) -> bool {
        self.curves || self.schemes
    }
}

impl Beside {
    /// Leaves out what was seen, where that is of use: in TLS 1.2, once the
    /// server is known to answer.
    pub(super) fn narrow(
        &mut self,
        hello: &mut ClientHello,
        steps: &[Step],
        found: &Enumeration,
    ) -> Narrow {
        if hello.legacy_version != Version::Tls12 || steps.is_empty() {
            return Narrow::default();
        }
        if self.curves == Way::Narrowed {
            let mut new = hello.groups.clone();
            new.retain(|group| !found.groups.contains(group));
            if new.is_empty() {
                self.curves = Way::Whole;
            } else {
                // A key on a curve needs that curve (RFC 8422 section 2.2).
                let keys = leaf_curves(found);
                let keys = keys.into_iter().filter(|curve| !new.contains(curve));
                hello.groups = new.iter().copied().chain(keys).collect();
            }
        }
        if self.schemes == Way::Narrowed && !leave_out_schemes(hello, found) {
            self.schemes = Way::Whole;
        }
        Narrow {
            curves: self.curves == Way::Narrowed,
            schemes: self.schemes == Way::Narrowed,
        }
    }

    /// Takes the answer to a hello, when there were `seen` curves and schemes
    /// before it; `ours` is whether the server is likely to follow the client's order of
    /// suites. A choice that may have been made for want of others ends the narrowing.
    pub(super) fn goes_on(
        &mut self,
        narrow: Narrow,
        chosen: u16,
        steps: &[Step],
        seen: (usize, usize),
        ours: bool,
        found: &Enumeration,
    ) {
        let Some(suite) = suites::by_id(chosen) else {
            return;
        };
        let before = steps.last().and_then(|step| suites::by_id(step.chosen));
        if let Some(before) = before {
            let lost = before.key_exchange == "ECDHE" && suite.key_exchange != "ECDHE";
            if narrow.curves && lost {
                self.curves = Way::Whole;
            }
            let other_key = suite.authentication != before.authentication;
            // A new scheme for another kind of key: the order of the two is looked at once all
            // are found, as mostly there are schemes left for the first kind too.
            let shows_new = is_signed(suite) && found.schemes.len() > seen.1;
            let lost = is_signed(before) && (other_key && !shows_new || !is_signed(suite));
            if narrow.schemes && lost {
                self.schemes = Way::Whole;
            }
        }
        self.own_order |= narrow.curves && found.groups.len() > seen.0;
        self.own_order |= narrow.schemes && found.schemes.len() > seen.1;
        let (curves, schemes) = (self.curves, self.schemes);
        let same_key = |step: &Step| {
            let before = suites::by_id(step.chosen);
            before.is_some_and(|b| is_signed(b) && b.authentication == suite.authentication)
        };
        self.follows |= schemes == Way::Rotated
            && is_signed(suite)
            && found.schemes.len() > seen.1
            && steps.iter().any(same_key);
        if suite.key_exchange == "ECDHE" && found.groups.len() == seen.0 {
            self.curves = next(curves);
        }
        // From one that follows, nothing new means that there is none for such a key.
        if is_signed(suite) && found.schemes.len() == seen.1 && !self.follows {
            self.schemes = next(schemes);
        }
        // Who follows its own order in one list does so in the other.
        if !self.follows
            && !ours
            && (curves, self.curves) == (Way::Rotated, Way::Narrowed)
            && schemes == Way::Rotated
        {
            self.schemes = Way::Narrowed;
        }
    }

    /// Whether answers have stopped showing new curves.
    pub(super) fn sees_no_more_curves(&self) -> bool {
        self.curves != Way::Rotated
    }

    /// Takes whether all curves are known.
    pub(super) fn curves_are_through(&mut self, through: bool) {
        if through {
            self.curves = Way::Whole;
        }
    }

    /// For a server with an order of its own: the same hello without the schemes that
    /// were seen for the key of the first suite. Where it chooses that suite all the
    /// same, though it stands last, it has shown another scheme and its own order.
    pub(super) fn narrow_first(
        &self,
        hello: &ClientHello,
        steps: &[Step],
        found: &Enumeration,
    ) -> Option<ClientHello> {
        let first = steps.first().and_then(|step| suites::by_id(step.chosen));
        let first = first.filter(|suite| self.own_order && is_signed(suite))?;
        let mut hello = hello.clone();
        let all = hello.signature_schemes.clone();
        let seen = |id: &u16| {
            found.schemes.contains(id)
                && signatures::by_id(*id).is_some_and(|s| signs(s.name, first.authentication))
        };
        hello.signature_schemes.retain(|id| !seen(id));
        hello.certificate_schemes = all;
        Some(hello)
    }

    /// Takes a refusal. Tells whether it may be for want of a curve or a scheme;
    /// then more is offered the next time.
    pub(super) fn was_refused(&mut self, narrow: Narrow) -> bool {
        if narrow.curves {
            self.curves = Way::Whole;
        }
        if narrow.schemes {
            self.schemes = Way::Whole;
        }
        narrow.any()
    }
}

/// After an answer that showed nothing new.
fn next(way: Way) -> Way {
    match way {
        Way::Rotated => Way::Narrowed,
        Way::Narrowed | Way::Whole => Way::Whole,
    }
}

/// Whether each step chose what stood first in our offer, of all that it could choose.
pub(super) fn fits_client(steps: &[Step], found: &Enumeration) -> bool {
    let keys = leaf_curves(found);
    are_ours(steps, |step, suite| possible(step, suite, found, &keys))
}

/// Steps in which suites that were found later may have been passed over for want of a
/// curve or a scheme, so that the order of steps is perhaps not the server's: what each
/// chose, and those suites.
pub(super) fn doubts(steps: &[Step], found: &Enumeration) -> Vec<(u16, Vec<u16>)> {
    let keys = leaf_curves(found);
    let passed_over = |(at, step): (usize, &Step)| {
        let later = steps.iter().skip(at + 1).map(|later| later.chosen);
        let suites = later
            .filter(|suite| step.offered.contains(suite) && !possible(step, *suite, found, &keys));
        (step.chosen, suites.collect::<Vec<_>>())
    };
    let mut doubts: Vec<(u16, Vec<u16>)> = steps.iter().enumerate().map(passed_over).collect();
    doubts.retain(|(_, suites)| !suites.is_empty());
    doubts
}

/// Whether a suite could be chosen with the curves and schemes of a step; `keys` are the
/// curves of the keys.
fn possible(step: &Step, suite: u16, found: &Enumeration, keys: &[u16]) -> bool {
    let Some(suite) = suites::by_id(suite) else {
        return true;
    };
    let curve = |id: &u16| {
        found.groups.contains(id) && groups::by_id(*id).is_some_and(|g| g.curve_before_tls13())
    };
    let scheme = |id: &u16| {
        found.schemes.contains(id)
            && signatures::by_id(*id).is_some_and(|scheme| signs(scheme.name, suite.authentication))
    };
    let curves = !step.narrow.curves || suite.key_exchange != "ECDHE";
    let schemes = !step.narrow.schemes || !is_signed(suite);
    // A key on a curve needs that curve (RFC 8422 section 2.2).
    let key = curves
        || suite.authentication != Authentication::Ecdsa
        || keys.iter().any(|curve| step.groups.contains(curve));
    key && (curves || step.groups.iter().any(curve)) && (schemes || step.schemes.iter().any(scheme))
}

/// Whether a scheme is one for the keys of an authentication.
pub(super) fn signs(scheme: &str, authentication: Authentication) -> bool {
    match authentication {
        Authentication::Rsa => scheme.starts_with("rsa_"),
        Authentication::Ecdsa => scheme.starts_with("ecdsa_") || scheme.starts_with("ed"),
        Authentication::Dss => scheme.starts_with("dsa_"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> u16 {
        suites::by_name(name).expect("a suite").id
    }

    fn step(chosen: &str, offered: &[&str], schemes: &[u16]) -> Step {
        Step {
            chosen: id(chosen),
            offered: offered.iter().map(|name| id(name)).collect(),
            narrow: Narrow {
                curves: false,
                schemes: !schemes.is_empty(),
            },
            groups: Vec::new(),
            schemes: schemes.to_vec(),
        }
    }

    #[test]
    fn a_suite_that_could_not_be_chosen_puts_the_order_in_doubt() {
        const RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        const ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
        let (pss, pkcs, curve) = (0x0804, 0x0401, 0x0403);
        let mut found = Enumeration::default();
        found.schemes.extend([pss, pkcs, curve]);
        let whole = [step(RSA, &[RSA, ECDSA], &[]), step(ECDSA, &[ECDSA], &[])];
        assert!(doubts(&whole, &found).is_empty());
        let without = [
            step(RSA, &[RSA, ECDSA], &[pkcs]),
            step(ECDSA, &[ECDSA], &[]),
        ];
        assert_eq!(
            doubts(&without, &found),
            [(id(RSA), vec![id(ECDSA)])],
            "no scheme for its key was left"
        );
        let with = [
            step(RSA, &[RSA, ECDSA], &[pkcs, curve]),
            step(ECDSA, &[ECDSA], &[]),
        ];
        assert!(doubts(&with, &found).is_empty());
        let apart = [step(RSA, &[RSA], &[pkcs]), step(ECDSA, &[ECDSA], &[])];
        assert!(doubts(&apart, &found).is_empty(), "it was not offered");
    }

    #[test]
    fn a_list_is_narrowed_once_rotating_shows_nothing_new() {
        let mut beside = Beside::default();
        let steps = [step("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", &[], &[])];
        let mut found = Enumeration::default();
        found.groups.push(29);
        found.schemes.insert(0x0804);
        let chosen = id("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        let mut follower = Beside::default();
        follower.goes_on(Narrow::default(), chosen, &steps, (1, 0), false, &found);
        assert!(follower.follows, "another scheme for the same kind of key");
        follower.goes_on(Narrow::default(), chosen, &steps, (1, 1), false, &found);
        assert_eq!(follower.schemes, Way::Rotated, "there is none to be found");
        beside.goes_on(Narrow::default(), chosen, &steps, (1, 1), false, &found);
        assert_eq!(
            (beside.curves, beside.schemes),
            (Way::Narrowed, Way::Narrowed)
        );
        let narrow = Narrow {
            curves: true,
            schemes: false,
        };
        // Another key exchange than before: perhaps for want of a curve.
        let other = id("TLS_RSA_WITH_AES_128_CBC_SHA");
        beside.goes_on(narrow, other, &steps, (1, 1), false, &found);
        assert_eq!(beside.curves, Way::Whole);
        assert!(beside.was_refused(narrow));
        assert!(!beside.was_refused(Narrow::default()));
    }
}
