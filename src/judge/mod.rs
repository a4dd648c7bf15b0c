//! Judges an observation under a profile. Pure.
