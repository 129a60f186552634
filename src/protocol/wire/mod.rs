//! What the line-oriented protocols share on the wire: lines ([`LineSplitter`]), base64 ([`base64_decode`]) and
//! dot stuffing ([`DotStuffing`]).
//!
//! Standards: RFC 5321 §2.3.8 (a line ends with CRLF, and CR and LF appear nowhere else) and §4.5.2, RFC 4648 §4.
//!
//! Invariants: a line longer than its limit is skipped without being held, and whether it is too long
//! does not depend on how the network cut it.
//!
//! Not here: literals (IMAP), message content (SMTP's DATA has a scanner of its own).

mod base64;
mod line;
mod stuffing;

pub use base64::{base64_decode, base64_encode};
pub use line::{LineSplitter, Split};
pub use stuffing::DotStuffing;
