//! One file an output format. Pure.
