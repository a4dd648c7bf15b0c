//! Revocation: OCSP by OpenSSL's responder, stapled by OpenSSL and by nginx, and
//! lists over HTTP.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};

use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::{
        AnswerProblemName as Problem, AnswerSigner, Certificate, RevocationSource as Source,
        RevocationStatus as Status,
    },
    wire::der,
};

use crate::hosted::{Hosted, Page};
use crate::support::{Names, Running, free_port, program, scan};
use crate::tls::{HOST, Pki, Question, observe_target, serve};

const ZONE: &str = "
$TTL 300
@ IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@ IN NS  ns1.site.example.
@ IN A   192.0.2.80
";
const OCSP: &str = "authorityInfoAccess=OCSP;URI:http://ocsp.pki.example\n";
const CRL: &str = "crlDistributionPoints=URI:http://crl.pki.example/inter.crl\n";

/// Certificates with places to ask, and what the authority says of them.
struct Office;

impl Office {
    fn get() -> Option<&'static Pki> {
        static MADE: OnceLock<()> = OnceLock::new();
        program("openssl", "openssl", "revocation")?;
        let pki = Pki::get();
        MADE.get_or_init(|| {
            let leaf = |name: &str, serial: &str, more: &str| {
                let extensions =
                    format!("subjectAltName=DNS:{HOST}\nextendedKeyUsage=serverAuth\n{more}");
                let terms = ["-days", "30", "-set_serial", serial];
                pki.issue(name, Some("publisher"), "ec", HOST, &extensions, &terms);
            };
            let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n";
            let long = ["-days", "60"];
            pki.issue("publisher", Some("root"), "rsa:2048", "Test publisher", authority, &long);
            // Authorities that the root has on its list of the same numbers, or not.
            let pointer = "crlDistributionPoints=URI:http://crl.pki.example/root.crl\n";
            for (name, serial) in [("sound", "0x1001"), ("fallen", "0x1002")] {
                let above = format!("{authority}{pointer}");
                let terms = ["-days", "60", "-set_serial", serial];
                pki.issue(name, Some("root"), "ec", &format!("Test {name}"), &above, &terms);
                let leaf = format!("under-{name}");
                let extensions = format!("subjectAltName=DNS:{HOST},DNS:www.{HOST}\nextendedKeyUsage=serverAuth\n");
                pki.issue(&leaf, Some(name), "ec", HOST, &extensions, &["-days", "30"]);
            }
            leaf("kept", "0x1001", &format!("{OCSP}{CRL}"));
            leaf("stolen", "0x1002", &format!("{OCSP}{CRL}"));
            leaf("foreign", "0x1003", OCSP);
            leaf("listed", "0x1004", CRL);
            leaf("clean", "0x1005", CRL);
            leaf("pinned", "0x1006", &format!("{OCSP}tlsfeature=status_request\n"));
            leaf("private", "0x1007", "authorityInfoAccess=OCSP;URI:http://home.pki.example\n");
            leaf("odd", "0x1008", "authorityInfoAccess=OCSP;URI:http://ocsp.pki.example:8080/a\n");
            let signer = "extendedKeyUsage=OCSPSigning\n";
            pki.issue("delegate", Some("publisher"), "ec", "Answers", signer, &long);
            pki.issue("pretender", Some("publisher"), "ec", "Answers", "", &long);
            pki.issue("stranger", Some("root"), "ec", "Answers", signer, &long);
            let line = |state: &str, serial: &str| {
                format!("{state}\t{serial}\tunknown\t/CN={serial}\n")
            };
            let until = "401231235959Z";
            let valid = format!("V\t{until}\t");
            let revoked = format!("R\t{until}\t261101000000Z,keyCompromise");
            let known = [("1001", &valid), ("1002", &revoked), ("1004", &revoked), ("1005", &valid), ("1006", &valid)];
            let index: String = known.iter().map(|(serial, state)| line(state, serial)).collect();
            fs::write(pki.path("index.txt"), index).unwrap();
            let section = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n";
            let part = "[idp]\nissuingDistributionPoint=critical,@place\n[place]\nfullname=URI:http://crl.pki.example/";
            fs::write(pki.path("ca.cnf"), format!("{section}{part}inter.crl\n")).unwrap();
            fs::write(pki.path("other.cnf"), format!("{section}{part}part-2.crl\n")).unwrap();
            for (name, issuer, more) in [
                ("whole", "publisher", &[][..]),
                ("part", "publisher", &["-crlexts", "idp"]),
                ("elsewhere", "publisher", &["-crlexts", "idp", "-config", "other.cnf"]),
                ("others", "root", &[]),
            ] {
                let (key, pem) = (format!("{issuer}.key"), format!("{issuer}.pem"));
                let (crl, out) = (format!("{name}.pemcrl"), format!("{name}.crl"));
                let mut make = vec!["ca", "-gencrl", "-keyfile", &key, "-cert", &pem, "-crldays", "7", "-out", &crl];
                if !more.contains(&"-config") {
                    make.extend(["-config", "ca.cnf"]);
                }
                make.extend(more);
                pki.openssl(&make);
                pki.openssl(&["crl", "-in", &crl, "-outform", "DER", "-out", &out]);
            }
        });
        Some(pki)
    }
}

