//! DKIM signatures on what leaves (RFC 6376, RFC 8463).
//!
//! The signing domain is that of the header's From or the closest above it, so that the signature aligns
//! (RFC 7489 §3.1.1). A message from where no keys are leaves unsigned. Each selector of the domain signs once:
//! with an RSA and an Ed25519 selector a message carries two signatures, as RFC 8463 §6 has it.
//!
//! Canonicalization is relaxed/relaxed. From is listed twice in `h=`, so that no second From can be added
//! without breaking the signature (RFC 6376 §8.15); other listed fields that the message lacks are signed
//! as absent.
//!
//! The fields are computed over the staged message, in pieces, and kept beside it: the queue sends them
//! before the content. Local copies are not signed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use mail_auth::common::crypto::{DkimKey, Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::plan::document::DkimAlgorithm;
use crate::vocabulary::mail::Domain;

/// RFC 6376 §5.4.1 without what others may rightly add later: Received and Return-Path belong to the hops,
/// Sender, List- and Resent- fields to whoever redistributes the message.
const SIGNED_FIELDS: [&str; 13] = [
    "From",
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Why a key cannot sign. Never says anything of the key's bytes.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("the DKIM key of selector `{selector}` of {domain} is no PKCS#8 {algorithm} key: {reason}")]
    Key { domain: Domain, selector: String, algorithm: &'static str, reason: String },
    #[error("signing for {domain} failed: {reason}")]
    Sign { domain: Domain, reason: String },
}

/// Selectors by domain.
pub type Selection = BTreeMap<Domain, BTreeSet<String>>;

/// The keys by signing domain, and which of them sign now. Cheap to clone; all clones share both. The keys are in
/// memory only here.
#[derive(Clone, Default)]
pub struct Signers {
    keys: Arc<HashMap<Domain, Vec<Signer>>>,
    /// `None`: all of them.
    selected: Arc<RwLock<Option<Selection>>>,
}

struct Signer {
    selector: String,
    signer: DkimSigner<DkimKey, Done>,
}

/// One selector with its private key, for [`Signers::new`].
pub struct SelectorKey<'a> {
    pub domain: Domain,
    pub selector: String,
    pub algorithm: DkimAlgorithm,
    /// PKCS#8 PEM, as in the plan's file or as made at activation.
    pub pem: &'a [u8],
}

impl Signers {
    /// Parses all keys.
    ///
    /// # Errors
    /// [`SigningError::Key`] for the first that is not what the plan says.
    pub fn new<'a>(keys: impl IntoIterator<Item = SelectorKey<'a>>) -> Result<Self, SigningError> {
        let mut signers: HashMap<Domain, Vec<Signer>> = HashMap::new();
        for SelectorKey { domain, selector, algorithm, pem } in keys {
            let key = parse(algorithm, pem).map_err(|reason| SigningError::Key {
                domain: domain.clone(),
                selector: selector.clone(),
                algorithm: match algorithm {
                    DkimAlgorithm::Ed25519Sha256 => "Ed25519",
                    DkimAlgorithm::RsaSha256 => "RSA",
                },
                reason,
            })?;
            let signer =
                DkimSigner::from_key(key).domain(domain.as_str()).selector(selector.clone()).headers(SIGNED_FIELDS);
            signers.entry(domain).or_default().push(Signer { selector, signer });
        }
        Ok(Self { keys: Arc::new(signers), selected: Arc::default() })
    }

    /// Only these sign from now on; `None`: all do.
    pub fn select(&self, selection: Option<Selection>) {
        *self.selected.write().unwrap_or_else(PoisonError::into_inner) = selection;
    }

    /// The selectors that sign now.
    pub fn selected(&self) -> Selection {
        let named = self.keys.iter().map(|(domain, signers)| {
            let names = signers.iter().map(|s| s.selector.clone()).filter(|name| self.signs(domain, name));
            (domain.clone(), names.collect())
        });
        named.collect()
    }

    fn signs(&self, domain: &Domain, selector: &str) -> bool {
        let selected = self.selected.read().unwrap_or_else(PoisonError::into_inner);
        selected.as_ref().is_none_or(|all| all.get(domain).is_some_and(|names| names.contains(selector)))
    }

    /// The domain that signs for an author at `author`: the closest at or above it that has keys. A
    /// signature of a parent still aligns (RFC 7489 §3.1.1, relaxed); it serves the host's own name.
    pub fn signing_domain(&self, author: &Domain) -> Option<Domain> {
        self.keys.keys().filter(|domain| author.is_within(domain)).max_by_key(|domain| domain.labels()).cloned()
    }

    /// The DKIM-Signature fields, each with CRLF, for a message from `domain`; empty if it has no keys.
    /// `feed` is called once and must pass the message, header first, in any pieces.
    ///
    /// # Errors
    /// [`SigningError::Sign`] if a key fails; whatever `feed` fails with.
    pub fn sign<E: From<SigningError>>(
        &self,
        domain: &Domain,
        feed: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let Some(signers) = self.keys.get(domain) else { return Ok(Vec::new()) };
        let signing = signers.iter().filter(|s| self.signs(domain, &s.selector));
        let mut streams: Vec<_> = signing.map(|s| s.signer.sign_streaming()).collect();
        feed(&mut |piece| streams.iter_mut().for_each(|stream| stream.write(piece)))?;
        let mut fields = Vec::new();
        for stream in streams {
            let signature = stream
                .finish()
                .map_err(|error| SigningError::Sign { domain: domain.clone(), reason: error.to_string() })?;
            fields.extend_from_slice(signature.to_header().as_bytes());
        }
        Ok(fields)
    }
}

