//! DKIM selectors of a domain: which sign, and which are only published.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::material::{DkimPublic, Material};
use crate::compiler::config::section::domains::{Algorithm, MailDomain, Selector, Selectors};
use crate::compiler::config::section::leaf::OrNone;
use crate::ground::diagnostic::Span;
use crate::plan::document::{DkimAlgorithm, DkimKey, DkimSelector};
use crate::vocabulary::mail::Domain;

/// RSA because everyone verifies it, Ed25519 because it is the better key (RFC 8463 §6: both, while verifiers
/// change over).
pub const DEFAULT: [(&str, DkimAlgorithm); 2] =
    [("mailctl-ed25519", DkimAlgorithm::Ed25519Sha256), ("mailctl-rsa", DkimAlgorithm::RsaSha256)];

/// A selector whose key is published.
#[derive(Debug)]
pub struct PublishedSelector<'c> {
    pub planned: DkimSelector,
    /// Whether mail is signed with it. Else it is there for mail that is still on its way.
    pub signs: bool,
    /// `None`: one of the default ones.
    pub span: Option<&'c Span>,
}

/// The public halves that could be read, by domain and selector.
#[derive(Debug)]
pub struct Keys<'m>(BTreeMap<(&'m str, &'m str), &'m DkimPublic>);

impl<'m> Keys<'m> {
    pub fn of(material: &'m Material<'_>) -> Self {
        let read = material.dkim.iter().filter_map(|m| Some(((m.domain.as_str(), m.selector), m.key.as_ref().ok()?)));
        Self(read.collect())
    }
}

/// What is written at `dkim`; `None` for the default and for `none`.
pub fn written(settings: Option<&MailDomain>) -> Option<&Selectors> {
    match settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value) {
        Some(OrNone::Some(own)) => Some(own),
        Some(OrNone::None) | None => None,
    }
}

/// Whether mail of the domain is signed at all.
pub fn signs(settings: Option<&MailDomain>) -> bool {
    let some = match settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value) {
        None => true,
        Some(OrNone::None) => false,
        Some(OrNone::Some(own)) => own.iter().next().is_some(),
    };
    some && settings.and_then(|s| s.sign_with.as_ref()).is_none_or(|s| !s.value.is_empty())
}

/// The selectors of a domain, sorted. Those whose key could not be read are left out.
pub fn selectors<'c>(name: &Domain, settings: Option<&'c MailDomain>, keys: &Keys<'_>) -> Vec<PublishedSelector<'c>> {
    let signers = settings.and_then(|s| s.sign_with.as_ref());
    let signers: Option<BTreeSet<&str>> = signers.map(|s| s.value.iter().map(|n| n.value.as_str()).collect());
    let signs = |selector: &str| signers.as_ref().is_none_or(|s| s.contains(selector));
    let generated = |selector: &str, algorithm, span| PublishedSelector {
        signs: signs(selector),
        planned: DkimSelector { selector: selector.to_owned(), algorithm, key: DkimKey::Generated {} },
        span,
    };
    let own = match settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value) {
        None => return DEFAULT.into_iter().map(|(s, a)| generated(s, a, None)).collect(),
        Some(OrNone::None) => return Vec::new(),
        Some(OrNone::Some(own)) => own,
    };
    let selector = |selector: &str, settings: Option<&Selector>, span| {
        let Some(file) = settings.and_then(|s| s.key.as_ref()) else {
            let algorithm = settings.and_then(|s| s.algorithm.as_ref()).map_or(Algorithm::RsaSha256, |a| a.value);
            return Some(generated(selector, algorithm.planned(), Some(span)));
        };
        let public = keys.0.get(&(name.as_str(), selector))?;
        let key = DkimKey::File { path: file.file.value.0.clone(), public_key: public.p.clone() };
        let planned = DkimSelector { selector: selector.to_owned(), algorithm: public.algorithm, key };
        Some(PublishedSelector { planned, signs: signs(selector), span: Some(span) })
    };
    let mut selectors: Vec<_> = own.iter().filter_map(|(n, s)| selector(&n.value, s.value.as_ref(), &n.span)).collect();
    selectors.sort_by(|a, b| a.planned.selector.cmp(&b.planned.selector));
    selectors
}
