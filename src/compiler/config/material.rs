//! What the named files hold: certificates, their keys, DKIM keys. Read once, judged by the rules of
//! phase F, lowered into fingerprints. Private keys are dropped here; only public halves leave.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::SignatureAlgorithm;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::inputs::{Exposure, Inputs, SecretFile};
use super::meaning::{CertificateChoice, Meaning};
use super::secrets;
use super::section::certificates::CertificateFiles;
use super::section::leaf::{FilePath, OrNone};
use super::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::plan::document::DkimAlgorithm;
use crate::vocabulary::mail::Domain;

/// All files of a configuration that are read when it is compiled.
#[derive(Debug)]
pub struct Material<'c> {
    pub certificates: Vec<CertificateMaterial<'c>>,
    pub dkim: Vec<DkimMaterial<'c>>,
    /// Files that the server reads when it starts: looked at, not read.
    pub secrets: Vec<SecretMaterial>,
}

/// A secret file.
#[derive(Debug)]
pub struct SecretMaterial {
    pub path: Spanned<FilePath>,
    pub file: SecretFile,
    /// `None`: others cannot read it, as far as can be told.
    pub exposure: Option<Exposure>,
}

/// A certificate and its key, each as far as it could be read. Errors continue "The file `x` ...".
#[derive(Debug)]
pub struct CertificateMaterial<'c> {
    pub files: &'c CertificateFiles,
    pub leaf: Result<Leaf, String>,
    /// SubjectPublicKeyInfo (DER) of the private key.
    pub key: Result<Vec<u8>, String>,
}

/// The facts of a server's certificate.
#[derive(Debug)]
pub struct Leaf {
    /// DNS names of the subjectAltName in lower case, sorted (RFC 9525 §6: the subject's name does not count).
    pub names: Vec<String>,
    /// Seconds since the epoch.
    pub not_before: i64,
    /// Seconds since the epoch.
    pub not_after: i64,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Whether issuer and subject are the same: nobody else vouches for it.
    pub self_issued: bool,
    /// Bits of an RSA key; `None` for one of another kind.
    pub rsa_bits: Option<usize>,
    /// All certificates of the file that can be parsed, this one first.
    pub chain: Vec<ChainLink>,
}

/// One certificate of a chain file.
#[derive(Debug)]
pub struct ChainLink {
    pub der: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
}

impl Leaf {
    /// Hex of the SHA-256 over the SubjectPublicKeyInfo: what TLSA 3 1 1 holds (RFC 6698 §2.1).
    pub fn spki_sha256(&self) -> String {
        digest(&SHA256, &self.spki).as_ref().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Whether a certificate's names cover `host` (RFC 9525 §6.3: a wildcard stands for one whole left-most label).
pub fn covers(names: &[String], host: &Domain) -> bool {
    let parent = host.as_str().split_once('.').map(|(_, parent)| parent);
    names.iter().any(|n| n == host.as_str() || n.strip_prefix("*.").is_some_and(|p| Some(p) == parent))
}

/// A DKIM key file.
#[derive(Debug)]
pub struct DkimMaterial<'c> {
    pub domain: &'c Domain,
    pub selector: &'c str,
    pub path: &'c Spanned<FilePath>,
    pub key: Result<DkimPublic, String>,
    /// Bits of an RSA key, usable or not.
    pub rsa_bits: Option<usize>,
}

/// The public half of a DKIM key.
#[derive(Debug)]
pub struct DkimPublic {
    pub algorithm: DkimAlgorithm,
    /// The `p=` value: base64 of the SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), of the 32 octets for
    /// Ed25519 (RFC 8463 §4.2).
    pub p: String,
}

impl<'c> Material<'c> {
    pub fn read(meaning: &Meaning<'c>, inputs: &Inputs) -> Self {
        let files = match &meaning.certificates {
            CertificateChoice::Files { files, .. } => files.as_slice(),
            _ => &[],
        };
        let certificates = files
            .iter()
            .map(|f| CertificateMaterial {
                files: &f.value,
                leaf: leaf(inputs, &f.chain),
                key: key(inputs, &f.key).map(|k| k.1),
            })
            .collect();
        let mut dkim = Vec::new();
        for domain in &meaning.domains {
            let Some(OrNone::Some(selectors)) = domain.settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value) else {
                continue;
            };
            for (name, settings) in selectors.iter() {
                if let Some(file) = settings.value.as_ref().and_then(|s| s.key.as_ref()) {
                    let key = dkim_key(inputs, &file.file);
                    let rsa_bits = rsa_bits_of_file(inputs, &file.file);
                    let (path, selector) = (&file.file, name.value.as_str());
                    dkim.push(DkimMaterial { domain: domain.name, selector, path, key, rsa_bits });
                }
            }
        }
        let secret = |path: Spanned<FilePath>| {
            let (file, exposure) = inputs.secret(&path.value.0);
            SecretMaterial { path, file, exposure }
        };
        let secrets = secrets::referenced(meaning).into_iter().map(secret).collect();
        Self { certificates, dkim, secrets }
    }
}

