//! Evidence for what an endpoint was seen to do: the first bytes of an answer that
//! shows it, where one answer does, and a command of everyday tools that shows
//! the same. Certificates, staples, old versions, suites and vulnerabilities have
//! theirs with them.

use super::facts::TlsEndpoint;
use super::fold::Fold;
use crate::model::{
    observation::{Evidence, EvidenceKind},
    seen::Seen,
};
use crate::net::shell_word;
use crate::wire::text::clean_lines;

/// How to see a fact again.
enum Way {
    /// With these options of `openssl s_client`.
    SClient(&'static str),
    /// With `openssl s_client` and these options, and this word in its output.
    Grep(&'static str, &'static str),
    /// With another tool: `{host}`, `{port}` and `{address}` are filled in.
    Tool(&'static str),
}

const CIPHERS: &str =
    "nmap -Pn -p {port} --script ssl-enum-ciphers --script-args tls.servername={host} {address}";
/// Most characters of an answer's head.
const HEAD_CHARS: usize = 4_000;
const GREASE: &str = "testssl.sh --grease {host}:{port}";

impl Fold<'_> {
    /// Evidence for every fact that has none yet.
    pub(super) fn prove_rest(&mut self, facts: &TlsEndpoint) {
        use Way::{Grep, SClient, Tool};
        let temporary = Grep("-tls1_2 -cipher DHE", "Server Temp Key");
        let rows = [
            ("versions", known(&facts.versions), Tool(CIPHERS)),
            ("suites", known(&facts.suites), Tool(CIPHERS)),
            ("preference", known(&facts.preference), Tool(CIPHERS)),
            (
                "groups",
                known(&facts.groups),
                Grep("-groups X25519", "Server Temp Key"),
            ),
            (
                "group_preference",
                known(&facts.group_preference),
                Grep("-groups P-256:X25519", "Server Temp Key"),
            ),
            (
                "compression",
                known(&facts.compression),
                Grep("-no_tls1_3 -comp", "Compression"),
            ),
            (
                "secure_renegotiation",
                known(&facts.secure_renegotiation),
                Grep("-no_tls1_3", "Secure Renegotiation"),
            ),
            (
                "extended_master_secret",
                known(&facts.extended_master_secret),
                Grep("-no_tls1_3", "Extended master secret"),
            ),
            (
                "encrypt_then_mac",
                known(&facts.encrypt_then_mac),
                SClient("-no_tls1_3 -cipher 'ALL:!AESGCM:!CHACHA20' -tlsextdebug"),
            ),
            (
                "heartbeat",
                known(&facts.heartbeat),
                Tool("nmap -Pn -p {port} --script ssl-heartbleed {host}"),
            ),
            (
                "truncated_hmac",
                known(&facts.truncated_hmac),
                Tool("testssl.sh --server-defaults {host}:{port}"),
            ),
            (
                "signature_schemes",
                known(&facts.signature_schemes),
                Grep("-tls1_2", "'Peer sign'"),
            ),
            (
                "signature_algorithms",
                known(&facts.signature_algorithms),
                Grep("", "'Peer sign'"),
            ),
            (
                "refuses_fallback",
                known(&facts.refuses_fallback),
                SClient("-no_tls1_2 -no_tls1_3 -fallback_scsv -cipher DEFAULT@SECLEVEL=0"),
            ),
            (
                "negotiated",
                known(&facts.negotiated),
                SClient("-alpn h2,http/1.1 -brief"),
            ),
            (
                "client_certificate",
                known(&facts.client_certificate),
                Grep("", "'client certificate CA names'"),
            ),
            ("finite_fields", known(&facts.finite_fields), temporary),
            (
                "reuses_dh",
                known(&facts.reuses_dh),
                SClient("-tls1_2 -cipher DHE -msg"),
            ),
            (
                "reuses_ecdh",
                known(&facts.reuses_ecdh),
                SClient("-tls1_2 -cipher ECDHE -msg"),
            ),
            (
                "chacha_priority",
                known(&facts.chacha_priority),
                Grep(
                    "-ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384 -cipher CHACHA20:ECDHE",
                    "Cipher",
                ),
            ),
            ("alpn", known(&facts.alpn), Grep("-alpn http/1.1", "ALPN")),
            (
                "npn",
                known(&facts.npn),
                Grep("-no_tls1_3 -nextprotoneg http/1.1", "'Next protocol'"),
            ),
            (
                "resumption",
                known(&facts.resumption),
                Grep("-reconnect", "'New,\\|Reused,\\|Early data'"),
            ),
            (
                "without_name",
                known(&facts.without_name),
                Tool("openssl s_client -connect {address}:{port} -noservername </dev/null"),
            ),
            (
                "wrong_name",
                known(&facts.wrong_name),
                Tool(
                    "openssl s_client -connect {address}:{port} -servername nobody.invalid </dev/null",
                ),
            ),
            (
                "tolerates_unknown",
                known(&facts.tolerates_unknown),
                Tool(GREASE),
            ),
            (
                "tolerates_newer_version",
                known(&facts.tolerates_newer_version),
                Tool(GREASE),
            ),
            (
                "takes_large_hello",
                known(&facts.takes_large_hello),
                SClient("-groups X25519MLKEM768:X25519"),
            ),
            (
                "certificate_compression",
                known(&facts.certificate_compression),
                Grep("-tls1_3 -msg", "CompressedCertificate"),
            ),
            (
                "certificate_compression_algorithms",
                known(&facts.certificate_compression_algorithms),
                Grep("-tls1_3 -msg", "CompressedCertificate"),
            ),
            (
                "quic",
                known(&facts.quic),
                Tool(
                    "curl -sv --http3-only --connect-to {host}:{port}:{address}:{port} -o /dev/null https://{host}:{port}/",
                ),
            ),
            (
                "throttles",
                known(&facts.throttles),
                Tool("testssl.sh --protocols --each-cipher {host}:{port}"),
            ),
            (
                "client_renegotiation",
                known(&facts.client_renegotiation),
                Tool(
                    "(sleep 1; echo R; sleep 2) | openssl s_client -connect {address}:{port} -servername {host} -tls1_2",
                ),
            ),
            (
                "client_renegotiations",
                known(&facts.client_renegotiations),
                Tool(
                    "(for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 1; echo R; done; sleep 1) | openssl s_client -connect {address}:{port} -servername {host} -tls1_2",
                ),
            ),
        ];
        for (fact, _, way) in rows.into_iter().filter(|(_, known, _)| *known) {
            let at = format!("{}/{fact}", self.at);
            let reproduce = match way {
                SClient(options) => self.s_client(options),
                Grep(options, word) => {
                    format!("{} | grep {}", self.s_client(options), quoted(word))
                }
                Tool(command) => self.filled(command),
            };
            let bytes = self.proof(fact);
            self.prove(at, EvidenceKind::TlsHandshake, &bytes, reproduce);
        }
    }

    /// The head of the answer in which plain HTTP goes on as TLS, or does not.
    pub(super) fn prove_upgrade(&mut self) {
        let Some(Ok(Some(seen))) = &self.answers.http_upgrade else {
            return;
        };
        let text = String::from_utf8_lossy(&seen.head);
        let reproduce = self.filled(
            "curl -si -X OPTIONS --request-target '*' -H 'Upgrade: TLS/1.0' -H 'Connection: Upgrade' --connect-to {host}:80:{address}:80 http://{host}/",
        );
        self.push_evidence(Evidence {
            at: format!("{}/http_upgrade", self.at),
            kind: EvidenceKind::HttpHeaders,
            data: clean_lines(&text, HEAD_CHARS),
            cut: text.chars().count() > HEAD_CHARS,
            reproduce,
        });
    }

    /// First bytes of the answer that shows a fact; empty where it takes more
    /// than one answer.
    fn proof(&self, fact: &str) -> Vec<u8> {
        let vulnerabilities = self.answers.vulnerabilities.as_ref();
        let renegotiation = vulnerabilities.and_then(|seen| seen.renegotiation.as_ref().ok());
        let found = self.answers.enumeration.as_ref();
        let proof = match fact {
            "client_renegotiation" => {
                renegotiation.and_then(|seen| seen.as_ref().map(|seen| &seen.reaction))
            }
            fact => found.and_then(|found| found.features.proofs.get(fact)),
        };
        proof.cloned().unwrap_or_default()
    }

    pub(super) fn filled(&self, command: &str) -> String {
        let address = match self.answers.ip {
            ip if ip.is_ipv6() && command.contains("{address}:") => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        command
            .replace("{host}", &shell_word(&self.answers.host))
            .replace("{port}", &self.answers.port.to_string())
            .replace("{address}", &address)
    }
}

fn known<T>(fact: &Seen<T>) -> bool {
    !fact.is_unseen()
}

/// A word of these tables for the shell; those with spaces are quoted there.
fn quoted(word: &str) -> String {
    match word.contains(' ') && !word.starts_with('\'') {
        true => format!("'{word}'"),
        false => word.to_owned(),
    }
}
