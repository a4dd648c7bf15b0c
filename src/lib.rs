//! Scrutineer watches an election's infrastructure being run.
//!
//! The crate in one line: inventory and profile make a plan; [`probes`] write
//! facts into an observation, which is saved; [`judge`] turns a saved
//! observation into verdicts and findings; [`report`] shows them.
//!
//! Data flows in that direction and never back. Everything right of the saved
//! observation is pure: no socket, no clock, no randomness.
//!
//! * [`model`] and [`wire`] know nobody.
//! * [`rules`], [`judge`], [`baseline`], [`plan`] and [`report`] know `model` and never meet `net`.
//! * [`probes`] know [`net`], `wire` and `model`, never each other.
//! * [`derive`] joins what two areas saw, by RFC rules.
//! * [`scan`] runs probes and saves observations through [`store`].
//! * [`reference`] makes the pages of `docs/reference` out of the sources.
//! * [`cli`] knows all.

pub mod baseline;
pub mod cli;
pub mod content;
pub mod derive;
pub mod estate;
pub mod judge;
pub mod model;
pub mod net;
pub mod plan;
pub mod probes;
pub mod reference;
pub mod report;
pub mod rules;
pub mod scan;
pub mod store;
pub mod wire;

/// Name and version of this program, as documents name it.
pub const TOOL: &str = concat!("scrutineer ", env!("CARGO_PKG_VERSION"));

/// Moving tables that this program carries, with their editions. Results from
/// different editions are compared only with a mark.
pub const TABLES: [(&str, &str); 4] = [
    ("clients", content::clients::EDITION),
    ("public_suffixes", env!("SCRUTINEER_PUBLIC_SUFFIXES")),
    ("third_parties", probes::web::PARTIES_EDITION),
    ("trusted_roots", env!("SCRUTINEER_TRUSTED_ROOTS")),
];
