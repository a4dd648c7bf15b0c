//! What key exchanges up to TLS 1.2 show: fields, and values used twice. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::tls::{
    key_exchange::{KeyExchange, public_value},
    suites::Suite,
};

/// What all key exchanges of a server showed.
#[derive(Debug, Default)]
pub struct Exchanges {
    /// Primes of finite fields, with their sizes in bits.
    pub fields: BTreeMap<Vec<u8>, u32>,
    /// Public values over curves.
    pub curves: Values,
    /// Public values over finite fields.
    pub finite: Values,
}

impl Exchanges {
    /// Takes in what others showed.
    pub fn join(&mut self, others: Self) {
        self.fields.extend(others.fields);
        self.curves.join(others.curves);
        self.finite.join(others.finite);
    }

    /// Takes the body of a ServerKeyExchange.
    pub fn note(&mut self, body: &[u8], suite: &Suite, shared: bool) {
        let exchange = KeyExchange::parse(body, suite.key_exchange, shared);
        let Some(value) = public_value(body, suite.key_exchange, shared) else {
            return;
        };
        match exchange {
            Some(KeyExchange::FiniteField { prime, bits }) => {
                self.finite.note(prime.clone(), value);
                self.fields.insert(prime, bits);
            }
            Some(KeyExchange::Curve(group)) => {
                self.curves.note(group.to_be_bytes().to_vec(), value);
            }
            _ => {}
        }
    }
}

/// Public values, by the group that they belong to.
#[derive(Debug, Default)]
pub struct Values {
    seen: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    repeated: bool,
    compared: bool,
}

impl Values {
    fn note(&mut self, group: Vec<u8>, value: &[u8]) {
        let seen = self.seen.entry(group).or_default();
        self.compared |= !seen.is_empty();
        self.repeated |= !seen.insert(value.to_vec());
    }

    fn join(&mut self, others: Self) {
        for (group, values) in others.seen {
            for value in values {
                self.note(group.clone(), &value);
            }
        }
        self.repeated |= others.repeated;
        self.compared |= others.compared;
    }

    /// Whether anything was exchanged in this way.
    pub fn any(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Whether a value came twice; `None` when there was no second one to compare.
    pub fn reused(&self) -> Option<bool> {
        self.compared.then_some(self.repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_two_branches_are_compared() {
        let values = |list: &[u8]| {
            let mut values = Values::default();
            for value in list {
                values.note(vec![29], &[*value]);
            }
            values
        };
        let joined = |one: &[u8], other: &[u8]| {
            let mut joined = values(one);
            joined.join(values(other));
            joined.reused()
        };
        assert_eq!(joined(&[], &[1]), None);
        assert_eq!(joined(&[1], &[2]), Some(false));
        assert_eq!(joined(&[1], &[1]), Some(true));
        assert_eq!(joined(&[], &[3, 3]), Some(true));
    }

    #[test]
    fn a_value_that_comes_twice_is_noticed() {
        let mut values = Values::default();
        assert_eq!((values.any(), values.reused()), (false, None));
        values.note(vec![29], &[1]);
        assert_eq!((values.any(), values.reused()), (true, None));
        values.note(vec![23], &[1]);
        assert_eq!(values.reused(), None, "another group");
        values.note(vec![29], &[2]);
        assert_eq!(values.reused(), Some(false));
        values.note(vec![29], &[1]);
        assert_eq!(values.reused(), Some(true));
    }
}
