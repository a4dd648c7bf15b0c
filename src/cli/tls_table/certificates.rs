//! Certificates in the table of an endpoint.

use super::{Page, word};
use crate::cli::prose::count;
use crate::probes::tls::facts::{Certificate, Revocation, RevocationStatus};

/// Most domains of others that are named.
const SHARERS: usize = 5;

impl Page {
    /// A certificate with its chain and standing.
    pub(super) fn certificate(&mut self, certificate: &Certificate) {
        let key = &certificate.public_key;
        let size = match (&key.curve, key.bits) {
            (Some(curve), _) => format!(" {curve}"),
            (None, Some(bits)) => format!(" {bits} bits"),
            (None, None) => String::new(),
        };
        let names = certificate.names.iter().map(|name| name.name.as_str());
        let names: Vec<&str> = names.collect();
        let chain = &certificate.chain;
        let trusted = if chain.trusted {
            "trusted"
        } else {
            "not trusted"
        };
        self.row(
            "Certificate",
            &format!("{}{size}  {}", certificate.key, certificate.subject),
        );
        let time = format!(
            "{} to {}",
            certificate.not_before.strftime("%Y-%m-%d"),
            certificate.not_after.strftime("%Y-%m-%d")
        );
        let (front, back) = certificate
            .sha256
            .split_at_checked(32)
            .unwrap_or((&certificate.sha256, ""));
        self.rows(&[
            ("    issuer", &certificate.issuer.name),
            ("    signed with", &certificate.signature_algorithm),
            ("    names", &names.join(" ")),
            ("    valid", &time),
            // In two words, which a narrow terminal breaks apart.
            ("    SHA-256", &format!("{front} {back}")),
            ("    chain", &format!("{} sent, {trusted}", chain.sent)),
        ]);
        for problem in &chain.problems {
            let name = word(problem.name).replace('_', " ");
            self.row("", &format!("{name}: {}", problem.detail));
        }
        self.sharers(certificate);
        self.standing(certificate);
    }

    /// Whose domains the certificate is for too.
    fn sharers(&mut self, certificate: &Certificate) {
        let domains = certificate.other_domains.known();
        let domains = domains.map_or(&[][..], Vec::as_slice);
        if domains.is_empty() {
            return;
        }
        let names = domains.iter().take(SHARERS).map(|one| one.name.as_str());
        let mut told = names.collect::<Vec<_>>().join(" ");
        if domains.len() > SHARERS {
            told += &format!(" and {} more", domains.len() - SHARERS);
        }
        self.row("    shared with", &told);
    }

    /// Whether it is revoked, and who logged it.
    fn standing(&mut self, certificate: &Certificate) {
        if let Some(Some(revocation)) = certificate.revocation.known() {
            let source = word(revocation.source);
            self.row("    revoked", &format!("{} ({source})", said(revocation)));
        }
        for problem in certificate
            .staple
            .known()
            .into_iter()
            .flatten()
            .flat_map(|staple| &staple.problems)
        {
            let name = word(problem.name).replace('_', " ");
            self.row("    staple", &format!("{name}: {}", problem.detail));
        }
        if certificate.must_staple {
            self.row("    must staple", "yes");
        }
        for authority in certificate.authorities.known().into_iter().flatten() {
            if let Some(Some(revocation)) = authority.revocation.known()
                && revocation.status != RevocationStatus::Good
            {
                let told = format!("revoked {}: {}", said(revocation), authority.key);
                self.row("    authority", &told);
            }
        }
        let timestamps = certificate.timestamps.known().map_or(0, Vec::len);
        let told = count(timestamps, "timestamp");
        match certificate.transparency.known() {
            Some(found) => {
                let logs = found.embedded_logs + found.outside_logs;
                let known = format!("{told}; {logs} logs of the list count");
                self.row("    logged", &known);
            }
            None => self.row("    logged", &format!("{told}, not verified")),
        }
    }
}

/// What the issuer says, in a few words.
fn said(revocation: &Revocation) -> String {
    match (revocation.status, revocation.revoked_at) {
        (RevocationStatus::Good, _) => "no".to_owned(),
        (RevocationStatus::NotKnownToIssuer, _) => "the issuer does not know it".to_owned(),
        (RevocationStatus::Revoked, at) => {
            let at = at.map(|at| at.strftime("%Y-%m-%d").to_string());
            let reason = revocation.reason.as_deref().unwrap_or("no reason given");
            format!("YES, on {}: {reason}", at.unwrap_or_default())
        }
    }
}