/// An answer about a certificate, signed by somebody; gives the name of its file.
fn answer(pki: &Pki, about: &str, signer: &str) -> String {
    let file = format!("{about}-{signer}.ocsp");
    let pem = |name: &str| format!("{name}.pem");
    let (cert, signer, key) = (pem(about), pem(signer), format!("{signer}.key"));
    pki.openssl(&[
        "ocsp",
        "-index",
        "index.txt",
        "-CA",
        "publisher.pem",
        "-issuer",
        "publisher.pem",
        "-cert",
        &cert,
        "-rsigner",
        &signer,
        "-rkey",
        &key,
        "-ndays",
        "3",
        "-respout",
        &file,
        "-noverify",
        "-no_nonce",
    ]);
    file
}

/// The same answer with other dates, signed anew by the publisher.
fn redated(pki: &Pki, file: &str, from: &str, until: &str) -> String {
    let bytes = fs::read(pki.path(file)).unwrap();
    let outer = der::only(&bytes, der::SEQUENCE).unwrap();
    let mut parts = outer.inside();
    let status = parts.element().unwrap().whole;
    let mut inner = der::only(parts.element().unwrap().content, der::SEQUENCE)
        .unwrap()
        .inside();
    let kind = inner.element().unwrap().whole;
    let mut basic = der::only(inner.element().unwrap().content, der::SEQUENCE)
        .unwrap()
        .inside();
    let mut body = basic.element().unwrap().whole.to_vec();
    let algorithm = basic.element().unwrap().whole;
    // The last two dates are those of the certificate's state.
    let places: Vec<usize> = (0..body.len())
        .filter(|at| body[*at..].starts_with(&[0x18, 15]))
        .collect();
    let [.., first, second] = places[..] else {
        panic!("{places:?}")
    };
    body[first + 2..first + 17].copy_from_slice(from.as_bytes());
    body[second + 2..second + 17].copy_from_slice(until.as_bytes());
    let signature = [&[0][..], &pki.signature("publisher", &body)].concat();
    let basic = der::sequence(&[&body, algorithm, &der::write(der::BIT_STRING, &signature)]);
    let basic = der::write(der::OCTET_STRING, &basic);
    let inner = der::write(0xa0, &der::sequence(&[kind, &basic]));
    let name = format!("{from}-{file}");
    fs::write(pki.path(&name), der::sequence(&[status, &inner])).unwrap();
    name
}

/// Looks at a port; the places of the authority are led to these ports.
fn look(
    pki: &Pki,
    port: u16,
    ocsp: u16,
    crl: u16,
    level: Level,
) -> (Certificate, Vec<(String, GapReason, String)>) {
    let (mut facts, gaps, _) = observe_target(&Question {
        zone: ZONE,
        roles: &["website"],
        rules: &[
            format!("192.0.2.80:443:127.0.0.1:{port}"),
            format!("ocsp.pki.example:80:127.0.0.1:{ocsp}"),
            format!("crl.pki.example:80:127.0.0.1:{crl}"),
        ],
        root: Some(&pki.path("root.pem")),
        level,
        ct_logs: None,
    });
    let endpoint = facts.endpoints.known_mut().unwrap().remove(0);
    let certificate = endpoint.certificates.known().unwrap()[0].clone();
    let gaps = gaps
        .into_iter()
        .filter(|gap| gap.at.ends_with("/revocation"));
    let gaps = gaps.map(|gap| (gap.at, gap.reason, gap.detail.unwrap_or_default()));
    (certificate, gaps.collect())
}