impl std::fmt::Debug for Signers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

fn parse(algorithm: DkimAlgorithm, pem: &[u8]) -> Result<DkimKey, String> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
    match algorithm {
        DkimAlgorithm::Ed25519Sha256 => Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der())
            .map(DkimKey::Ed25519)
            .map_err(|error| error.to_string()),
        DkimAlgorithm::RsaSha256 => RsaKey::<Sha256>::from_key_der(PrivateKeyDer::Pkcs8(der))
            .map(DkimKey::Rsa)
            .map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;
    use std::hash::Hash;
    use std::time::Instant;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hickory_resolver::config::{ResolverConfig, ResolverOpts};
    use mail_auth::common::parse::TxtRecordParser;
    use mail_auth::common::verify::DomainKey;
    use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
    use rcgen::{KeyPair, PublicKeyData};

    use super::*;

    /// The published keys, as the verifier finds them instead of asking DNS.
    struct Published(HashMap<String, Txt>);

    impl ResolverCache<Box<str>, Txt> for Published {
        fn get<Q>(&self, name: &Q) -> Option<Txt>
        where
            Box<str>: Borrow<Q>,
            Q: Hash + Eq + ?Sized,
        {
            self.0
                .iter()
                .find(|(known, _)| {
                    let known: Box<str> = known.as_str().into();
                    Borrow::<Q>::borrow(&known) == name
                })
                .map(|(_, record)| record.clone())
        }

        fn remove<Q>(&self, _: &Q) -> Option<Txt>
        where
            Box<str>: Borrow<Q>,
            Q: Hash + Eq + ?Sized,
        {
            None
        }

        fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
    }

    fn example() -> Domain {
        "example.org".parse().unwrap()
    }

    /// Two selectors, as every domain has by default, and their records.
    fn keys() -> (Signers, Published) {
        let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let (ed_pem, rsa_pem) = (ed25519.serialize_pem(), rsa.serialize_pem());
        let selector = |selector: &str, algorithm, pem| SelectorKey {
            domain: example(),
            selector: selector.to_owned(),
            algorithm,
            pem,
        };
        let signers = Signers::new([
            selector("ed", DkimAlgorithm::Ed25519Sha256, ed_pem.as_bytes()),
            selector("rsa", DkimAlgorithm::RsaSha256, rsa_pem.as_bytes()),
        ])
        .unwrap();
        let record = |kind: &str, public: &[u8]| {
            let text = format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public));
            Txt::DomainKey(Arc::new(DomainKey::parse(text.as_bytes()).unwrap()))
        };
        let published = HashMap::from([
            ("ed._domainkey.example.org.".to_owned(), record("ed25519", ed25519.public_key_raw())),
            ("rsa._domainkey.example.org.".to_owned(), record("rsa", &rsa.subject_public_key_info())),
        ]);
        (signers, Published(published))
    }

    fn sign(signers: &Signers, pieces: &[&[u8]]) -> Vec<u8> {
        let feed = |piece: &mut dyn FnMut(&[u8])| {
            pieces.iter().for_each(|bytes| piece(bytes));
            Ok::<(), SigningError>(())
        };
        signers.sign(&example(), feed).unwrap()
    }

    async fn verify(message: &[u8], published: &Published) -> Vec<bool> {
        let authenticator = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).unwrap();
        let message = AuthenticatedMessage::parse(message).unwrap();
        let outputs = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(published)).await;
        outputs.iter().map(|output| *output.result() == DkimResult::Pass).collect()
    }

    const HEADER: &[u8] = b"From: a@example.org\r\nTo: x@example.net\r\nSubject: =?utf-8?q?hi?=\r\n  there\r\n\
        Date: Tue, 24 Nov 2026 03:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n";

    #[tokio::test]
    async fn rfc6376_and_rfc8463_both_signatures_verify() {
        let (signers, published) = keys();
        let body = b"first  line \r\n.second\r\n\r\n\r\n".as_slice();
        for pieces in [vec![HEADER, body], vec![&HEADER[..70], &HEADER[70..], &body[..9], &body[9..]]] {
            let mut message = sign(&signers, &pieces);
            assert!(message.starts_with(b"DKIM-Signature: ") && message.ends_with(b"\r\n"));
            message.extend_from_slice(HEADER);
            message.extend_from_slice(body);
            assert_eq!(verify(&message, &published).await, [true, true]);
        }
    }

    #[tokio::test]
    async fn rfc6376_8_15_what_was_signed_cannot_be_changed_nor_doubled() {
        let (signers, published) = keys();
        let fields = sign(&signers, &[HEADER, b"body\r\n"]);
        let with = |before: &str, body: &str| [&fields, before.as_bytes(), HEADER, body.as_bytes()].concat();
        assert_eq!(verify(&with("", "body\r\n"), &published).await, [true, true]);
        assert_eq!(verify(&with("Received: by x\r\n", "body \r\n\r\n"), &published).await, [true, true], "relaxed");
        assert_eq!(verify(&with("", "Body\r\n"), &published).await, [false, false]);
        assert_eq!(verify(&with("From: b@example.org\r\n", "body\r\n"), &published).await, [false, false]);
        assert_eq!(verify(&with("Reply-To: b@example.net\r\n", "body\r\n"), &published).await, [false, false]);
    }

    #[tokio::test]
    async fn only_what_is_selected_signs() {
        let (signers, published) = keys();
        let rsa = Selection::from([(example(), BTreeSet::from(["rsa".to_owned()]))]);
        signers.clone().select(Some(rsa.clone()));
        assert_eq!(signers.selected(), rsa, "clones share it");
        let fields = sign(&signers, &[HEADER, b"body\r\n"]);
        let message = [&fields, HEADER, b"body\r\n"].concat();
        assert_eq!(verify(&message, &published).await, [true]);
        signers.select(Some(Selection::new()));
        assert!(sign(&signers, &[HEADER, b"body\r\n"]).is_empty());
        signers.select(None);
        assert_eq!(signers.selected()[&example()].len(), 2);
    }

    #[test]
    fn the_signing_domain_aligns() {
        let (signers, _) = keys();
        let of = |author: &str| signers.signing_domain(&author.parse().unwrap());
        assert_eq!(of("example.org"), Some(example()));
        assert_eq!(of("mail.example.org"), Some(example()), "RFC 7489 §3.1.1 relaxed");
        assert_eq!(of("bexample.org"), None);
        assert_eq!(of("org"), None);
    }

    #[test]
    fn a_wrong_key_is_named_and_not_shown() {
        let pem = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let key = SelectorKey {
            domain: example(),
            selector: "s1".to_owned(),
            algorithm: DkimAlgorithm::RsaSha256,
            pem: pem.as_bytes(),
        };
        let error = Signers::new([key]).unwrap_err().to_string();
        assert!(error.contains("`s1` of example.org") && error.contains("RSA"), "{error}");
        assert!(!error.contains("BEGIN") && !error.contains(pem.lines().nth(1).unwrap()), "{error}");
    }
}
