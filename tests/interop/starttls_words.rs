//! What servers say in place of an upgrade to TLS, by scripted responders:
//! none is offered, it is refused, something else answers, or nothing does.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use scrutineer::model::gap::GapReason;

use crate::tls_offers::command;

/// What must come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It has no TLS: that is known.
    None,
    /// It cannot be said.
    Gap(GapReason),
}

use Outcome::{Gap, None};

const REFUSED: Outcome = Gap(GapReason::Refused);
const MALFORMED: Outcome = Gap(GapReason::Malformed);
const CUT: Outcome = Gap(GapReason::Reset);
const LATE: Outcome = Gap(GapReason::Timeout);

/// Protocol, what the server says first and after each thing that it is told,
/// and what must come of it. A server that says nothing more waits, for
/// `LATE`, or closes.
type Case = (&'static str, &'static [&'static [u8]], Outcome);

const CASES: &[Case] = &[
    ("smtp", &[], LATE),
    ("smtp", &[], CUT),
    ("smtp", &[b"HTTP/1.1 400 Bad Request\r\n\r\n"], None),
    ("smtp", &[b"554 no service for you\r\n"], REFUSED),
    ("smtp", &[b"220 mx\r\n", b"250 mx\r\n"], None),
    ("smtp", &[b"220 mx\r\n", b"502 what?\r\n"], None),
    ("smtp", &[b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 not now\r\n"], REFUSED),
    ("smtp", &[b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n"], MALFORMED),
    ("lmtp", &[b"220 mx\r\n", b"250-mx\r\n250 SIZE 1\r\n"], None),
    ("lmtp", &[b"220 mx\r\n", b"421 too many connections\r\n"], REFUSED),
    ("imap", &[b"* OK ready\r\n"], CUT),
    ("imap", &[b"* BYE too many connections\r\n"], REFUSED),
    ("imap", &[b"* OK ready\r\n", b"a1 BAD what?\r\n", b"* CAPABILITY IMAP4rev1\r\na2 OK\r\n"], None),
    ("imap", &[b"* OK ready\r\n", b"a1 NO not now\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na2 OK\r\n"], REFUSED),
    ("imap", &[b"* OK ready\r\n", b"a1 OK go\r\n* OK injected\r\n"], MALFORMED),
    ("imap", &[b"\x16\x03\x03\x00\x05hello\n"], None),
    ("pop3", &[b"-ERR too many connections\r\n"], REFUSED),
    ("pop3", &[b"+OK ready\r\n", b"-ERR what?\r\n", b"+OK\r\nUSER\r\n.\r\n"], None),
    ("pop3", &[b"+OK ready\r\n", b"-ERR what?\r\n", b"-ERR what?\r\n"], None),
    ("pop3", &[b"+OK ready\r\n", b"-ERR not now\r\n", b"+OK\r\nUSER\r\nSTLS\r\n.\r\n"], REFUSED),
    ("sieve", &[b"BYE (TRYLATER) \"later\"\r\n"], REFUSED),
    ("sieve", &[b"\"IMPLEMENTATION\" \"x\"\r\nOK\r\n"], None),
    ("sieve", &[b"\"STARTTLS\"\r\nOK\r\n", b"NO \"not now\"\r\n"], REFUSED),
    ("sieve", &[b"220 mx\r\n"], None),
    ("ldap", &[], LATE),
    ("ldap", &[b"", b"0\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"], None),
    ("ldap", &[b"", b"0\x0c\x02\x01\x01\x78\x07\x0a\x01\x33\x04\x00\x04\x00"], REFUSED),
    ("ldap", &[b"", b"0\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00more"], MALFORMED),
    ("ldap", &[b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], None),
    ("xmpp", &[b"", b"<stream:stream><stream:features/>"], None),
    ("xmpp", &[b"", b"<stream:stream><stream:error><host-unknown/></stream:error>"], REFUSED),
    (
        "xmpp-server",
        &[
            b"",
            b"<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
            b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ],
        REFUSED,
    ),
    ("xmpp", &[b"", b"what?"], None),
    ("ftp", &[b"421 too many connections\r\n"], REFUSED),
    ("ftp", &[b"220-Files\r\nof the county\r\n220 ready\r\n", b"500 what?\r\n"], None),
    ("ftp", &[b"220 ready\r\n", b"530 log in\r\n", b"211-Features\r\n SIZE\r\n211 end\r\n"], None),
    ("ftp", &[b"220 ready\r\n", b"530 log in\r\n", b"211-Features\r\n AUTH TLS\r\n211 end\r\n"], REFUSED),
    ("ftp", &[b"220 ready\r\n", b"431 no certificate\r\n"], REFUSED),
    ("ftp", &[b"220 ready\r\n", b"234 go\r\n230 injected\r\n"], MALFORMED),
    ("postgresql", &[], LATE),
    ("postgresql", &[b"", b"N"], None),
    ("postgresql", &[b"", b"E\x00\x00\x00\x05x"], REFUSED),
    ("postgresql", &[b"", b"Smore"], MALFORMED),
    ("mysql", &[b"\x03\x00\x00\x00\xff\x10\x04"], REFUSED),
    ("mysql", &[b"220 mx ESMTP ready for you\r\n"], None),
    ("mysql", &[], LATE),
];

/// Serves a script on a port of its own.
fn serve(script: &'static [&'static [u8]], waits: bool) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whatever fails here is the end of one connection.
            thread::spawn(move || play(stream, script, waits));
        }
    });
    port
}

fn play(mut stream: TcpStream, script: &[&[u8]], waits: bool) -> std::io::Result<()> {
    let mut buffer = [0; 4_096];
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    for (at, words) in script.iter().enumerate() {
        if at > 0 && stream.read(&mut buffer)? == 0 {
            return Ok(());
        }
        stream.write_all(words)?;
    }
    while waits && stream.read(&mut buffer)? > 0 {}
    if !script.is_empty() {
        // Unread bytes would make the close a reset.
        let _ = stream.read(&mut buffer)?;
    }
    Ok(())
}

#[test]
fn what_is_no_upgrade_is_told_apart() {
    let look = |(protocol, script, outcome): &Case| {
        let port = serve(script, *outcome == LATE);
        let begin = Instant::now();
        let (exit, seen) = command(port, Some(protocol));
        let took = begin.elapsed();
        let name = format!("{protocol} {:?} {outcome:?}", script.last());
        match outcome {
            None => {
                assert_eq!(seen.gaps, [], "{name}");
                assert_eq!(seen.endpoint.speaks_tls.known(), Some(&false), "{name}");
                assert_eq!(exit, 0, "{name}");
            }
            Gap(reason) => {
                let [gap] = seen.gaps.as_slice() else {
                    panic!("{name}: {:?}", seen.gaps);
                };
                assert_eq!(
                    (gap.at.as_str(), gap.reason),
                    ("/tls/endpoints/0", *reason),
                    "{name}"
                );
                assert!(seen.endpoint.speaks_tls.is_unseen(), "{name}");
                // Nothing could be observed.
                assert_eq!(exit, 3, "{name}");
            }
        }
        // A server that never answers costs no more than that.
        assert!(took < Duration::from_secs(45), "{name}: {took:?}");
    };
    let (late, others): (Vec<_>, Vec<_>) = CASES.iter().partition(|case| case.2 == LATE);
    thread::scope(|scope| {
        for case in late {
            scope.spawn(move || look(case));
        }
        for part in others.chunks(10) {
            scope.spawn(move || part.iter().for_each(|case| look(case)));
        }
    });
}
