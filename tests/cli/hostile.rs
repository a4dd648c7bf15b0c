//! The built program against servers and files made to stall, flood, mislead or crash it.
//!
//! `HOSTILE_LOG=DIR` keeps the table and the run of each case there.

pub mod encrypted;
mod files;
pub mod harness;
mod mail;
pub mod names;
mod resolving;
mod tls;
pub mod web;

#[test]
fn hostile_servers_end_in_time_as_what_they_are() {
    let mut cases = web::cases();
    cases.extend(tls::cases());
    cases.extend(resolving::cases());
    cases.extend(mail::cases());
    // The slowest first, so that none is left over at the end.
    cases.sort_by_key(|case| std::cmp::Reverse(case.deadline));
    if let Ok(only) = std::env::var("HOSTILE_ONLY") {
        cases.retain(|case| format!("{} {}", case.area, case.what).contains(&only));
    }
    harness::run(cases);
}
