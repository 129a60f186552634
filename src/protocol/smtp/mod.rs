//! SMTP (RFC 5321): the server's session ([`server`]) and the client's ([`client`]).
//!
//! Extensions: PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), ENHANCEDSTATUSCODES
//! (RFC 2034), SMTPUTF8 (RFC 6531), CHUNKING (RFC 3030, without BINARYMIME), STARTTLS (RFC 3207), AUTH
//! (RFC 4954); message submission is RFC 6409 with RFC 8314's view of TLS.
//!
//! Not here: LMTP, DSN parameters (RFC 3461), BINARYMIME, REQUIRETLS, and everything that needs to know
//! an account, a file or the time.

pub mod client;
pub mod server;
