//! Mail exchangers that stall, flood and mislead.

use std::{thread::sleep, time::Duration};

use super::{
    harness::{Case, Pipe, Serve, serve},
    web::{drip, flood, silence},
};

fn line(pipe: &mut dyn Pipe) -> bool {
    let mut byte = [0];
    while matches!(pipe.read(&mut byte), Ok(1)) {
        if byte[0] == b'\n' {
            return true;
        }
    }
    false
}

/// Greets, and answers EHLO as told.
fn after_ehlo(what: impl Fn(&mut dyn Pipe) + Send + Sync + 'static) -> Serve {
    serve(move |pipe| {
        let _ = pipe.write_all(b"220 mx.hostile.example ESMTP\r\n");
        if line(pipe) {
            what(pipe);
        }
    })
}

pub fn cases() -> Vec<Case> {
    let evil = "e\x1b[31mvil\u{202E}\u{2066}\u{9b}2J\u{7f}\0";
    let list: Vec<(&str, Serve, &'static [&'static str])> = vec![
        ("silent", serve(silence), &["timeout"]),
        (
            "greeting without end",
            serve(|pipe| flood(pipe, b"220 aaaaaaaaaaaaaaaa", 200 << 20)),
            &["too_large"],
        ),
        (
            "greeting of endless lines",
            serve(|pipe| flood(pipe, b"220-more\r\n", 200 << 20)),
            &["too_large"],
        ),
        (
            "greeting at a byte a second",
            serve(|pipe| drip(pipe, &b"220-x\r\n".repeat(9), Duration::from_millis(900))),
            &["timeout"],
        ),
        (
            "garbage",
            serve(|pipe| {
                let _ = pipe.write_all(&b"\x00\xff\x1b[2J\x9b\r\n\r\n".repeat(20));
                let _ = line(pipe);
            }),
            &["malformed"],
        ),
        (
            "EHLO of endless lines",
            after_ehlo(|pipe| flood(pipe, b"250-SIZE\r\n", 200 << 20)),
            &["too_large"],
        ),
        ("EHLO, then silence", after_ehlo(silence), &["timeout"]),
        ("EHLO, then gone", after_ehlo(|_| {}), &["reset"]),
        (
            "control characters",
            serve(move |pipe| {
                let _ = pipe.write_all(format!("220 {evil}\r\n").as_bytes());
                while line(pipe) {
                    let _ =
                        pipe.write_all(format!("250-{evil}\r\n250 {evil} STARTTLS\r\n").as_bytes());
                }
            }),
            &[],
        ),
        (
            "refuses with escapes",
            serve(move |pipe| {
                let _ = pipe.write_all(format!("554 {evil}\r\n").as_bytes());
                let _ = line(pipe);
            }),
            &["refused"],
        ),
    ];
    let mut cases: Vec<Case> = list
        .into_iter()
        .map(|(what, serve, reasons)| Case {
            servers: vec![(25, serve)],
            reasons,
            deadline: 28,
            ..Case::new(format!("SMTP: {what}"), "mail")
        })
        .collect();
    cases.push(Case {
        servers: vec![(
            25,
            serve(|pipe| drip(pipe, &b"220-x\r\n".repeat(9), Duration::from_millis(900))),
        )],
        reasons: &["timeout"],
        deadline: 28,
        ..Case::new("STARTTLS: greeting at a byte a second", "tls")
    });
    // What is sent behind the leave to begin TLS must not be taken for part of TLS.
    for (what, tail) in [
        ("plain replies", b"250 injected\r\n".as_slice()),
        ("an alert", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("a wish for more", b"220 again\r\n\r\n"),
    ] {
        cases.push(Case {
            servers: vec![(
                25,
                serve(move |pipe| {
                    let _ = pipe.write_all(b"220 mx ESMTP\r\n");
                    let _ = line(pipe);
                    let _ = pipe.write_all(b"250-mx\r\n250 STARTTLS\r\n");
                    let _ = line(pipe);
                    let _ = pipe.write_all(&[b"220 go\r\n", tail].concat());
                    sleep(Duration::from_secs(2));
                }),
            )],
            reasons: &["malformed"],
            words: &["before TLS"],
            deadline: 25,
            ..Case::new(format!("STARTTLS and then {what}"), "tls")
        });
    }
    cases
}