#[test]
fn staples_are_held_against_certificate_issuer_and_time() {
    let Some(pki) = Office::get() else { return };
    let good = answer(pki, "kept", "publisher");
    let late = redated(pki, &good, "20200101000000Z", "20200108000000Z");
    let early = redated(pki, &good, "20400101000000Z", "20400108000000Z");
    fs::write(pki.path("later.ocsp"), [0x30, 3, 0x0a, 1, 3]).unwrap();
    fs::write(
        pki.path("torn.ocsp"),
        &fs::read(pki.path(&good)).unwrap()[..200],
    )
    .unwrap();
    let mut broken = fs::read(pki.path(&good)).unwrap();
    // Within the signature of 256 bytes, which comes before the certificate.
    let at = broken
        .windows(4)
        .position(|four| four == [0x03, 0x82, 0x01, 0x01])
        .unwrap();
    broken[at + 40] ^= 1;
    fs::write(pki.path("broken.ocsp"), broken).unwrap();
    type Expected<'a> = (Option<Status>, Option<AnswerSigner>, &'a [Problem]);
    let issuer = Some(AnswerSigner::Issuer);
    let cases: [(&str, String, Expected<'_>); 12] = [
        ("kept", good.clone(), (Some(Status::Good), issuer, &[])),
        (
            "kept",
            answer(pki, "kept", "delegate"),
            (Some(Status::Good), Some(AnswerSigner::Delegate), &[]),
        ),
        (
            "stolen",
            answer(pki, "stolen", "publisher"),
            (Some(Status::Revoked), issuer, &[]),
        ),
        (
            "foreign",
            answer(pki, "foreign", "publisher"),
            (Some(Status::NotKnownToIssuer), issuer, &[]),
        ),
        (
            "kept",
            late,
            (Some(Status::Good), issuer, &[Problem::Expired]),
        ),
        (
            "kept",
            early,
            (Some(Status::Good), issuer, &[Problem::NotYetValid]),
        ),
        (
            "kept",
            answer(pki, "kept", "pretender"),
            (Some(Status::Good), None, &[Problem::WrongSigner]),
        ),
        (
            "kept",
            answer(pki, "kept", "stranger"),
            (Some(Status::Good), None, &[Problem::WrongSigner]),
        ),
        (
            "stolen",
            good.clone(),
            (None, issuer, &[Problem::OtherCertificate]),
        ),
        (
            "kept",
            "broken.ocsp".to_owned(),
            (Some(Status::Good), None, &[Problem::BadSignature]),
        ),
        (
            "kept",
            "later.ocsp".to_owned(),
            (None, None, &[Problem::Refused]),
        ),
        (
            "kept",
            "torn.ocsp".to_owned(),
            (None, None, &[Problem::Unreadable]),
        ),
    ];
    for (leaf, file, (status, signer, problems)) in cases {
        let path = pki.path(&file);
        // What OpenSSL cannot read it does not staple: nginx neither.
        let options = ["-status_file", path.to_str().unwrap()];
        let (_server, port) = match file.as_str() {
            "torn.ocsp" => continue,
            _ => serve(&[leaf], Some("publisher.pem"), &options).unwrap(),
        };
        let closed = free_port();
        let (seen, gaps) = look(pki, port, closed, closed, Level::Passive);
        let staple = seen
            .staple
            .known()
            .unwrap()
            .as_ref()
            .unwrap_or_else(|| panic!("{leaf} {file}: no staple"));
        let names: Vec<Problem> = staple.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(
            (staple.status, staple.signer, &names[..]),
            (status, signer, problems),
            "{leaf} {file}: {:?}",
            staple.problems
        );
        assert_eq!(staple.sound, problems.is_empty(), "{leaf} {file}");
        match staple.sound {
            true => {
                let revocation = seen.revocation.known().unwrap().as_ref().unwrap();
                assert_eq!(revocation.source, Source::Staple);
                assert_eq!(Some(revocation.status), status);
                assert_eq!(
                    revocation.revoked_at.is_some(),
                    status == Some(Status::Revoked)
                );
            }
            false => assert_eq!(gaps[0].1, GapReason::NotAsked, "{leaf} {file}"),
        }
    }
}

