#![no_main]

#[path = "../dns_invariants.rs"]
#[allow(dead_code)]
mod dns_invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dns_invariants::message(bytes));
