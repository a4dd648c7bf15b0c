//! Version negotiation of QUIC against scripted responders: Debian's servers speak
//! no HTTP/3. A real one is asked in `aioquic`, where Python has it.

use std::{
    fs,
    net::UdpSocket,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::Quic,
};

use crate::support::{Running, left_out, program};
use crate::tls::{Pki, Seen, observe, serve};

/// Answers every datagram with what `script` makes of it.
fn respond(port: u16, script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
    let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            for answer in script(&buffer[..count]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
}

/// A Version Negotiation packet for a question (RFC 9000 section 17.2.1).
fn negotiation(question: &[u8], versions: &[u32]) -> Vec<u8> {
    assert_eq!(question.len(), 1_200, "a datagram of the least size");
    assert_eq!(question[0] & 0xc0, 0xc0, "a long header");
    assert_eq!((question[5], question[14]), (8, 8));
    let mut out = vec![0x80, 0, 0, 0, 0, 8];
    out.extend_from_slice(&question[15..23]);
    out.push(8);
    out.extend_from_slice(&question[6..14]);
    out.extend(versions.iter().flat_map(|version| version.to_be_bytes()));
    out
}

fn names(seen: &Seen) -> Option<Vec<&str>> {
    let quic: Option<&Quic> = seen.endpoint.quic.known()?.as_ref();
    Some(
        quic?
            .versions
            .iter()
            .map(|version| version.name.as_str())
            .collect(),
    )
}

#[test]
fn versions_are_named_and_silence_is_no_answer() {
    let Some((_server, named)) = serve(&["ec"], None, &["-tls1_3"]) else {
        return;
    };
    respond(named, |question| {
        let mut foreign = negotiation(question, &[7]);
        foreign[6] ^= 1;
        let versions = [0x6b33_43cf, 1, 0xff00_001d, 0x9a8a_7a6a];
        vec![foreign, negotiation(question, &versions)]
    });
    let seen = observe(named, None, Level::Standard);
    assert_eq!(names(&seen), Some(vec!["v2", "v1", "draft-29"]));

    let (_server, silent) = serve(&["ec"], None, &["-tls1_3"]).unwrap();
    respond(silent, |_| Vec::new());
    let seen = observe(silent, None, Level::Standard);
    let [gap] = &seen.gaps[..] else {
        panic!("{:?}", seen.gaps);
    };
    assert_eq!(
        (gap.at.as_str(), gap.reason),
        ("/tls/endpoints/0/quic", GapReason::Timeout)
    );

    let (_server, closed) = serve(&["ec"], None, &["-tls1_3"]).unwrap();
    let seen = observe(closed, None, Level::Standard);
    assert_eq!(
        (seen.endpoint.quic.known(), seen.gaps.len()),
        (Some(&None), 0)
    );
}

#[test]
fn a_real_server_names_its_versions() {
    let own = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/validators/python/bin/python"
    );
    let python = match Path::new(own).exists() {
        true => own,
        false => "python3",
    };
    let has = Command::new(python).args(["-c", "import aioquic"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        left_out(
            "QUIC version negotiation by aioquic",
            "python3 has no module aioquic",
        );
        return;
    }
    if program("openssl", "openssl", "QUIC").is_none() {
        return;
    }
    let pki = Pki::get();
    let (_server, port) = serve(&["ec"], None, &["-tls1_3"]).unwrap();
    let script = format!(
        "import asyncio\n\
         from aioquic.asyncio import serve\n\
         from aioquic.quic.configuration import QuicConfiguration\n\
         async def main():\n\
         \x20   c = QuicConfiguration(is_client=False, alpn_protocols=['h3'])\n\
         \x20   c.load_cert_chain({:?}, {:?})\n\
         \x20   await serve('127.0.0.1', {port}, configuration=c)\n\
         \x20   print('ready', flush=True)\n\
         \x20   await asyncio.Future()\n\
         asyncio.run(main())\n",
        pki.path("ec.pem"),
        pki.path("ec.key"),
    );
    let log = pki.path("aioquic.log");
    let mut command = Command::new(python);
    command.args(["-c", &script]);
    let _quic = Running::start(&mut command, &[], &log);
    let begun = Instant::now();
    while !fs::read_to_string(&log).is_ok_and(|text| text.contains("ready")) {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "aioquic does not start"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let seen = observe(port, None, Level::Standard);
    let names = names(&seen).expect("an answer");
    assert!(names.contains(&"v1"), "{names:?}");
}