#[test]
fn nginx_staples_a_file() {
    let Some(pki) = Office::get() else { return };
    let Some(nginx) = program("nginx", "nginx-light", "stapling by nginx") else {
        return;
    };
    let file = answer(pki, "pinned", "publisher");
    let read = |name: &str| fs::read_to_string(pki.path(&format!("{name}.pem"))).unwrap();
    fs::write(
        pki.path("pinned-chain.pem"),
        read("pinned") + &read("publisher"),
    )
    .unwrap();
    let (stapled, bare) = (free_port(), free_port());
    let folder = pki.path("nginx");
    fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| pki.path(name).display().to_string();
    let server = |port: u16, more: &str| {
        format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; {more} }}\n",
            at("pinned-chain.pem"),
            at("pinned.key")
        )
    };
    let staple = format!("ssl_stapling on; ssl_stapling_file {};", at(&file));
    let user = if crate::support::is_root() {
        "user root;\n"
    } else {
        ""
    };
    let place = folder.display();
    let config = format!(
        "{user}daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log {place}/error.log;\nevents {{}}\nhttp {{\n\
         access_log off;\nclient_body_temp_path {place}/a;\nproxy_temp_path {place}/b;\nfastcgi_temp_path {place}/c;\n\
         uwsgi_temp_path {place}/d;\nscgi_temp_path {place}/e;\n{}{}}}\n",
        server(stapled, &staple),
        server(bare, "")
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(folder.join("nginx.conf"))
        .arg("-p")
        .arg(&folder);
    let _server = Running::start(&mut command, &[stapled, bare], &folder.join("log"));
    let closed = free_port();
    let (seen, _) = look(pki, stapled, closed, closed, Level::Passive);
    let staple = seen.staple.known().unwrap().as_ref().expect("a staple");
    assert!(seen.must_staple && staple.sound && staple.status == Some(Status::Good));
    let (seen, _) = look(pki, bare, closed, closed, Level::Passive);
    assert!(
        seen.must_staple && seen.staple.known() == Some(&None),
        "must-staple is broken"
    );
}

