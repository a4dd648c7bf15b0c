//! The TLS probe on nginx with several servers: by name, without one, with a
//! wrong one, and a configuration for each address.

use std::{fs, net::TcpListener, process::Command};

use scrutineer::{
    model::level::Level,
    probes::tls::facts::{
        NameAnswer,
        VersionName::{Tls11, Tls12, Tls13},
    },
};

use crate::support::{Names, Running, free_port, left_out, program};
use crate::tls::{Pki, ROOT, observe, serve};
use crate::tls_offers::run;
use crate::tls_servers::files;

/// nginx with these servers. `{rsa}` and the like stand for a certificate with its key.
fn nginx(ports: &[u16], servers: &str) -> Option<Running> {
    let nginx = program("nginx", "nginx-light", "nginx by name and address")?;
    let pki = Pki::get();
    let folder = pki.path(&format!("nginx-names-{}", ports[0]));
    fs::create_dir(&folder).unwrap();
    let mut servers = servers.to_owned();
    for name in ["rsa", "ec", "other"] {
        let (certificate, key) = files(name);
        let lines = format!(
            "ssl_certificate {}; ssl_certificate_key {};",
            certificate.display(),
            key.display()
        );
        servers = servers.replace(&format!("{{{name}}}"), &lines);
    }
    let text = format!(
        "daemon off; pid {at}/pid; error_log {at}/log; events {{}}\n\
         http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3; client_body_temp_path {at}/a; proxy_temp_path {at}/b; \
         fastcgi_temp_path {at}/c; uwsgi_temp_path {at}/d; scgi_temp_path {at}/e;\n\
         {servers} }}\n",
        at = folder.display(),
    );
    let file = folder.join("conf");
    fs::write(&file, text).unwrap();
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(file)
        .arg("-e")
        .arg(folder.join("early"));
    let log = folder.join("output");
    Some(Running::start(
        command.env("OPENSSL_CONF", "/dev/null"),
        ports,
        &log,
    ))
}

#[test]
fn the_name_decides_which_certificate_is_shown() {
    let [refuses, shows, same] = [(); 3].map(|()| free_port());
    let servers = format!(
        "server {{ listen 127.0.0.1:{refuses} ssl default_server; ssl_reject_handshake on; }}\n\
         server {{ listen 127.0.0.1:{refuses} ssl; server_name site.example; {{ec}} }}\n\
         server {{ listen 127.0.0.1:{refuses} ssl; server_name other.example; {{other}} }}\n\
         server {{ listen 127.0.0.1:{shows} ssl default_server; {{other}} }}\n\
         server {{ listen 127.0.0.1:{shows} ssl; server_name site.example; {{ec}} }}\n\
         server {{ listen 127.0.0.1:{same} ssl; server_name site.example; {{ec}} }}\n"
    );
    let Some(_server) = nginx(&[refuses, shows, same], &servers) else {
        return;
    };
    for (port, answer) in [
        (refuses, NameAnswer::Refused),
        (shows, NameAnswer::OtherCertificate),
        (same, NameAnswer::SameCertificate),
    ] {
        let seen = observe(port, Some(&Pki::get().path("root.pem")), Level::Standard);
        assert_eq!(seen.endpoint.without_name.known(), Some(&answer));
        assert_eq!(seen.endpoint.wrong_name.known(), Some(&answer));
        let certificates = seen.endpoint.certificates.known().unwrap();
        let [certificate] = certificates.as_slice() else {
            panic!("{answer:?}: {certificates:?}");
        };
        assert!(certificate.matches_host, "{answer:?}");
        assert_eq!(seen.versions(), [Tls12, Tls13], "{answer:?}");
    }
}

#[test]
fn a_server_of_old_versions_alone_is_asked_by_old_hellos() {
    let options = ["-tls1_1", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"];
    let Some((_server, port)) = serve(&["ec"], None, &options) else {
        return;
    };
    let seen = observe(port, None, Level::Standard);
    assert_eq!(seen.versions(), [Tls11]);
    let same = Some(&NameAnswer::SameCertificate);
    assert_eq!(seen.endpoint.without_name.known(), same);
    assert_eq!(seen.endpoint.wrong_name.known(), same);
}

#[test]
fn each_address_is_seen_for_itself() {
    if TcpListener::bind("[::1]:0").is_err() {
        left_out("IPv6 addresses", "this machine has no IPv6 loopback");
        return;
    }
    let port = free_port();
    // Which protocols stand for a socket is decided by its first server.
    let servers = format!(
        "server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2; {{rsa}} \
         ssl_ecdh_curve prime256v1; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; }}\n\
         server {{ listen [::1]:{port} ssl; ssl_protocols TLSv1.3; {{ec}} \
         ssl_ecdh_curve secp384r1; }}\n"
    );
    let Some(_server) = nginx(&[port], &servers) else {
        return;
    };
    let zone = "$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\n\
                @ IN A 127.0.0.1\n@ IN AAAA ::1\n";
    let names = Names::serve(&[(".", ROOT), ("site.example.", zone)]);
    let (exit, seen) = run(names.address, port, &[]);
    assert_eq!(exit, 0);
    let [four, six] = seen.as_slice() else {
        panic!("{} endpoints", seen.len());
    };
    assert_eq!(four.endpoint.key, format!("127.0.0.1:{port}"));
    assert_eq!(four.versions(), [Tls12]);
    assert_eq!(
        four.suites(Tls12),
        ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
    );
    assert_eq!(four.groups(), ["secp256r1"]);
    assert_eq!(six.endpoint.key, format!("[::1]:{port}"));
    assert_eq!(six.versions(), [Tls13]);
    assert_eq!(six.suites(Tls13).len(), 3);
    assert_eq!(six.groups(), ["secp384r1"]);
    let kind = |at: usize| &seen[at].endpoint.certificates.known().unwrap()[0].key;
    assert_eq!(
        (kind(0).as_str(), kind(1).as_str()),
        ("rsa leaf", "ecdsa leaf")
    );
}
