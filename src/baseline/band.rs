//! From exact counts to bands, and what is not shown at all.
//!
//! Whole numbers only, on exact counts, with half-open edges. Whether a cell
//! is shown depends on how many were judged and how many could not be, and
//! never on how many fail.

use std::fmt;

use crate::model::{
    cell::{Coverage, Judged, Passing},
    verdict::Verdict,
};

/// Fewest judged in a cell that is shown.
pub const FEWEST_JUDGED: u64 = 10;
/// Fewest percent of judged and inconclusive that must be judged.
pub const LEAST_COVERAGE: u64 = 80;
/// Fewest organisations in a cell of a pool.
pub const FEWEST_ORGANISATIONS: u64 = 5;

/// Exact counts of a cell. They never leave their owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Meet the entry.
    pub pass: u64,
    /// Do not meet it; waived ones count here.
    pub fail: u64,
    /// To be judged, and could not be.
    pub inconclusive: u64,
}

impl Tally {
    /// Counts one more. What an entry does not apply to is left out.
    pub fn count(&mut self, verdict: Verdict) {
        let slot = match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Fail => &mut self.fail,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::NotApplicable => return,
        };
        *slot = slot.saturating_add(1);
    }

    /// Those that pass or fail.
    pub fn judged(&self) -> u64 {
        self.pass.saturating_add(self.fail)
    }

    /// Those that pass, fail or stay open.
    pub fn asked(&self) -> u64 {
        self.judged().saturating_add(self.inconclusive)
    }

    /// The bands of the cell.
    ///
    /// # Errors
    /// Why the cell is not shown.
    pub fn bands(&self) -> Result<Bands, Hidden> {
        let judged = self.judged();
        if judged < FEWEST_JUDGED {
            return Err(Hidden::Few);
        }
        if !reaches(judged, self.asked(), LEAST_COVERAGE) {
            return Err(Hidden::Coverage);
        }
        Ok(Bands {
            judged: match judged {
                ..20 => Judged::From10,
                20..50 => Judged::From20,
                50..100 => Judged::From50,
                100.. => Judged::From100,
            },
            coverage: match reaches(judged, self.asked(), 95) {
                true => Coverage::From95,
                false => Coverage::From80,
            },
            passing: self.passing(),
        })
    }

    /// The band of those that pass, however few were judged.
    pub fn passing(&self) -> Passing {
        let judged = self.judged();
        let reaches = |percent| reaches(self.pass, judged, percent);
        if !reaches(50) {
            Passing::Below50
        } else if reaches(90) {
            Passing::From90
        } else if judged < 20 {
            Passing::From50To90
        } else if reaches(75) {
            Passing::From75To90
        } else {
            Passing::From50To75
        }
    }
}

/// What is shown of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bands {
    /// How many were judged.
    pub judged: Judged,
    /// How many of those to be judged could be.
    pub coverage: Coverage,
    /// How many of those judged pass.
    pub passing: Passing,
}

/// Why a cell is not shown. The reason stays with its owner, like the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hidden {
    /// Too few were judged.
    Few,
    /// Too many stay open.
    Coverage,
    /// Too few organisations of a pool were judged.
    FewOrganisations,
    /// More than half of a pool's targets are of one organisation.
    OneOrganisation,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Few => write!(f, "fewer than {FEWEST_JUDGED} were judged"),
            Self::Coverage => write!(
                f,
                "judged are below {LEAST_COVERAGE} % of judged and inconclusive"
            ),
            Self::FewOrganisations => write!(
                f,
                "targets of fewer than {FEWEST_ORGANISATIONS} organisations were judged"
            ),
            Self::OneOrganisation => {
                f.write_str("more than half of the judged targets are of one organisation")
            }
        }
    }
}

/// Whether a part is at least so many percent of a whole.
fn reaches(part: u64, whole: u64, percent: u64) -> bool {
    // Wider than any count, so that nothing overflows.
    100 * u128::from(part) >= u128::from(percent) * u128::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(pass: u64, fail: u64, inconclusive: u64) -> Tally {
        Tally {
            pass,
            fail,
            inconclusive,
        }
    }

    #[test]
    fn edges_are_half_open() {
        use Coverage::{From80, From95};
        use Judged::{From10, From20, From50, From100};
        use Passing::{Below50, From50To75, From50To90, From75To90, From90};
        for (pass, fail, open, judged, coverage, passing) in [
            (4, 6, 0, From10, From95, Below50),
            (5, 5, 0, From10, From95, From50To90),
            (8, 2, 0, From10, From95, From50To90),
            (9, 1, 0, From10, From95, From90),
            (8, 2, 2, From10, From80, From50To90),
            (17, 2, 0, From10, From95, From50To90),
            (9, 11, 1, From20, From95, Below50),
            (10, 10, 0, From20, From95, From50To75),
            (14, 6, 0, From20, From95, From50To75),
            (15, 5, 0, From20, From95, From75To90),
            (17, 3, 0, From20, From95, From75To90),
            (18, 2, 2, From20, From80, From90),
            (49, 0, 0, From20, From95, From90),
            (50, 0, 0, From50, From95, From90),
            (89, 10, 0, From50, From95, From75To90),
            (90, 10, 5, From100, From95, From90),
            (95, 0, 5, From50, From95, From90),
            (94, 0, 6, From50, From80, From90),
            (u64::MAX / 2, u64::MAX / 2, 0, From100, From95, From50To75),
        ] {
            let expected = Bands {
                judged,
                coverage,
                passing,
            };
            assert_eq!(
                tally(pass, fail, open).bands(),
                Ok(expected),
                "{pass} {fail} {open}"
            );
        }
    }

    #[test]
    fn what_is_too_little_is_not_shown() {
        for (pass, fail, open, why) in [
            (0, 0, 0, Hidden::Few),
            (9, 0, 0, Hidden::Few),
            (0, 9, 0, Hidden::Few),
            (5, 4, 100, Hidden::Few),
            (10, 0, 3, Hidden::Coverage),
            (0, 10, 3, Hidden::Coverage),
            (79, 0, 20, Hidden::Coverage),
        ] {
            assert_eq!(
                tally(pass, fail, open).bands(),
                Err(why),
                "{pass} {fail} {open}"
            );
        }
        assert!(tally(80, 0, 20).bands().is_ok(), "80 % is enough");
    }
}
