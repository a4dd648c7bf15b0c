//! Whether there are more curves, asked by a hello that looks for a suite too.
//!
//! In front of what is left stands a suite with a curve that the server is known to take,
//! and of the curves only those are offered that no answer has shown. Where the server takes
//! one of them, it has shown it. Where it takes a suite without a curve, though it took the
//! one in front before this one when both were offered, it has none of these curves: it
//! follows either the client's order or its own. Where it refuses, it has none
//! either; then this hello stands for the one that would have asked for curves alone.

use super::Enumeration;
use super::beside::{Narrow, fits_client};
use super::choice::{Step, is_shared};
use super::search::{Search, is_breakdown};
use crate::probes::tls::features::is_signed;
use crate::wire::tls::{
    Version,
    client_hello::{ALL_SUITES, ClientHello, MAX_SUITES},
    suites::{self, Authentication},
};

const X25519: u16 = 29;

impl Search {
    /// Whether the server seems to follow the client's order: two steps may look so by
    /// chance, as the likeliest suites stand in front or, the other way round, are gone.
    pub(super) fn follows_client(&self, found: &Enumeration) -> bool {
        self.steps.len() > 2 && fits_client(&self.steps, found)
    }

    /// Puts the question into a hello that offers what is left (`window`), where it is likely
    /// to cost nothing.
    pub(super) fn curve_question(
        &self,
        hello: &mut ClientHello,
        window: &mut Vec<u16>,
        found: &Enumeration,
    ) -> Option<Narrow> {
        let width = if self.wide { ALL_SUITES } else { MAX_SUITES };
        if self.version != Version::Tls12 || self.curves_asked || hello.suites.len() >= width {
            return None;
        }
        // With DHE, groups of RFC 7919 and curves are asked for together later on.
        let exchange = |step: &Step| suites::by_id(step.chosen).map(|suite| suite.key_exchange);
        if self.steps.iter().any(|step| exchange(step) == Some("DHE")) {
            return None;
        }
        let front = free_curve(&self.steps)?.chosen;
        let last = self
            .steps
            .last()
            .and_then(|step| suites::by_id(step.chosen))?;
        // Who follows the client's order of suites does so mostly for curves, and has shown
        // no new one. With an order of one's own, suites without a curve come last; whoever has
        // X25519 has others too, which TLS 1.3 shows.
        let likely = match self.follows_client(found) {
            true => self.beside.sees_no_more_curves(),
            false => last.key_exchange == "RSA" && !found.groups.contains(&X25519),
        };
        if !likely {
            return None;
        }
        let mut unseen = hello.groups.clone();
        unseen.retain(|group| !found.groups_older.accepted.contains(group));
        if unseen.is_empty() {
            return None;
        }
        hello.groups = unseen;
        // Nothing follows from a choice of those that was made for want of others.
        window.retain(|suite| !is_shared(*suite));
        hello.suites = [&[front], window.as_slice()].concat();
        Some(Narrow {
            curves: true,
            schemes: false,
        })
    }

    /// Takes the suite that was chosen in answer to the question, and whether a group came
    /// with it that was new.
    pub(super) fn curve_answer(&mut self, suite: u16, new_group: bool, found: &mut Enumeration) {
        let Some(suite) = suites::by_id(suite) else {
            return;
        };
        let with_curve = suite.key_exchange == "ECDHE";
        if with_curve && new_group {
            return;
        }
        self.curves_asked = true;
        found.curves_through = !with_curve
            && self.steps.iter().any(|step| {
                is_free_curve(step)
                    && step.offered.contains(&suite.id)
                    && !(step.narrow.schemes && is_signed(suite))
            });
        self.beside.curves_are_through(found.curves_through);
    }

    /// Takes a refusal of the question.
    pub(super) fn curve_refusal(&mut self, alert: Option<u8>, found: &mut Enumeration) {
        self.curves_asked = true;
        found.curves_through = !is_breakdown(alert);
        self.beside.curves_are_through(found.curves_through);
    }
}

/// The first step that shows a suite with a curve and a key that needs none.
fn free_curve(steps: &[Step]) -> Option<&Step> {
    steps.iter().find(|step| is_free_curve(step))
}

