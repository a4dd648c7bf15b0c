//! Plain HTTP that is asked to go on as TLS (RFC 2817), beside a real `openssl s_server`:
//! nginx and Apache as they are, and scripted responders. Apache 2.4.64 and newer, and so
//! Debian's, refuse `SSLEngine optional`: the server that switches is a scripted one.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::HttpUpgrade,
};

use crate::support::{Running, folder, free_port, is_root, program};
use crate::tls::{Question, ZONE, observe_target, serve};

/// What was seen of port 80, and what is missing of it.
type Looked = (Option<Option<HttpUpgrade>>, Vec<(String, GapReason)>);

/// Looks at a TLS server beside which something answers plain HTTP.
fn look(tls: u16, plain: u16, level: Level) -> Looked {
    let (facts, gaps, _) = observe_target(&Question {
        zone: ZONE,
        roles: &["website"],
        rules: &[
            format!("192.0.2.80:443:127.0.0.1:{tls}"),
            format!("192.0.2.80:80:127.0.0.1:{plain}"),
        ],
        root: None,
        level,
        ct_logs: None,
    });
    let gaps = gaps.into_iter().filter_map(|gap| {
        let at = gap.at.strip_prefix("/tls/endpoints/0/http_upgrade")?;
        Some((at.to_owned(), gap.reason))
    });
    let seen = facts.endpoints.known().unwrap()[0].http_upgrade.clone();
    (seen.known().cloned(), gaps.collect())
}

/// A plain port that answers every request with these bytes, and then hangs up;
/// without any it says nothing for as long as the other side waits.
fn responder(answer: Option<&'static str>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 2_048];
            let count = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..count]);
            assert!(
                request.starts_with("OPTIONS * HTTP/1.1\r\nHost: site.example\r\n"),
                "{request}"
            );
            assert!(request.contains("\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n"));
            match answer {
                Some(answer) => {
                    let _ = stream.write_all(answer.as_bytes());
                }
                None => {
                    let _ = stream.read(&mut buffer);
                }
            }
        }
    });
    port
}

fn answered(status: u16, offers: Option<&str>, switches: Option<bool>) -> Looked {
    let fact = HttpUpgrade {
        status,
        offers: offers.map(str::to_owned),
        switches: switches.map_or(Default::default(), scrutineer::model::seen::Seen::Known),
    };
    let open = match switches {
        Some(_) => Vec::new(),
        None => vec![("/switches".to_owned(), GapReason::Malformed)],
    };
    (Some(Some(fact)), open)
}

fn missing(reason: GapReason) -> Looked {
    (None, vec![(String::new(), reason)])
}

#[test]
fn a_switch_an_offer_and_every_other_answer_are_told_apart() {
    let Some((_server, tls)) = serve(&["ec"], None, &["-tls1_3"]) else {
        return;
    };
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\
                  Connection: Upgrade\r\n\r\n";
    let stack = Some("TLS/1.0, HTTP/1.1");
    let cases = [
        (Some(switch), answered(101, stack, Some(true))),
        (
            Some("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\n\r\n"),
            answered(426, Some("TLS/1.2"), None),
        ),
        (
            Some("HTTP/1.1 200 OK\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"),
            answered(200, stack, None),
        ),
        (
            Some("HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\n\r\n"),
            answered(426, None, Some(false)),
        ),
        (
            Some("HTTP/1.1 400 Bad Request\r\n\r\n"),
            answered(400, None, Some(false)),
        ),
        (
            Some("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n\r\n"),
            answered(405, None, Some(false)),
        ),
        (Some(""), missing(GapReason::Reset)),
        (Some("SSH-2.0-other\r\n"), missing(GapReason::Malformed)),
        (None, missing(GapReason::Timeout)),
    ];
    thread::scope(|scope| {
        for (answer, expected) in cases {
            scope.spawn(move || {
                let seen = look(tls, responder(answer), Level::Standard);
                assert_eq!(seen, expected, "{answer:?}");
            });
            // One after the other, so that nine visitors are no crowd; but the silent one ends last.
            thread::sleep(Duration::from_millis(200));
        }
    });
    // A closed port is looked for and not there; below level standard nobody is asked.
    let closed = look(tls, free_port(), Level::Standard);
    assert_eq!(closed, (Some(None), Vec::new()));
    let passive = look(tls, responder(Some(switch)), Level::Passive);
    assert_eq!(passive, missing(GapReason::NotAsked));
}

/// Starts a server of plain HTTP with a configuration.
fn plain(path: &Path, arguments: &[&str], text: &str, folder: &Path, port: u16) -> Running {
    let configuration = folder.join("plain.conf");
    fs::write(&configuration, text).unwrap();
    let mut command = Command::new(path);
    command.args(arguments).arg(&configuration);
    Running::start(&mut command, &[port], &folder.join("log"))
}

#[test]
fn nginx_and_apache_do_not_switch() {
    let Some((_server, tls)) = serve(&["ec"], None, &["-tls1_3"]) else {
        return;
    };
    let folder = folder();
    let place = folder.path().display();
    if let Some(path) = program("nginx", "nginx", "plain HTTP asked to upgrade") {
        let port = free_port();
        let text = format!(
            "daemon off; pid {place}/pid; error_log {place}/error;\nevents {{}}\n\
             http {{ access_log off; client_body_temp_path {place}/a; proxy_temp_path {place}/b;\n\
             fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
             server {{ listen 127.0.0.1:{port}; return 301 https://$host$request_uri; }} }}\n"
        );
        let _server = plain(&path, &["-c"], &text, folder.path(), port);
        let seen = look(tls, port, Level::Standard);
        let (Some(Some(fact)), gaps) = seen else {
            panic!("{seen:?}");
        };
        assert_eq!((fact.offers, fact.switches.known()), (None, Some(&false)));
        assert!(
            (300..500).contains(&fact.status) && gaps.is_empty(),
            "{gaps:?}"
        );
    }
    if let Some(path) = program("apache2", "apache2", "plain HTTP asked to upgrade") {
        let port = free_port();
        let modules = "/usr/lib/apache2/modules";
        let user = if is_root() {
            "User nobody\nGroup nogroup\n"
        } else {
            ""
        };
        let text = format!(
            "ServerRoot {place}\nServerName site.example\nDefaultRuntimeDir {place}\n\
             PidFile {place}/httpd.pid\nErrorLog {place}/httpd.log\nMutex pthread\n{user}\
             LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
             LoadModule authz_core_module {modules}/mod_authz_core.so\n\
             LoadModule alias_module {modules}/mod_alias.so\n\
             Listen 127.0.0.1:{port}\n\
             <Location \"/\">\nRedirect permanent \"https://site.example/\"\n</Location>\n"
        );
        let _server = plain(&path, &["-X", "-f"], &text, folder.path(), port);
        let (seen, gaps) = look(tls, port, Level::Standard);
        let fact = seen.flatten().unwrap();
        assert_eq!((fact.offers, fact.switches.known()), (None, Some(&false)));
        assert!(fact.status < 500 && gaps.is_empty(), "{gaps:?}");
    }
}
