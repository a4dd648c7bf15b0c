//! The certificate authority of the estate: a root that the scan is told to
//! trust, an intermediate, and a certificate for each server.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PublicKeyData, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{
    EstateError,
    logs::{self, Logs},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A root with one intermediate that issues.
pub(super) struct Authority {
    root: CertificateDer<'static>,
    root_pem: String,
    intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    logs: Logs,
}

/// What a server's certificate says.
pub(super) struct Leaf<'a> {
    /// Names in the subject alternative name.
    pub names: &'a [&'a str],
    /// Kind of key.
    pub key: LeafKey,
    /// Days since it began.
    pub age_days: u32,
    /// Days from its beginning to its end.
    pub lifetime_days: u32,
    /// Who signs it.
    pub signer: Signer,
}

/// Kind of a server's key.
#[derive(Clone, Copy)]
pub(super) enum LeafKey {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA with 2048 bits.
    Rsa,
}

/// Who signs a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The intermediate, which is sent along.
    Intermediate,
    /// Its own key.
    Itself,
}

/// A certificate chain with its key.
pub(super) struct Identity {
    /// The leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
    /// DER form of the leaf's SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

impl Authority {
    /// Makes fresh keys and certificates.
    pub(super) fn new() -> Result<Self, EstateError> {
        let logs = Logs::new()?;
        Self::build(logs).map_err(|e| EstateError::new("make the authority", e))
    }

    /// The root, for a scan to trust.
    pub(super) fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The root as PEM.
    pub(super) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The logs in which its certificates stand, as a log list of version 3.
    pub(super) fn ct_logs(&self) -> String {
        self.logs.list()
    }

    /// Issues a certificate with a fresh key.
    pub(super) fn issue(&self, leaf: &Leaf<'_>) -> Result<Identity, EstateError> {
        let failed = |e: rcgen::Error| EstateError::new("issue a certificate", e);
        let (key, mut params, begin) = draft(leaf).map_err(failed)?;
        let (certificate, above) = match leaf.signer {
            Signer::Itself => (params.self_signed(&key).map_err(failed)?, None),
            Signer::Intermediate => {
                params.use_authority_key_identifier_extension = true;
                params.crl_distribution_points = vec![CrlDistributionPoint {
                    uris: vec!["http://crl.trust.example/e1.crl".to_owned()],
                }];
                params.custom_extensions = vec![issuer_address("http://trust.example/e1.der")];
                // The logs sign what the certificate is without their promises; the
                // serial number comes from the key, so that nothing else differs.
                let logged = params.signed_by(&key, &self.issuer).map_err(failed)?;
                let issuer_key = self.issuer.key().subject_public_key_info();
                let promises = self.logs.promises(logged.der(), &issuer_key, begin)?;
                params
                    .custom_extensions
                    .push(CustomExtension::from_oid_content(
                        &logs::EXTENSION,
                        promises,
                    ));
                let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
                (certificate, Some(self.intermediate.clone()))
            }
        };
        Ok(Identity {
            chain: [certificate.der().clone()]
                .into_iter()
                .chain(above)
                .collect(),
            public_key: key.subject_public_key_info(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }

    /// The list of what the intermediate has revoked, in DER: one certificate that
    /// no server of the estate uses.
    pub(super) fn revocation_list(&self) -> Result<Vec<u8>, EstateError> {
        let now = SystemTime::now();
        let params = CertificateRevocationListParams {
            this_update: (now - DAY).into(),
            next_update: (now + DAY * 6).into(),
            crl_number: SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(0x5eed),
                revocation_time: (now - DAY * 30).into(),
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params
            .signed_by(&self.issuer)
            .map_err(|e| EstateError::new("sign its list of revoked certificates", e))?;
        Ok(list.der().to_vec())
    }

    fn build(logs: Logs) -> Result<Self, rcgen::Error> {
        let root_key = KeyPair::generate()?;
        let root_params = authority_params("Example Trust Root", 5 * 365);
        let root = root_params.self_signed(&root_key)?;
        let root_pem = root.pem();
        let root_issuer = Issuer::new(root_params, root_key);

        let key = KeyPair::generate()?;
        let mut params = authority_params("Example Trust Servers E1", 2 * 365);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self {
            root: root.der().clone(),
            root_pem,
            intermediate: intermediate.der().clone(),
            issuer: Issuer::new(params, key),
            logs,
        })
    }
}

/// A fresh key, what the certificate says whoever signs it, and its beginning.
fn draft(leaf: &Leaf<'_>) -> Result<(KeyPair, CertificateParams, SystemTime), rcgen::Error> {
    let key = match leaf.key {
        LeafKey::Ecdsa => KeyPair::generate()?,
        LeafKey::Rsa => KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?,
    };
    let names: Vec<String> = leaf.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = Default::default();
    if let Some(first) = leaf.names.first() {
        params.distinguished_name.push(DnType::CommonName, *first);
    }
    let begin = SystemTime::now() - DAY * leaf.age_days;
    params.not_before = begin.into();
    // The last second belongs to the lifetime (CA/B BR section 1.6.1).
    params.not_after = (begin + DAY * leaf.lifetime_days - Duration::from_secs(1)).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(leaf.key, LeafKey::Rsa) {
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok((key, params, begin))
}

fn authority_params(name: &str, days: u32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CountryName, "XX");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example Trust Services");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let begin = SystemTime::now() - DAY * 400;
    params.not_before = begin.into();
    params.not_after = (begin + DAY * days.saturating_add(400)).into();
    params
}

/// Authority information access with the issuer's certificate (RFC 5280 section 4.2.2.1).
fn issuer_address(url: &str) -> CustomExtension {
    const CA_ISSUERS: [u8; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    let method = der(0x06, &CA_ISSUERS);
    let location = der(0x86, url.as_bytes());
    let description = der(0x30, &[method, location].concat());
    let content = der(0x30, &description);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

/// A DER element with a length of one byte.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    debug_assert!(
        content.len() < 0x80,
        "the short form of the length ends at 127"
    );
    let length = content.len() as u8 & 0x7f;
    [&[tag, length][..], content].concat()
}
