//! The extensions: one file each, with its grammar, what it writes, and its row in the table of capabilities.
//!
//! To add one: a file here, a row in [`TABLE`], its command in `parse` and its handler in `session`.

pub mod children;
pub mod enable;
pub mod id;
pub mod idle;
pub mod list_extended;
pub mod list_status;
pub mod literal_plus;
pub mod r#move;
pub mod namespace;
pub mod quota;
pub mod sasl_ir;
pub mod special_use;
pub mod uidplus;
pub mod unselect;

/// What a capability's announcement depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// After login.
    Authenticated,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Extension {
    /// As CAPABILITY lists it.
    pub capability: &'static str,
    pub rfc: u16,
    pub when: When,
}

/// In the order of announcement.
pub const TABLE: [Extension; 15] = [
    literal_plus::ROW,
    sasl_ir::ROW,
    id::ROW,
    enable::ROW,
    idle::ROW,
    namespace::ROW,
    children::ROW,
    unselect::ROW,
    uidplus::ROW,
    r#move::ROW,
    special_use::ROW,
    list_extended::ROW,
    list_status::ROW,
    quota::ROW,
    quota::RESOURCES,
];

/// The capability names for a session that has logged in or not, STARTTLS, LOGINDISABLED and AUTH= apart.
pub fn capabilities(authenticated: bool) -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(move |row| authenticated || row.when == When::Always).map(|row| row.capability)
}
