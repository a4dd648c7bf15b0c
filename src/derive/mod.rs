//! Joins of areas by RFC rules, run before an observation is saved.
