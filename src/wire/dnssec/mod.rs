//! Validates DNSSEC signatures and proofs of absence (RFC 4033 to 4035, RFC
//! 5155, RFC 6840). Pure: records in, a verdict with its reason out.
//!
//! The cryptography is hickory's; what is signed, by whom and when, and what
//! an NSEC or NSEC3 record proves, is decided here, because a scanner has to
//! say at which link and why a chain breaks.

mod anchor;
mod answer;
mod chain;
mod denial;
mod rrset;
mod signature;

pub use anchor::{anchor_line, iana_anchors, parse_anchors};
pub use answer::{AnswerFault, Question, Validated};
pub use chain::{Chain, Link, Reason, Sections, Status, Step, signatures, walk, walk_from};
pub use denial::{Denial, DenialFault, ITERATIONS_MAX, NoDs, Proofs};
pub use rrset::{Rrset, rrsets};
pub use signature::{Checked, SignatureFault, Verified, verify};
