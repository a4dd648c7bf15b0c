//! Who decides which suite is taken, and the order of a server that decides itself.

use super::beside::{doubts, fits_client};
use super::choice::{Question, Step, choice, is_shared, learn, offer, preference, rotate};
use super::search::Search;
use super::{Ask, Enumeration, Outcome, Prober, Purpose, VersionFacts};
use crate::probes::tls::facts::PreferenceBy;

impl Search {
    /// Finds out who decides, and makes sure of the order where a server has one.
    pub(super) async fn settle_order<A: Ask>(
        &mut self,
        prober: &Prober<'_, A>,
        facts: &mut VersionFacts,
        found: &mut Enumeration,
    ) {
        // Whoever follows the client has no order that could be in doubt.
        if !doubts(&self.steps, found).is_empty() && fits_client(&self.steps, found) {
            facts.preference = self.decided_by(prober, found).await;
            if facts.preference == Some(PreferenceBy::Client) {
                return;
            }
        }
        let sure =
            self.order_stands(prober, found).await || self.order_anew(prober, facts, found).await;
        if !sure {
            facts.preference = None;
        } else if facts.preference.is_none() {
            facts.preference = self.decided_by(prober, found).await;
        }
    }

    /// Whether the order of the steps is the server's where lists beside the suites were
    /// short: offers once more, with all of them, what a step chose and what it may have
    /// passed over.
    async fn order_stands<A: Ask>(&self, prober: &Prober<'_, A>, found: &mut Enumeration) -> bool {
        for (chosen, passed_over) in doubts(&self.steps, found) {
            let mut hello = offer(prober, self.version, &found.features);
            rotate(&mut hello, found);
            hello.suites = passed_over;
            hello.suites.push(chosen);
            let Outcome::Accepted(flight) = prober.ask(&hello, Purpose::Enumeration).await else {
                return false;
            };
            let taken = choice(&flight, &hello, self.version);
            if let Some(suite) = taken {
                learn(&flight, &hello, suite, self.version, found);
            }
            if taken != Some(chosen) {
                return false;
            }
        }
        true
    }

    /// Who decides which suite is taken. The answer may show a curve and a scheme.
    pub(super) async fn decided_by<A: Ask>(
        &self,
        prober: &Prober<'_, A>,
        found: &mut Enumeration,
    ) -> Option<PreferenceBy> {
        let mut whole = offer(prober, self.version, &found.features);
        rotate(&mut whole, found);
        let narrowed = self.beside.narrow_first(&whole, &self.steps, found);
        let mut by = None;
        for (hello, sure) in [(narrowed, false), (Some(whole), true)] {
            let Some(template) = hello else { continue };
            let beside = template.clone();
            let mut unknown = found.tolerates_unknown;
            let question = Question {
                template,
                version: self.version,
                sure,
                ours: fits_client(&self.steps, found),
            };
            let asked = preference(prober, question, &self.steps, self.told, &mut unknown).await;
            found.tolerates_unknown = unknown;
            if let Some((flight, suite)) = asked.1 {
                learn(&flight, &beside, suite, self.version, found);
            }
            by = asked.0;
            // A client's order may have been the want of a scheme.
            if matches!(by, Some(PreferenceBy::Server | PreferenceBy::Single)) {
                break;
            }
        }
        by
    }

    /// Finds the order of the accepted suites again, with all curves and schemes
    /// offered. Tells whether that succeeded.
    pub(super) async fn order_anew<A: Ask>(
        &mut self,
        prober: &Prober<'_, A>,
        facts: &mut VersionFacts,
        found: &Enumeration,
    ) -> bool {
        let own = facts.suites.iter().filter(|suite| !is_shared(suite.id));
        let mut left: Vec<u16> = own.map(|suite| suite.id).collect();
        self.steps.clear();
        while !left.is_empty() {
            let hello = self.hello(prober, &left, found);
            let Outcome::Accepted(flight) = prober.ask(&hello, Purpose::Enumeration).await else {
                return false;
            };
            let Some(suite) = choice(&flight, &hello, self.version) else {
                return false;
            };
            left.retain(|known| *known != suite);
            let offered = hello.suites.clone();
            self.steps
                .push(Step::new(suite, offered, Default::default(), hello));
        }
        let at = |id: u16| self.steps.iter().position(|step| step.chosen == id);
        facts
            .suites
            .sort_by_key(|suite| (is_shared(suite.id), at(suite.id)));
        true
    }
}
