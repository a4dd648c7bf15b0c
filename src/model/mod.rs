//! Plain types that every room shares. This module knows no other.
//!
//! Data flows in one direction: a [`target::Target`] is observed, the
//! [`observation::Observation`] is saved, checks judge it into verdicts, and
//! verdicts become findings.

pub mod bearing;
pub mod cell;
pub mod check;
pub mod comparison;
pub mod control;
pub mod diff;
pub mod difference;
pub mod disagreement;
pub mod finding;
pub mod gap;
pub mod level;
pub mod marks;
pub mod matrix;
pub mod observation;
pub mod observatory;
pub mod pack_diff;
pub mod period;
pub mod plan;
pub mod profile;
pub mod run;
pub mod seen;
pub mod shareable;
pub mod shared;
pub mod spoofing;
pub mod standing;
pub mod target;
pub mod tlp;
pub mod tls_grade;
pub mod verdict;
