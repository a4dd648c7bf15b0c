//! Who decides which group is taken, read from what was offered and chosen.

use crate::probes::tls::facts::PreferenceBy;

/// Groups of one generation of the protocol (up to TLS 1.2, or TLS 1.3), and the
/// answers that named one.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The groups that were accepted, in the order in which they were found.
    pub accepted: Vec<u16>,
    /// Groups that the other generation showed, and no answer of this one.
    pub unasked: Vec<u16>,
    /// Groups offered, in the order offered, and the one taken.
    answers: Vec<(Vec<u16>, u16)>,
}

impl Groups {
    /// Takes an answer that named a group.
    pub(super) fn note(&mut self, offered: &[u16], chosen: u16) {
        if offered.contains(&chosen) {
            self.answers.push((offered.to_vec(), chosen));
        }
    }

    /// Takes in what a branch saw.
    pub(super) fn join(&mut self, branch: Self) {
        for group in branch.accepted {
            if !self.accepted.contains(&group) {
                self.accepted.push(group);
            }
        }
        self.answers.extend(branch.answers);
    }

    /// Whether the answers so far fit a server that follows the client and one that
    /// does not.
    pub(super) fn is_open(&self, accepted: &[u16]) -> bool {
        let known = Self {
            accepted: accepted.to_vec(),
            answers: self.answers.clone(),
            unasked: Vec::new(),
        };
        known.accepted.len() > 1 && known.follows_client() && known.own_order().is_some()
    }

    /// Who decides, with the groups in the server's order where it has one. `None`
    /// where the answers fit both, or neither, or leave a rank open.
    pub fn decided(&self) -> (Option<PreferenceBy>, Vec<u16>) {
        let unordered = || {
            let mut groups = self.accepted.clone();
            groups.sort_unstable();
            groups
        };
        if let [only] = self.accepted.as_slice()
            && self.unasked.is_empty()
        {
            return (Some(PreferenceBy::Single), vec![*only]);
        }
        let own = self.own_order();
        match (self.follows_client(), own) {
            (true, None) if !self.accepted.is_empty() => (Some(PreferenceBy::Client), unordered()),
            (false, Some(order)) if order.len() == self.accepted.len() => {
                // What it may accept besides ranks below, if it was passed over each time.
                let below = |one: &u16| self.unasked.iter().all(|two| self.beats(*one, *two));
                match order.iter().all(below) {
                    true => (Some(PreferenceBy::Server), order),
                    false => (None, unordered()),
                }
            }
            _ => (None, unordered()),
        }
    }

    /// What stood in an offer and is accepted.
    fn possible<'a>(&'a self, offered: &'a [u16]) -> impl Iterator<Item = u16> + 'a {
        let offered = offered.iter().copied();
        offered.filter(|group| self.accepted.contains(group))
    }

    /// Whether each answer took what stood first, of all that is accepted.
    fn follows_client(&self) -> bool {
        self.answers
            .iter()
            .all(|(offered, chosen)| self.possible(offered).next() == Some(*chosen))
    }

    /// Whether an answer took one group though the other was offered.
    fn beats(&self, one: u16, other: u16) -> bool {
        self.answers
            .iter()
            .any(|(offered, chosen)| *chosen == one && one != other && offered.contains(&other))
    }

    /// The one order that explains every answer: each took the group that ranks
    /// highest. Shorter than the list where a rank is open; `None` where no order does.
    fn own_order(&self) -> Option<Vec<u16>> {
        let mut left = self.accepted.clone();
        let mut order = Vec::new();
        let mut total = true;
        while !left.is_empty() {
            let top: Vec<u16> = left
                .iter()
                .copied()
                .filter(|one| !left.iter().any(|other| self.beats(*other, *one)))
                .collect();
            let first = top.first()?;
            total &= top.len() == 1;
            left.retain(|group| group != first);
            order.push(*first);
        }
        if !total {
            order.clear();
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(accepted: &[u16], answers: &[(&[u16], u16)]) -> Groups {
        let mut groups = Groups {
            accepted: accepted.to_vec(),
            ..Groups::default()
        };
        for (offered, chosen) in answers {
            groups.note(offered, *chosen);
        }
        groups
    }

    #[test]
    fn answers_tell_who_decides() {
        use PreferenceBy::{Client, Server, Single};
        type Case<'a> = (
            &'a [u16],
            &'a [(&'a [u16], u16)],
            Option<PreferenceBy>,
            &'a [u16],
        );
        let cases: [Case<'_>; 8] = [
            (&[29], &[(&[23, 29], 29)], Some(Single), &[29]),
            // Taken though it stood last, and then what was left.
            (
                &[29, 23],
                &[(&[24, 23, 29], 29), (&[23], 23)],
                Some(Server),
                &[29, 23],
            ),
            // Each the first, whichever way round.
            (
                &[29, 23],
                &[(&[29, 23], 29), (&[23, 29], 23)],
                Some(Client),
                &[23, 29],
            ),
            // Both readings are possible.
            (&[29, 23], &[(&[29, 23], 29), (&[23], 23)], None, &[23, 29]),
            // Neither: it takes the second, then the first of the same two.
            (
                &[29, 23, 24],
                &[(&[29, 23, 24], 23), (&[29, 23, 24], 29)],
                None,
                &[23, 24, 29],
            ),
            // Its own order, with a rank that nobody saw.
            (&[29, 23, 24], &[(&[23, 24, 29], 29)], None, &[23, 24, 29]),
            // A retry that names what was not offered tells nothing.
            (&[29, 23], &[(&[23], 29)], None, &[23, 29]),
            (&[], &[], None, &[]),
        ];
        for (accepted, answers, by, order) in cases {
            let found = groups(accepted, answers).decided();
            assert_eq!(found, (by, order.to_vec()), "{accepted:?} {answers:?}");
        }
        let open = groups(&[], &[(&[29, 23], 29), (&[23], 23)]);
        assert!(open.is_open(&[29, 23]) && !open.is_open(&[29]));
    }
}
