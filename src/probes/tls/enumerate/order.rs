//! Who decides which suite is taken, and the order of a server that decides itself.

use super::beside::{doubts, fits_client};
use super::choice::{Question, Step, choice, is_shared, learn, offer, preference, rotate};
use super::search::Search;
use super::{Ask, Enumeration, Outcome, Prober, Purpose, VersionFacts};
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::features::is_signed;
use crate::wire::tls::suites;

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
        let sure = self.mend_order(prober, facts, found).await
            || self.order_anew(prober, facts, found).await;
        if !sure {
            facts.preference = None;
        } else if facts.preference.is_none() {
            facts.preference = self.decided_by(prober, found).await;
        }
    }

    /// Puts the steps into the server's order where lists beside the suites were short: asks
    /// once more, with all of them, where what a step chose ranks among what it may have
    /// passed over. Tells whether the answers allow one order.
    async fn mend_order<A: Ask>(
        &mut self,
        prober: &Prober<'_, A>,
        facts: &mut VersionFacts,
        found: &mut Enumeration,
    ) -> bool {
        // The later ones first: then those passed over are in order.
        for (chosen, passed_over) in doubts(&self.steps, found).into_iter().rev() {
            let at = |steps: &[Step], id: u16| steps.iter().position(|step| step.chosen == id);
            let mut others = passed_over;
            others.sort_by_key(|id| at(&self.steps, *id));
            let signed = suites::by_id(chosen).is_some_and(is_signed);
            // How many of them rank above it, at least and at most.
            let (mut least, mut most) = (0, others.len());
            let mut middle = if signed { 0 } else { most.saturating_sub(1) };
            while least < most {
                let mut hello = offer(prober, self.version, &found.features);
                rotate(&mut hello, found);
                hello.suites = others.iter().skip(middle).copied().collect();
                hello.suites.push(chosen);
                let Outcome::Accepted(flight) = prober.ask(&hello, Purpose::Enumeration).await
                else {
                    return false;
                };
                let taken = choice(&flight, &hello, self.version);
                if let Some(suite) = taken {
                    learn(&flight, &hello, suite, self.version, found);
                }
                if taken == Some(chosen) {
                    most = middle;
                } else if taken.is_some() && taken == others.get(middle).copied() {
                    least = middle + 1;
                } else {
                    return false;
                }
                middle = usize::midpoint(least, most);
            }
            others.truncate(least);
            let last = others.last().and_then(|id| at(&self.steps, *id));
            if let (Some(last), Some(first)) = (last, at(&self.steps, chosen)) {
                let Some(moved) = self.steps.get_mut(first..=last) else {
                    return false;
                };
                moved.rotate_left(1);
                let Some((_, above)) = moved.split_last_mut() else {
                    return false;
                };
                // What it ranks above cannot stand in front of it.
                if above.iter().any(|step| !others.contains(&step.chosen)) {
                    return false;
                }
                for step in above {
                    step.offered.push(chosen);
                }
            }
        }
        self.sort(facts);
        true
    }

    /// Puts the suites into the order of the steps, those with a shared secret last.
    fn sort(&self, facts: &mut VersionFacts) {
        let at = |id: u16| self.steps.iter().position(|step| step.chosen == id);
        facts
            .suites
            .sort_by_key(|suite| (is_shared(suite.id), at(suite.id)));
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
        self.sort(facts);
        true
    }
}
