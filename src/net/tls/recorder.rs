//! Takes every certificate and remembers what the server showed.

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::CertifiedKey,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{CertificateKind, MAX_CERTIFICATES, Offer, provider};

/// Takes every chain and remembers it.
#[derive(Debug)]
pub(super) struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    schemes: Vec<SignatureScheme>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) sent: usize,
    pub(super) staple: Option<Vec<u8>>,
    pub(super) possession: Option<bool>,
    pub(super) client_authorities: Option<u32>,
    pub(super) scheme: Option<u16>,
}

impl Recorder {
    pub(super) fn new(offer: &Offer) -> Self {
        let algorithms = provider().signature_verification_algorithms;
        let mut schemes = algorithms.supported_schemes();
        schemes.retain(|scheme| match offer.certificates {
            CertificateKind::Any => true,
            CertificateKind::Rsa => is_rsa(*scheme),
            CertificateKind::Ecdsa => !is_rsa(*scheme),
        });
        if let Some(only) = offer.pss {
            // Those of PKCS #1 sign certificates, and no handshake of TLS 1.3.
            schemes.retain(|scheme| u16::from(*scheme) == only || is_pkcs1(*scheme));
        }
        Self {
            algorithms,
            schemes,
            record: Mutex::default(),
        }
    }

    pub(super) fn take(&self) -> Record {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether the signature proves possession. One that cannot be
    /// verified here (a key that is too small, say) does not end the handshake.
    fn note(&self, scheme: SignatureScheme, verified: &Result<HandshakeSignatureValid, Error>) {
        let possession = match verified {
            Ok(_) => Some(true),
            Err(Error::InvalidCertificate(rustls::CertificateError::BadSignature)) => Some(false),
            Err(_) => None,
        };
        let mut record = self.lock();
        record.possession = possession;
        record.scheme = Some(scheme.into());
    }
}

fn is_rsa(scheme: SignatureScheme) -> bool {
    is_pkcs1(scheme)
        || matches!(
            scheme,
            SignatureScheme::RSA_PSS_SHA256
                | SignatureScheme::RSA_PSS_SHA384
                | SignatureScheme::RSA_PSS_SHA512
        )
}

fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    )
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut record = self.lock();
        record.sent = intermediates.len() + 1;
        record.certificates = std::iter::once(end_entity)
            .chain(intermediates)
            .take(MAX_CERTIFICATES)
            .map(|certificate| certificate.to_vec())
            .collect();
        record.staple = (!ocsp_response.is_empty()).then(|| ocsp_response.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms;
        let verified = rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms);
        self.note(dss.scheme, &verified);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms;
        let verified = rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms);
        self.note(dss.scheme, &verified);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let count = u32::try_from(root_hint_subjects.len()).unwrap_or(u32::MAX);
        self.lock().client_authorities = Some(count);
        None
    }

    /// Without one, the server would not be heard out.
    fn has_certs(&self) -> bool {
        true
    }
}
