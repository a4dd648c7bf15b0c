//! TLS servers that stall, flood and mislead.

use std::{thread::sleep, time::Duration};

use super::{
    encrypted,
    harness::{Case, Pipe, Serve, serve},
    web::{drip, flood, request, silence},
};

fn case(what: &str, serve: Serve, reasons: &'static [&'static str], blind: bool) -> Case {
    Case {
        servers: vec![(443, serve)],
        reasons,
        blind,
        deadline: 25,
        ..Case::new(what, "tls")
    }
}

/// Reads the hello, then does as told.
fn after_hello(what: impl Fn(&mut dyn Pipe) + Send + Sync + 'static) -> Serve {
    serve(move |pipe| {
        if matches!(pipe.read(&mut [0; 4096]), Ok(1..)) {
            what(pipe);
        }
    })
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], length.as_slice(), body].concat()
}

pub fn cases() -> Vec<Case> {
    let handshake = record(22, &[&[2, 255, 255, 255][..], &[0; 16_000]].concat());
    let empty = record(22, &[]);
    let warning = record(21, &[1, 90]);
    let unknown = record(21, &[2, 255]);
    let garbage: Vec<u8> = (0..5_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let torn = record(22, &[2, 0, 0, 90, 3, 3]);
    vec![
        case("silent", serve(silence), &["timeout"], true),
        case(
            "closes after each hello",
            after_hello(|_| {}),
            &["reset"],
            true,
        ),
        case(
            "resets at once",
            serve(|_| sleep(Duration::from_millis(30))),
            &["reset"],
            true,
        ),
        case(
            "garbage",
            after_hello(move |pipe| {
                let _ = pipe.write_all(&garbage);
            }),
            &[],
            false,
        ),
        case(
            "HTTP on the port of HTTPS",
            serve(|pipe| {
                let _ = pipe.write_all(b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[31m\r\n\r\n");
                let _ = request(pipe);
            }),
            &[],
            false,
        ),
        case(
            "handshake records for ever",
            after_hello(move |pipe| flood(pipe, &handshake, 200 << 20)),
            &["too_large", "malformed"],
            true,
        ),
        case(
            "empty records for ever",
            after_hello(move |pipe| flood(pipe, &empty, 200 << 20)),
            &["too_large", "malformed", "timeout"],
            true,
        ),
        case(
            "warnings for ever",
            after_hello(move |pipe| flood(pipe, &warning, 200 << 20)),
            &[],
            false,
        ),
        case(
            "an unknown alert",
            after_hello(move |pipe| {
                let _ = pipe.write_all(&unknown);
            }),
            &[],
            false,
        ),
        case(
            "half a hello, then silence",
            after_hello(move |pipe| {
                let _ = pipe.write_all(&torn);
                silence(pipe);
            }),
            &["timeout"],
            true,
        ),
        case(
            "a byte a second",
            after_hello(|pipe| {
                drip(
                    pipe,
                    &record(22, &[2, 0, 0, 90]).repeat(9),
                    Duration::from_millis(900),
                )
            }),
            &["timeout"],
            true,
        ),
        case(
            "odd names in the certificate",
            encrypted::with_certificate(encrypted::odd_names(), 0),
            &[],
            false,
        ),
        case(
            "10,000 names in the certificate",
            encrypted::with_certificate(encrypted::many_names(10_000), 0),
            &["too_large", "malformed", "tls_failed"],
            false,
        ),
        case(
            "2,500 names in the certificate",
            encrypted::with_certificate(encrypted::many_names(2_500), 0),
            &[],
            false,
        ),
        case(
            "a chain of 100 certificates",
            encrypted::with_certificate(encrypted::many_names(0), 100),
            &[],
            false,
        ),
        case(
            "an ordinary server",
            encrypted::with_certificate(encrypted::many_names(0), 0),
            &[],
            false,
        ),
    ]
}
