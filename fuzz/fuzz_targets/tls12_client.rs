#![no_main]

#[path = "../tls.rs"]
#[allow(dead_code)]
mod tls;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tls::tls12_client(bytes));
