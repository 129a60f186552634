//! Zones: which names lie in which of them, and which are signed.

use std::collections::BTreeMap;

use crate::compiler::config::section::Config;
use crate::compiler::config::section::dns::Signed;
use crate::ground::diagnostic::Span;

/// The zones that the file knows of: its mail domains, and `dns.zones`.
#[derive(Debug, Default)]
pub struct Zones<'c> {
    known: BTreeMap<&'c str, Option<Word<'c>>>,
}

/// What is said of a zone, and where.
#[derive(Debug, Clone, Copy)]
struct Word<'c> {
    signed: Signed,
    span: &'c Span,
}

impl<'c> Zones<'c> {
    pub fn of(config: &'c Config) -> Self {
        let mut known: BTreeMap<&str, Option<Word<'c>>> = BTreeMap::new();
        for (name, settings) in config.domains.iter() {
            let written = settings.value.as_ref().and_then(|s| s.dnssec.as_ref());
            known.insert(name.as_str(), written.map(|w| Word { signed: w.value, span: &w.span }));
        }
        let others = config.dns.as_ref().and_then(|d| d.zones.as_ref()).into_iter().flat_map(|z| z.iter());
        for (name, signed) in others {
            known.insert(name.as_str(), Some(Word { signed: signed.value, span: &signed.span }));
        }
        Self { known }
    }

    /// The closest zone at or above a name. Where none is known: the name's parent.
    pub fn holding(&self, name: &str) -> String {
        let parent = || name.split_once('.').map_or(name, |(_, parent)| parent);
        self.known(name).unwrap_or_else(parent).to_owned()
    }

    /// The closest zone at or above a name, if the file knows of one.
    pub fn known<'n>(&self, name: &'n str) -> Option<&'n str> {
        above(name).find(|n| self.known.contains_key(n))
    }

    /// Whether the zone of a name is signed. A zone of which nothing is said is as the one above it.
    pub fn signed(&self, name: &str) -> Signed {
        self.word(name).map_or(Signed::Unsigned, |w| w.signed)
    }

    /// Where it is said whether the zone of a name is signed.
    pub fn span(&self, name: &str) -> Option<&'c Span> {
        self.word(name).map(|w| w.span)
    }

    fn word(&self, name: &str) -> Option<Word<'c>> {
        above(name).find_map(|n| self.known.get(n).copied().flatten())
    }
}

/// A name and those above it, closest first.
fn above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |n| n.split_once('.').map(|(_, parent)| parent))
}
