//! What allies exchange: how participants stand, and never which target fails.
//!
//! * [`exchange`] is what participants agree on: a profile, a calendar, pins.
//! * [`measure`] says what of runs counts, [`count`] counts it, [`assign`] by which
//!   kinds, and [`band`] turns counts into what is shown.
//! * [`cut`] makes the document, [`explain`] shows its owner why, and
//!   [`manifest`] binds it to the runs, which stay at home.
//! * [`compare`] puts documents beside each other, and [`aggregate`] counts how
//!   many participants reach 90 %.
//! * [`own`] counts an office's own runs, exactly and for itself, and [`period`] puts
//!   them beside aggregates for a report.
//! * [`share`] gathers what of accepted documents may be handed on.
//! * [`document`] is what they hand each other, inside an in-toto statement.
//! * [`ledger`] remembers what was cut, so that no period is cut twice.
//! * [`canonical`] is JSON that has one form only, read strictly.
//! * [`envelope`] signs documents with a [`key`], and says which key signed.
//! * [`roster`] says who takes part and what was accepted; [`trust`] follows it
//!   from version to version, and [`verify`] holds documents against it.
//! * [`pack`] is a document with checks and profiles, which an exchange hands out.
//! * [`panel`] pins which names are measured, and [`relabel`] gives the same cells another label.
//! * [`refusal`] is every reason not to trust a document.
//!
//! Everything here is pure. A document holds no row and no name of a target,
//! and each number that could tell one is a band. These are rules and not
//! differential privacy: who knows most of a fleet can infer the rest.

pub mod aggregate;
pub mod assign;
pub mod band;
pub mod canonical;
pub mod compare;
pub mod count;
pub mod cut;
pub mod document;
pub mod envelope;
pub mod exchange;
pub mod explain;
pub mod found;
pub mod key;
pub mod kind;
pub mod ledger;
pub mod manifest;
pub mod measure;
pub mod names;
pub mod own;
pub mod pack;
pub mod panel;
pub mod period;
pub mod recipients;
pub mod refusal;
pub mod relabel;
pub mod roster;
pub mod secret;
pub mod share;
pub mod statement;
pub mod trust;
pub mod trust_store;
pub mod verify;
