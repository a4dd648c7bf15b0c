//! The check language: CEL, linted against the observation's schema, evaluated in three values.
