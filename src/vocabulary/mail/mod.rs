//! Mail's nouns: RFC 5321 (envelope, status), RFC 5322 (header), RFC 3464 (delivery status), RFC 9051
//! (flags, special use).

mod address;
mod envelope;
mod flags;
mod pattern;
pub mod status;

pub use address::{Address, AddressError, Domain, LocalPart};
pub use envelope::{BodyType, Envelope, Recipient, ReversePath};
pub use flags::{Flags, SpecialUse, SystemFlag};
pub use pattern::{AddressPattern, DomainPattern};
pub use status::{Enhanced, Reply};
