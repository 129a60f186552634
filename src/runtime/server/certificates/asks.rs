//! What people ask for by hand: a renewal now, or a new key.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What somebody wants of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A new certificate with the same key.
    Renew,
    /// A new certificate with a new key.
    Roll,
}

/// Open asks, by certificate; one that is worked on stays until it is done.
#[derive(Debug, Default)]
pub struct Asks {
    open: Mutex<BTreeMap<String, State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Wanted(Ask),
    Working,
}

impl Asks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, id: &str, ask: Ask) {
        self.lock().insert(id.to_owned(), State::Wanted(ask));
    }

    /// The ask to be worked on now, if there is one.
    pub fn take(&self, id: &str) -> Option<Ask> {
        let mut open = self.lock();
        match open.get(id) {
            Some(State::Wanted(ask)) => {
                let ask = *ask;
                open.insert(id.to_owned(), State::Working);
                Some(ask)
            }
            Some(State::Working) | None => None,
        }
    }

    /// The work is done; what was asked for meanwhile stays.
    pub fn done(&self, id: &str) {
        let mut open = self.lock();
        if open.get(id) == Some(&State::Working) {
            open.remove(id);
        }
    }

    /// Whether something is asked for and not done.
    pub fn busy(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_is_open_until_it_is_done() {
        let asks = Asks::default();
        asks.put("a.test", Ask::Renew);
        assert_eq!(asks.take("a.test"), Some(Ask::Renew));
        assert_eq!(asks.take("a.test"), None);
        assert!(asks.busy("a.test"));
        asks.put("a.test", Ask::Roll);
        asks.done("a.test");
        assert_eq!(asks.take("a.test"), Some(Ask::Roll), "asked for meanwhile");
        asks.done("a.test");
        assert!(!asks.busy("a.test"));
    }
}