impl CertificateMaterial<'_> {
    pub fn chain_span(&self) -> &Span {
        &self.files.chain.span
    }
}

/// RFC 7633 §4.1: `id-pe-tlsfeature`, must-staple.
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";

fn leaf(inputs: &Inputs, path: &Spanned<FilePath>) -> Result<Leaf, String> {
    let bytes = inputs.read(&path.value.0).map_err(|e| e.to_string())?;
    let der = CertificateDer::from_pem_slice(&bytes)
        .map_err(|_| "holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)".to_owned())?;
    let (_, certificate) =
        X509Certificate::from_der(&der).map_err(|_| "holds a certificate that cannot be parsed".to_owned())?;
    if certificate.extensions().iter().any(|e| e.oid.to_id_string() == TLS_FEATURE) {
        return Err(
            "holds a certificate that demands stapled OCSP responses (must-staple), which the server does not \
                    send: every client would refuse it"
                .to_owned(),
        );
    }
    let mut names = Vec::new();
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        for name in &alternative.value.general_names {
            if let GeneralName::DNSName(name) = name {
                names.push(name.to_ascii_lowercase());
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    let validity = certificate.validity();
    Ok(Leaf {
        names,
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        spki: certificate.public_key().raw.to_vec(),
        self_issued: certificate.issuer() == certificate.subject(),
        rsa_bits: match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()),
            _ => None,
        },
        chain: chain(&bytes),
    })
}

/// The certificates of a PEM file, as far as they can be parsed.
fn chain(bytes: &[u8]) -> Vec<ChainLink> {
    let link = |der: CertificateDer<'static>| {
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        Some(ChainLink { spki: certificate.public_key().raw.to_vec(), der: der.to_vec() })
    };
    CertificateDer::pem_slice_iter(bytes).filter_map(|der| link(der.ok()?)).collect()
}

/// The size of an RSA key in PKCS#8 form, one too short to be used too.
fn rsa_bits_of_file(inputs: &Inputs, path: &Spanned<FilePath>) -> Option<usize> {
    let bytes = inputs.read(&path.value.0).ok()?;
    let PrivateKeyDer::Pkcs8(pkcs8) = PrivateKeyDer::from_pem_slice(&bytes).ok()? else { return None };
    rsa_bits(pkcs8.secret_pkcs8_der())
}