fn is_free_curve(step: &Step) -> bool {
    suites::by_id(step.chosen).is_some_and(|suite| {
        suite.key_exchange == "ECDHE"
            && is_signed(suite)
            && suite.authentication != Authentication::Ecdsa
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::flight::Alert;

    const RSA_CURVE: &str = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
    const RSA_CURVE_256: &str = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA";
    const RSA: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
    const RSA_256: &str = "TLS_RSA_WITH_AES_256_CBC_SHA";
    const DHE: &str = "TLS_DHE_RSA_WITH_AES_128_CBC_SHA";
    const P256: u16 = 23;

    fn id(name: &str) -> u16 {
        suites::by_name(name).expect("a suite").id
    }

    /// A search that chose these, each from what is named.
    fn search(steps: &[(&str, &[&str])]) -> Search {
        let mut search = Search::new(Version::Tls12);
        for (chosen, offered) in steps {
            let offered = offered.iter().map(|name| id(name)).collect();
            let mut hello = ClientHello::new(Version::Tls12, [1; 32]);
            hello.groups = vec![24, P256];
            let step = Step::new(id(chosen), offered, Narrow::default(), hello);
            search.steps.push(step);
        }
        search
    }

    fn found() -> Enumeration {
        let mut found = Enumeration::default();
        found.add_older_group(P256);
        found
    }

    /// What is asked when these are left: suites and groups.
    fn question(
        search: &Search,
        found: &Enumeration,
        left: &[&str],
    ) -> Option<(Vec<u16>, Vec<u16>)> {
        let mut hello = ClientHello::new(Version::Tls12, [1; 32]);
        hello.groups = vec![24, P256];
        hello.suites = left.iter().map(|name| id(name)).collect();
        let mut window = hello.suites.clone();
        let narrow = search.curve_question(&mut hello, &mut window, found)?;
        assert!(narrow.curves && !narrow.schemes);
        Some((hello.suites, hello.groups))
    }

    #[test]
    fn it_is_asked_once_a_suite_without_a_curve_was_taken() {
        let own = [(RSA_CURVE, &[RSA, RSA_256, RSA_CURVE][..])];
        assert_eq!(
            question(&search(&own), &found(), &[RSA]),
            None,
            "others may come"
        );
        let own = [own[0], (RSA_256, &[RSA, RSA_256])];
        let asked = question(&search(&own), &found(), &[RSA]);
        assert_eq!(asked, Some((vec![id(RSA_CURVE), id(RSA)], vec![24])));
        let dhe = [own[0], (DHE, &[RSA, DHE]), own[1]];
        assert_eq!(
            question(&search(&dhe), &found(), &[RSA]),
            None,
            "fields follow"
        );
        let bare = [(RSA_256, &[RSA, RSA_256][..])];
        assert_eq!(question(&search(&bare), &found(), &[RSA]), None, "no curve");
        let mut all = found();
        all.add_older_group(24);
        assert_eq!(
            question(&search(&own), &all, &[RSA]),
            None,
            "nothing is left"
        );
    }

    #[test]
    fn only_a_server_that_liked_the_suite_in_front_better_rules_curves_out() {
        let own = [
            (RSA_CURVE, &[RSA, RSA_256, RSA_CURVE, RSA_CURVE_256][..]),
            (RSA_256, &[RSA, RSA_256, RSA_CURVE_256]),
        ];
        let answer = |steps, suite, new| {
            let (mut search, mut found) = (search(steps), found());
            search.curve_answer(id(suite), new, &mut found);
            (search.curves_asked, found.curves_through)
        };
        assert_eq!(answer(&own, RSA, false), (true, true));
        assert_eq!(answer(&own, RSA_CURVE, true), (false, false), "a new curve");
        assert_eq!(
            answer(&own, RSA_CURVE, false),
            (true, false),
            "one not offered"
        );
        let apart = [(RSA_CURVE, &[RSA_CURVE][..]), (RSA_256, &[RSA_256])];
        assert_eq!(answer(&apart, RSA, false), (true, false), "never compared");
        for (alert, through) in [
            (Some(40), true),
            (Some(Alert::INTERNAL_ERROR), false),
            (None, false),
        ] {
            let (mut search, mut found) = (search(&own), found());
            search.curve_refusal(alert, &mut found);
            assert_eq!(found.curves_through, through, "{alert:?}");
        }
    }
}
