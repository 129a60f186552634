//! The ground: what every layer may stand on.
//!
//! Bounds with their unit and source ([`limits`]), time as a value ([`clock`]), secrets as
//! references ([`secret`]), diagnostics as data ([`diagnostic`]), the texts of others inside Markdown ([`markdown`])
//! and the one safe way to write a file ([`mod@file`]). Nothing here knows mail.

pub mod clock;
pub mod diagnostic;
pub mod file;
pub mod limits;
pub mod markdown;
pub mod secret;
