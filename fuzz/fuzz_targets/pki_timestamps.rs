#![no_main]

#[path = "../pki.rs"]
#[allow(dead_code)]
mod pki;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pki::timestamps(bytes));
