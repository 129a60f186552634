//! The names of a certificate that is asked for.

use crate::compiler::config::acme_names::wanted;
use crate::compiler::config::material::{Material, covers};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::certificates::Acme;
use crate::vocabulary::mail::Domain;

/// What `acme` is to ask for: what is wanted and no certificate in a file holds. The host's name first: it is what the
/// certificate is called, whatever names come and go; the others are sorted.
pub fn asked_for(meaning: &Meaning<'_>, material: &Material<'_>, acme: &Acme) -> Vec<String> {
    let mut names = wanted(meaning, acme);
    names.retain(|name| {
        let held = |leaf: &crate::compiler::config::material::Leaf| match name.parse::<Domain>() {
            Ok(name) => covers(&leaf.names, &name),
            Err(_) => leaf.names.contains(name),
        };
        !material.certificates.iter().filter_map(|c| c.leaf.as_ref().ok()).any(held)
    });
    let host = meaning.host().to_string();
    let first = names.take(&host);
    first.into_iter().chain(names).collect()
}
