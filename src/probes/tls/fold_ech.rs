//! Turns what came of an encrypted hello into facts.

use rustls::pki_types::ServerName;

use super::chain::{self, Question};
use super::ech::{Ech, EchAnswer, Offered, Outer};
use super::facts::{Chain, EchRetry, EncryptedHello, TlsEndpoint};
use super::fold::Fold;
use crate::model::{gap::GapReason, observation::EvidenceKind, seen::Seen};
use crate::net::{NetError, tls::Attempt};
use crate::wire::x509::Certificate;

/// Facts that need an offer.
const OFFERED: &[&str] = &["accepted", "retry", "retry_accepted", "public_name_chain"];

impl Fold<'_> {
    /// The facts about encrypted hellos.
    pub(super) fn ech(&mut self, facts: &mut TlsEndpoint) {
        let answers = self.answers;
        let offered = match &answers.ech {
            None => {
                let detail = "encrypted hellos are offered from level standard on";
                return self.gap("/ech", &NetError::new(GapReason::NotAsked, detail));
            }
            Some(Err(error)) => return self.gap("/ech", error),
            Some(Ok(Ech::Unpublished)) => {
                facts.ech = Seen::Known(None);
                return;
            }
            Some(Ok(Ech::Unusable(error))) => {
                for fact in [&["fault"], OFFERED].concat() {
                    self.gap(&format!("/ech/{fact}"), error);
                }
                facts.ech = Seen::Known(Some(EncryptedHello::default()));
                return;
            }
            Some(Ok(Ech::Faulty { published, fault })) => {
                let detail = "no configuration is published that a client could use";
                let error = NetError::new(GapReason::NotAsked, detail);
                for fact in OFFERED {
                    self.gap(&format!("/ech/{fact}"), &error);
                }
                facts.ech = Seen::Known(Some(EncryptedHello {
                    fault: Seen::Known(Some(*fault)),
                    ..EncryptedHello::default()
                }));
                let command = self.filled("dig +short {host} HTTPS");
                let at = format!("{}/ech", self.at);
                return self.prove(at, EvidenceKind::TlsHandshake, published, command);
            }
            Some(Ok(Ech::Offered(offered))) => offered,
        };
        let mut seen = EncryptedHello {
            config_id: Some(offered.contents.config_id),
            public_name: Some(offered.contents.public_name.clone()),
            fault: Seen::Known(None),
            ..EncryptedHello::default()
        };
        match &offered.answer {
            Ok(answer) => {
                seen.accepted = Seen::Known(*answer == EchAnswer::Accepted);
                seen.retry = Seen::Known(retry(*answer));
            }
            Err(error) => {
                for fact in ["accepted", "retry", "retry_accepted"] {
                    self.gap(&format!("/ech/{fact}"), error);
                }
            }
        }
        match (&offered.answer, &offered.retried) {
            (_, Some(Ok(accepted))) => seen.retry_accepted = Seen::Known(Some(*accepted)),
            (_, Some(Err(error))) => self.gap("/ech/retry_accepted", error),
            (Ok(EchAnswer::Replaced), None) => {
                let detail = "no configuration that was sent has what our client has";
                let error = NetError::new(GapReason::NotAsked, detail);
                self.gap("/ech/retry_accepted", &error);
            }
            (Ok(_), None) => seen.retry_accepted = Seen::Known(None),
            (Err(_), None) => {}
        }
        match self.outer_chain(offered) {
            Ok(chain) => seen.public_name_chain = Seen::Known(chain),
            Err(error) => self.gap("/ech/public_name_chain", &error),
        }
        facts.ech = Seen::Known(Some(seen));
        let command = self.filled(
            "dig +short {host} HTTPS; \
             curl -sv --ech hard --connect-to {host}:{port}:{address}:{port} -o /dev/null https://{host}:{port}/",
        );
        let at = format!("{}/ech", self.at);
        self.prove(at, EvidenceKind::TlsHandshake, &offered.published, command);
    }

    /// How the chain for the public name verifies.
    fn outer_chain(&mut self, offered: &Offered) -> Result<Option<Chain>, NetError> {
        let attempt = match &offered.outer {
            Ok(Outer::Shown(attempt)) => attempt,
            Ok(Outer::Refused) => return Ok(None),
            Err(error) => return Err(error.clone()),
        };
        let host = ServerName::try_from(offered.contents.public_name.clone());
        let host = host.map_err(|_| NetError::new(GapReason::Malformed, "no name of a host"))?;
        let Attempt {
            certificates,
            certificates_sent,
            possession,
            ..
        } = &**attempt;
        let read: Vec<_> = certificates
            .iter()
            .map(|der| Certificate::read(der))
            .collect();
        Ok(Some(chain::assess(&Question {
            der: certificates,
            sent: *certificates_sent,
            read: &read,
            host: &host,
            roots: self.setting.roots,
            now: self.setting.now,
            possession: *possession,
        })))
    }
}

fn retry(answer: EchAnswer) -> Option<EchRetry> {
    match answer {
        EchAnswer::Accepted => None,
        EchAnswer::PassedOver => Some(EchRetry::None),
        EchAnswer::Repeated => Some(EchRetry::Same),
        EchAnswer::Replaced => Some(EchRetry::Other),
        EchAnswer::Ended => Some(EchRetry::Ended),
    }
}
