#![no_main]

#[path = "../web_invariants.rs"]
#[allow(dead_code)]
mod web_invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| web_invariants::csp(bytes));
