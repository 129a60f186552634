//! SCRAM-SHA-256 (RFC 5802 with the hash of RFC 7677): keys and message grammar for both sides.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;

use super::ScramKeys;
use crate::ground::secret::Secret;
use crate::protocol::wire::{base64_decode, base64_encode};
use crate::vocabulary::mail::Address;

/// RFC 7677 §4 asks for at least 4096.
pub const ITERATIONS_MIN: u32 = 4096;
/// More would let a hostile server occupy a client for minutes.
const ITERATIONS_MAX: u32 = 1_000_000;
/// A salt or nonce beyond this is hostile.
const FIELD_OCTETS_MAX: usize = 1024;

/// One password's keys, before they belong to anybody.
pub struct Derived {
    pub stored_key: [u8; 32],
    pub server_key: [u8; 32],
    client_key: [u8; 32],
}

/// RFC 5802 §3: the keys of `password`, which SASLprep has prepared. Takes about 2 ms at 4096
/// iterations; not for a thread that serves sessions.
pub fn derive(password: &Secret, salt: &[u8], iterations: u32) -> Derived {
    let rounds = NonZeroU32::new(iterations.max(1)).unwrap_or(NonZeroU32::MIN);
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.expose(), &mut salted);
    let client_key = mac(&salted, b"Client Key");
    Derived { stored_key: hash(&client_key), server_key: mac(&salted, b"Server Key"), client_key }
}

impl Derived {
    /// The answer to a question for keys.
    pub fn into_keys(self, account: Option<Address>, salt: Vec<u8>, iterations: u32, nonce: String) -> ScramKeys {
        ScramKeys { account, salt, iterations, stored_key: self.stored_key, server_key: self.server_key, nonce }
    }

    /// RFC 5802 §3: ClientProof.
    pub(super) fn client_proof(&self, auth_message: &str) -> [u8; 32] {
        xor(&self.client_key, &mac(&self.stored_key, auth_message.as_bytes()))
    }
}

/// RFC 5802 §3: whether `proof` shows the knowledge of the ClientKey behind `stored_key`.
pub(super) fn proof_holds(stored_key: &[u8; 32], auth_message: &str, proof: &[u8; 32]) -> bool {
    let client_key = xor(proof, &mac(stored_key, auth_message.as_bytes()));
    hash(&client_key).ct_eq(stored_key).into()
}

/// RFC 5802 §3: ServerSignature.
pub(super) fn server_signature(server_key: &[u8; 32], auth_message: &str) -> [u8; 32] {
    mac(server_key, auth_message.as_bytes())
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("invariant: HMAC-SHA-256 is 32 octets")
}

fn hash(message: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, message).as_ref().try_into().expect("invariant: SHA-256 is 32 octets")
}

fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| left[i] ^ right[i])
}

/// RFC 5802 §7: what the client says of channel binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// `y`: it could, and believes the server cannot.
    ClientOnly,
    None,
    /// `p=tls-exporter`.
    TlsExporter,
}

/// client-first-message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    pub binding: Binding,
    /// Up to and including the second comma; comes back in `c=`.
    pub gs2_header: &'a str,
    /// The authorization identity, unescaped; empty if none was given.
    pub authorization: String,
    pub user: String,
    pub nonce: &'a str,
    pub bare: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub fn parse(message: &'a str) -> Option<Self> {
        let (flag, rest) = message.split_once(',')?;
        let binding = match flag {
            "n" => Binding::None,
            "y" => Binding::ClientOnly,
            "p=tls-exporter" => Binding::TlsExporter,
            _ => return None,
        };
        let (authorization, bare) = rest.split_once(',')?;
        let authorization = match authorization.strip_prefix("a=") {
            Some(name) => unescape(name)?,
            None if authorization.is_empty() => String::new(),
            None => return None,
        };
        let gs2_header = message.strip_suffix(bare)?;
        // RFC 5802 §7: an `m=` in front would be a mandatory extension that we do not know.
        let mut attributes = bare.split(',');
        let user = unescape(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        is_nonce(nonce).then_some(Self { binding, gs2_header, authorization, user, nonce, bare })
    }
}

/// client-final-message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    pub channel_binding: Vec<u8>,
    pub nonce: &'a str,
    pub without_proof: &'a str,
    pub proof: [u8; 32],
}

impl<'a> ClientFinal<'a> {
    pub fn parse(message: &'a str) -> Option<Self> {
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let channel_binding = base64_decode(attributes.next()?.strip_prefix("c=")?.as_bytes())?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let proof = base64_decode(proof.as_bytes())?.try_into().ok()?;
        Some(Self { channel_binding, nonce, without_proof, proof })
    }
}

/// server-first-message, as the client reads it.
pub(super) struct ServerFirst<'a> {
    pub nonce: &'a str,
    pub salt: Vec<u8>,
    pub iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub fn parse(message: &'a str) -> Option<Self> {
        let mut attributes = message.split(',');
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let salt = base64_decode(attributes.next()?.strip_prefix("s=")?.as_bytes())?;
        let iterations = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
        let sane = is_nonce(nonce)
            && (1..=FIELD_OCTETS_MAX).contains(&salt.len())
            && (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations);
        sane.then_some(Self { nonce, salt, iterations })
    }
}

/// server-first-message, as the server writes it. `nonce` is both parts.
pub(super) fn server_first(nonce: &str, salt: &[u8], iterations: u32) -> String {
    format!("r={nonce},s={},i={iterations}", base64_encode(salt))
}

/// RFC 5802 §7: `=2C` is a comma, `=3D` an equals sign, and nothing else begins with `=`.
fn unescape(name: &str) -> Option<String> {
    let mut pieces = name.split('=');
    let mut unescaped = pieces.next()?.to_owned();
    for piece in pieces {
        let (c, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        unescaped.push(c);
        unescaped.push_str(rest);
    }
    (!unescaped.is_empty()).then_some(unescaped)
}

pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// RFC 5802 §7: printable ASCII without comma.
pub(super) fn is_nonce(nonce: &str) -> bool {
    (1..=FIELD_OCTETS_MAX).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_exactly_those_of_rfc5802_7() {
        assert_eq!(unescape("a=2Cb=3D").as_deref(), Some("a,b="));
        assert_eq!(unescape("plain").as_deref(), Some("plain"));
        for bad in ["", "a=", "a=2c", "=41"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
        assert_eq!(unescape(&escape("a,=b")).as_deref(), Some("a,=b"));
    }

    #[test]
    fn hostile_client_firsts_are_refused() {
        for bad in ["", "n,,", "n,,n=u", "n,,n=u,r=", "x,,n=u,r=a", "p=tls-unique,,n=u,r=a", "n,,m=x,n=u,r=a"] {
            assert_eq!(ClientFirst::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_server_that_asks_for_too_few_or_too_many_iterations_is_refused() {
        for (iterations, good) in [(4095, false), (4096, true), (1_000_000, true), (1_000_001, false)] {
            assert_eq!(ServerFirst::parse(&server_first("n", b"salt", iterations)).is_some(), good);
        }
    }
}
