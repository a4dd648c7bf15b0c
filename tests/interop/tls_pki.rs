//! Certificates that the TLS tests share, and OpenSSL's `s_server` with them.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use scrutineer::wire::der;
use tempfile::TempDir;

use crate::support::{Running, folder, free_port, program};
use crate::tls::HOST;

/// Certificates for all tests, made once with OpenSSL.
pub struct Pki {
    folder: TempDir,
}

impl Pki {
    pub fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| {
            let pki = Self { folder: folder() };
            pki.authority("root", None, "rsa:2048");
            pki.authority("inter", Some("root"), "rsa:2048");
            pki.authority("below", Some("inter"), "ec");
            let authority = "basicConstraints=critical,CA:TRUE";
            let short = format!("{authority},pathlen:0\n");
            pki.issue(
                "short",
                Some("root"),
                "ec",
                "Test short",
                &short,
                &["-days", "60"],
            );
            let bound = format!("{authority}\nnameConstraints=permitted;DNS:other.example\n");
            pki.issue(
                "bound",
                Some("root"),
                "ec",
                "Test bound",
                &bound,
                &["-days", "60"],
            );
            pki.authority("long", Some("short"), "ec");
            for (name, issuer, kind, host, more) in [
                (
                    "rsa",
                    "inter",
                    "rsa:2048",
                    HOST,
                    &["-days", "30", "-sha256"][..],
                ),
                ("ec", "inter", "ec", HOST, &["-days", "30"]),
                ("deep", "below", "ec", HOST, &["-days", "30"]),
                ("far", "long", "ec", HOST, &["-days", "30"]),
                ("outside", "bound", "ec", HOST, &["-days", "30"]),
                ("usurped", "ec", "ec", HOST, &["-days", "30"]),
                ("other", "inter", "ec", "other.example", &["-days", "30"]),
                ("ed", "inter", "ed25519", HOST, &["-days", "30"]),
                ("ended", "inter", "ec", "other.example", &["-days", "-1"]),
                ("weak", "inter", "rsa:1024", HOST, &["-days", "30"]),
                ("sha1", "inter", "rsa:2048", HOST, &["-days", "30", "-sha1"]),
                ("md5", "inter", "rsa:2048", HOST, &["-days", "30", "-md5"]),
                ("past", "inter", "ec", HOST, &["-days", "-1"]),
            ] {
                let usage = "extendedKeyUsage=serverAuth\n";
                let mut extensions = format!("subjectAltName=DNS:{host}\n{usage}");
                if ["rsa", "deep"].contains(&name) {
                    extensions += "authorityInfoAccess=caIssuers;URI:http://pki.example/i.der\n";
                }
                pki.issue(name, Some(issuer), kind, host, &extensions, more);
            }
            let client = format!("subjectAltName=DNS:{HOST}\nextendedKeyUsage=clientAuth\n");
            pki.issue(
                "client",
                Some("inter"),
                "ec",
                HOST,
                &client,
                &["-days", "30"],
            );
            pki.authority("self", None, "ec");
            let alone = format!("subjectAltName=DNS:{HOST}\n");
            pki.issue("alone", None, "ec", HOST, &alone, &["-days", "30"]);
            pki
        })
    }

    /// Signs bytes by SHA-256 with the key of this name.
    pub fn signature(&self, key: &str, bytes: &[u8]) -> Vec<u8> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (message, signature) = (format!("message-{number}"), format!("signature-{number}"));
        fs::write(self.path(&message), bytes).unwrap();
        let key = format!("{key}.key");
        let sign = [
            "dgst", "-sha256", "-sign", &key, "-out", &signature, &message,
        ];
        self.openssl(&sign);
        fs::read(self.path(&signature)).unwrap()
    }

    /// A certificate of this PKI in DER.
    pub fn der(&self, name: &str) -> Vec<u8> {
        let pem = CertificateDer::from_pem_file(self.path(&format!("{name}.pem")));
        pem.unwrap().to_vec()
    }

    /// Writes a certificate that differs from another in its body, which its
    /// issuer signs anew with RSA.
    pub fn alter(&self, name: &str, as_name: &str, issuer: &str, edit: impl Fn(&[u8]) -> Vec<u8>) {
        let der = self.der(name);
        let mut parts = der::only(&der, der::SEQUENCE).unwrap().inside();
        let body = edit(parts.element().unwrap().whole);
        let algorithm = parts.element().unwrap().whole;
        let signature = [&[0][..], &self.signature(issuer, &body)].concat();
        let signature = der::write(der::BIT_STRING, &signature);
        self.keep(
            name,
            as_name,
            &der::sequence(&[&body, algorithm, &signature]),
        );
    }

    /// Writes a certificate for the key of another.
    pub fn keep(&self, name: &str, as_name: &str, der: &[u8]) {
        let text = BASE64_STANDARD.encode(der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let lines = lines.join("\n");
        let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
        fs::write(self.path(&format!("{as_name}.pem")), pem).unwrap();
        let key = |name: &str| self.path(&format!("{name}.key"));
        fs::copy(key(name), key(as_name)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OPENSSL_CONF", "/dev/null")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    }

    fn request(&self, name: &str, kind: &str, subject: &str) {
        let (key, csr) = (format!("{name}.key"), format!("{name}.csr"));
        let mut arguments = vec!["req", "-new", "-nodes", "-newkey", kind];
        if kind == "ec" {
            arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        fs::write(self.path("req.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n").unwrap();
        let subject = format!("/CN={subject}");
        arguments.extend([
            "-config", "req.cnf", "-subj", &subject, "-keyout", &key, "-out", &csr,
        ]);
        self.openssl(&arguments);
    }

    fn sign(&self, name: &str, issuer: Option<&str>, extensions: &str, more: &[&str]) {
        let (csr, pem, key) = (
            format!("{name}.csr"),
            format!("{name}.pem"),
            format!("{name}.key"),
        );
        let file = format!("{name}.ext");
        fs::write(self.path(&file), extensions).unwrap();
        let mut arguments = vec!["x509", "-req", "-in", &csr, "-out", &pem, "-extfile", &file];
        let issuer = issuer.map(|issuer| (format!("{issuer}.pem"), format!("{issuer}.key")));
        match &issuer {
            Some((pem, key)) => arguments.extend(["-CA", pem, "-CAkey", key, "-CAcreateserial"]),
            None => arguments.extend(["-signkey", &key]),
        }
        arguments.extend(more);
        self.openssl(&arguments);
    }

    fn authority(&self, name: &str, issuer: Option<&str>, kind: &str) {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";
        let subject = format!("Test {name}");
        self.issue(name, issuer, kind, &subject, extensions, &["-days", "60"]);
    }

    pub fn issue(
        &self,
        name: &str,
        issuer: Option<&str>,
        kind: &str,
        subject: &str,
        extensions: &str,
        more: &[&str],
    ) {
        self.request(name, kind, subject);
        self.sign(name, issuer, extensions, more);
    }
}

/// Starts `openssl s_server` with certificates and options.
pub fn serve(
    certificates: &[&str],
    chain: Option<&str>,
    options: &[&str],
) -> Option<(Running, u16)> {
    let openssl = program("openssl", "openssl", "TLS interop")?;
    let pki = Pki::get();
    let port = free_port();
    let mut command = Command::new(openssl);
    command.env("OPENSSL_CONF", "/dev/null");
    command.args([
        "s_server",
        "-quiet",
        "-accept",
        &format!("127.0.0.1:{port}"),
    ]);
    for (at, name) in certificates.iter().enumerate() {
        let (cert, key) = if at == 0 {
            ("-cert", "-key")
        } else {
            ("-dcert", "-dkey")
        };
        command.arg(cert).arg(pki.path(&format!("{name}.pem")));
        command.arg(key).arg(pki.path(&format!("{name}.key")));
    }
    if let Some(chain) = chain {
        command.arg("-cert_chain").arg(pki.path(chain));
        if certificates.len() > 1 {
            command.arg("-dcert_chain").arg(pki.path(chain));
        }
    }
    command.args(options);
    let log = pki.path(&format!("log-{port}"));
    Some((Running::start(&mut command, &[port], &log), port))
}