#[test]
fn responders_and_lists_are_asked() {
    let Some(pki) = Office::get() else { return };
    let responder = free_port();
    let openssl = program("openssl", "openssl", "an OCSP responder").unwrap();
    let mut command = Command::new(openssl);
    command.current_dir(pki.path("")).args([
        "ocsp",
        "-index",
        "index.txt",
        "-CA",
        "publisher.pem",
        "-rsigner",
        "delegate.pem",
        "-rkey",
        "delegate.key",
        "-ndays",
        "1",
        "-ignore_err",
        "-port",
        &responder.to_string(),
    ]);
    // It serves one connection at a time and waits for each: none may come without a question.
    let log = pki.path("responder.log");
    let _responder = Running::start(&mut command, &[], &log);
    let waits = || fs::read_to_string(&log).is_ok_and(|text| text.contains("waiting for"));
    let begun = Instant::now();
    while !waits() {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "the responder does not start"
        );
        sleep(Duration::from_millis(20));
    }
    let list = |name: &str| Hosted::one(fs::read(pki.path(&format!("{name}.crl"))).unwrap());
    let (whole, part, elsewhere, others) = (
        list("whole"),
        list("part"),
        list("elsewhere"),
        list("others"),
    );
    let moved = Hosted::serve(BTreeMap::from([(
        "/inter.crl".to_owned(),
        Page::Redirect("http://192.0.2.66/other.crl".to_owned()),
    )]));
    let garbage = Hosted::one(b"<html>parked</html>".to_vec());
    let closed = free_port();
    type Expected<'a> = Result<(Status, Source), (GapReason, &'a str)>;
    let cases: [(&str, u16, u16, Expected<'_>); 14] = [
        ("kept", responder, closed, Ok((Status::Good, Source::Ocsp))),
        (
            "stolen",
            responder,
            closed,
            Ok((Status::Revoked, Source::Ocsp)),
        ),
        (
            "foreign",
            responder,
            closed,
            Ok((Status::NotKnownToIssuer, Source::Ocsp)),
        ),
        ("kept", closed, whole.port, Ok((Status::Good, Source::Crl))),
        (
            "stolen",
            garbage.port,
            whole.port,
            Ok((Status::Revoked, Source::Crl)),
        ),
        (
            "listed",
            closed,
            part.port,
            Ok((Status::Revoked, Source::Crl)),
        ),
        ("clean", closed, part.port, Ok((Status::Good, Source::Crl))),
        (
            "foreign",
            closed,
            closed,
            Err((GapReason::Unreachable, "connection refused")),
        ),
        (
            "listed",
            closed,
            elsewhere.port,
            Err((GapReason::Malformed, "another place")),
        ),
        (
            "listed",
            closed,
            others.port,
            Err((GapReason::Malformed, "another issuer")),
        ),
        (
            "listed",
            closed,
            moved.port,
            Err((GapReason::Malformed, "status 302")),
        ),
        (
            "listed",
            closed,
            garbage.port,
            Err((GapReason::Malformed, "another kind")),
        ),
        (
            "private",
            closed,
            closed,
            Err((GapReason::PrivateAddress, "not a public address")),
        ),
        (
            "odd",
            closed,
            closed,
            Err((GapReason::OutOfScope, "port 80")),
        ),
    ];
    thread_scope(&cases, |(leaf, ocsp, crl, expected)| {
        let (_server, port) = serve(&[leaf], Some("publisher.pem"), &["-tls1_3"]).unwrap();
        let (seen, gaps) = look(pki, port, *ocsp, *crl, Level::Standard);
        let found = seen
            .revocation
            .known()
            .map(|found| found.as_ref().expect("a place"));
        match expected {
            Ok((status, source)) => {
                let found = found.unwrap_or_else(|| panic!("{leaf}: {gaps:?}"));
                assert_eq!((found.status, found.source), (*status, *source), "{leaf}");
                if *status == Status::Revoked {
                    assert_eq!(found.reason.as_deref(), Some("keyCompromise"));
                    assert_eq!(
                        found.revoked_at.unwrap().to_string(),
                        "2026-11-01T00:00:00Z"
                    );
                }
                assert_eq!(seen.chain.problems, [], "{leaf}: for no other reason");
            }
            Err((reason, words)) => {
                assert_eq!(found, None, "{leaf}");
                let [(_, told, detail)] = &gaps[..] else {
                    panic!("{leaf}: {gaps:?}")
                };
                assert!(
                    told == reason && detail.contains(words),
                    "{leaf}: {told:?} {detail}"
                );
            }
        }
    });
    // One question each, and the redirect was not followed.
    assert_eq!(moved.asked(), ["/inter.crl"]);
}

/// Runs every case in a thread of its own.
fn thread_scope<T: Sync>(cases: &[T], run: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| run(case));
        }
    });
}

#[test]
fn authorities_are_asked_about_too() {
    let Some(pki) = Office::get() else { return };
    let list = Page::Body(fs::read(pki.path("others.crl")).unwrap());
    let lists = Hosted::serve(BTreeMap::from([("/root.crl".to_owned(), list)]));
    let closed = free_port();
    for (name, expected) in [("sound", Status::Good), ("fallen", Status::Revoked)] {
        let chain = format!("{name}.pem");
        let leaf = format!("under-{name}");
        let (_server, port) = serve(&[&leaf], Some(&chain), &["-tls1_3"]).unwrap();
        let (seen, gaps) = look(pki, port, closed, lists.port, Level::Standard);
        assert_eq!(gaps, [], "{name}");
        assert_eq!(
            seen.revocation.known(),
            Some(&None),
            "the leaf names no place"
        );
        let [authority] = &seen.authorities.known().unwrap()[..] else {
            panic!("{:?}", seen.authorities);
        };
        assert_eq!(authority.key, format!("CN=Test {name}"));
        let found = authority.revocation.known().unwrap().as_ref().unwrap();
        assert_eq!(
            (found.status, found.source),
            (expected, Source::Crl),
            "{name}"
        );
        let (seen, gaps) = look(pki, port, closed, lists.port, Level::Passive);
        assert!(seen.authorities.known().unwrap()[0].revocation.is_unseen());
        assert_eq!(gaps[0].1, GapReason::NotAsked);
    }
    assert_eq!(lists.asked(), ["/root.crl", "/root.crl"], "once a run");
}

