//! Base64 as SASL lines use it: one line, padded, nothing else (RFC 4648 §4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The octets that `text` stands for; `None` if it is not canonical base64.
pub fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub fn base64_encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}