/// RFC 5958 §2 around RFC 8017 §A.1.2: the modulus is the second INTEGER of the inner sequence.
fn rsa_bits(pkcs8: &[u8]) -> Option<usize> {
    /// 1.2.840.113549.1.1.1, rsaEncryption (RFC 8017 §A.1).
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (info, _) = element(pkcs8, 0x30)?;
    let (_, rest) = element(info, 0x02)?;
    let (algorithm, rest) = element(rest, 0x30)?;
    let (identifier, _) = element(algorithm, 0x06)?;
    let (key, _) = element(rest, 0x04)?;
    let (key, _) = element(key, 0x30)?;
    let (_, rest) = element(key, 0x02)?;
    let (modulus, _) = element(rest, 0x02)?;
    let start = modulus.iter().position(|b| *b != 0)?;
    let modulus = modulus.get(start..)?;
    let leading = modulus.first()?.leading_zeros() as usize;
    (identifier == RSA_ENCRYPTION).then_some(modulus.len() * 8 - leading)
}

/// Content of the DER element at the start, and what follows it (X.690 §8.1).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let octets = usize::from(length & 0x7f);
        let long = rest.get(..octets).filter(|_| (1..=4).contains(&octets))?;
        (long.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest.get(octets..)?)
    };
    (*first == tag && rest.len() >= length).then(|| rest.split_at(length))
}

/// Algorithm and SubjectPublicKeyInfo of a private key. The error never quotes the file.
fn key(inputs: &Inputs, path: &Spanned<FilePath>) -> Result<(SignatureAlgorithm, Vec<u8>), String> {
    let bytes = inputs.read(&path.value.0).map_err(|e| e.to_string())?;
    let der = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| "holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)".to_owned())?;
    let key = any_supported_type(&der).map_err(|_| {
        "holds a key that cannot sign: RSA with 2048 to 8192 bits, ECDSA (P-256, P-384, P-521) or Ed25519 can"
            .to_owned()
    })?;
    let spki = key.public_key().ok_or_else(|| "holds a key without a public half".to_owned())?;
    Ok((key.algorithm(), spki.as_ref().to_vec()))
}

fn dkim_key(inputs: &Inputs, path: &Spanned<FilePath>) -> Result<DkimPublic, String> {
    let bytes = inputs.read(&path.value.0).map_err(|e| e.to_string())?;
    if let Ok(der) = PrivateKeyDer::from_pem_slice(&bytes)
        && !matches!(der, PrivateKeyDer::Pkcs8(_))
    {
        return Err("is not in PKCS#8 form; convert it with: openssl pkcs8 -topk8 -nocrypt".to_owned());
    }
    const ED25519_OCTETS: usize = 32;
    match key(inputs, path)? {
        (SignatureAlgorithm::RSA, spki) => {
            Ok(DkimPublic { algorithm: DkimAlgorithm::RsaSha256, p: BASE64.encode(spki) })
        }
        (SignatureAlgorithm::ED25519, spki) => {
            // RFC 8410 §4: the SubjectPublicKeyInfo ends with the 32 octets of the key.
            let start = spki.len().saturating_sub(ED25519_OCTETS);
            let raw = spki.get(start..).unwrap_or_default();
            Ok(DkimPublic { algorithm: DkimAlgorithm::Ed25519Sha256, p: BASE64.encode(raw) })
        }
        _ => Err("holds a key of a kind that DKIM does not know; it knows RSA and Ed25519".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::clock::Timestamp;

    #[test]
    fn a_certificate_that_demands_stapling_is_refused() {
        let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let plain = params.self_signed(&key).unwrap().pem();
        // A SEQUENCE of one INTEGER, 5 for status_request.
        let feature = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
        params.custom_extensions.push(feature);
        let stapled = params.self_signed(&key).unwrap().pem();
        let files = [("plain", plain), ("stapled", stapled)];
        let inputs = Inputs::in_memory(files.map(|(name, pem)| (name.into(), pem.into_bytes())).into(), Timestamp(0));
        let read = |name: &str| leaf(&inputs, &Spanned { value: FilePath(name.into()), span: 0..0 });
        assert_eq!(read("plain").unwrap().names, ["a.test"]);
        assert!(read("stapled").unwrap_err().contains("must-staple"));
    }
}