/// Two targets of one run, whose chains name the same list.
#[test]
fn a_list_is_fetched_once_for_all_targets() {
    let Some(pki) = Office::get() else { return };
    let list = Page::Body(fs::read(pki.path("others.crl")).unwrap());
    let lists = Hosted::serve(BTreeMap::from([("/root.crl".to_owned(), list)]));
    let (_server, port) = serve(&["under-sound"], Some("sound.pem"), &["-tls1_3"]).unwrap();
    let root = "\n$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\n";
    let names = Names::serve(&[
        (".", root),
        ("site.example.", &format!("{ZONE}www IN A 192.0.2.80\n")),
        ("pki.example.", &format!("{root}crl IN A 192.0.2.91\n")),
    ]);
    let outcome = scan([
        HOST.to_owned(),
        format!("www.{HOST}"),
        "--only=tls".to_owned(),
        format!("--resolver={}", names.address),
        format!("--connect-to=192.0.2.80:443:127.0.0.1:{port}"),
        format!("--connect-to=192.0.2.91:80:127.0.0.1:{}", lists.port),
        format!("--ca-file={}", pki.path("root.pem").display()),
    ]);
    let failing = outcome.failing();
    assert!(!failing.contains("cert.revocation.authorities-not-revoked"));
    assert!(
        !outcome
            .open()
            .contains("cert.revocation.authorities-not-revoked")
    );
    assert_eq!(lists.asked(), ["/root.crl"]);
}

#[test]
fn certificates_that_nobody_trusts_send_us_nowhere() {
    let Some(pki) = Office::get() else { return };
    let asked = Hosted::one(Vec::new());
    let extensions = format!("subjectAltName=DNS:{HOST}\n{OCSP}{CRL}");
    pki.issue("lure", None, "ec", HOST, &extensions, &["-days", "30"]);
    let (_server, port) = serve(&["lure"], None, &["-tls1_3"]).unwrap();
    let (_, gaps) = look(pki, port, asked.port, asked.port, Level::Standard);
    assert_eq!(gaps[0].1, GapReason::NotAsked, "{gaps:?}");
    assert_eq!(asked.asked(), [""; 0]);
}

#[test]
fn a_revoked_certificate_fails_the_scan() {
    let Some(pki) = Office::get() else { return };
    let (_server, port) = serve(&["listed"], Some("publisher.pem"), &[]).unwrap();
    let lists = Hosted::one(fs::read(pki.path("whole.crl")).unwrap());
    let root = "\n$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\n";
    let names = Names::serve(&[
        (".", root),
        ("site.example.", ZONE),
        ("pki.example.", &format!("{root}crl IN A 192.0.2.91\n")),
    ]);
    let outcome = scan([
        HOST.to_owned(),
        "--only=tls".to_owned(),
        format!("--resolver={}", names.address),
        format!("--connect-to=192.0.2.80:443:127.0.0.1:{port}"),
        format!("--connect-to=192.0.2.91:80:127.0.0.1:{}", lists.port),
        format!("--ca-file={}", pki.path("root.pem").display()),
    ]);
    let failing = outcome.failing();
    assert!(
        failing.contains("cert.revocation.not-revoked"),
        "{}",
        outcome.story()
    );
    let other = failing.iter().find(|id| {
        id.starts_with("cert.chain")
            || id.starts_with("cert.validity")
            || id.starts_with("cert.name")
    });
    assert_eq!(other, None, "{}", outcome.story());
    assert_eq!(lists.asked(), ["/inter.crl"]);
}
