//! What an operator may force: to wait no longer, or to stay with what is.

use std::fmt;
use std::str::FromStr;

use super::Stages;
use super::target::{SetKey, Target};
use crate::vocabulary::mail::Domain;

/// One roll-over, as `mailctl stages` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// `dkim/DOMAIN/SELECTOR`
    Dkim(Domain, String),
    /// `key/CERTIFICATE`, by its first name.
    Key(String),
    /// `mta-sts/DOMAIN`
    Policy(Domain),
    /// `record/NAME/TYPE`
    Record(SetKey),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dkim(domain, selector) => write!(f, "dkim/{domain}/{selector}"),
            Self::Key(name) => write!(f, "key/{name}"),
            Self::Policy(domain) => write!(f, "mta-sts/{domain}"),
            Self::Record(key) => write!(f, "record/{}/{}", key.name, key.kind),
        }
    }
}

/// A text that names no roll-over.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not written as `mailctl stages list` names a roll-over")]
pub struct ThingError(String);

impl FromStr for Thing {
    type Err = ThingError;
    fn from_str(text: &str) -> Result<Self, ThingError> {
        let parts: Vec<&str> = text.split('/').collect();
        let domain = |text: &str| text.parse::<Domain>().map_err(|_| ThingError(text.to_owned()));
        match parts.as_slice() {
            ["dkim", name, selector] => Ok(Self::Dkim(domain(name)?, (*selector).to_owned())),
            ["key", name] => Ok(Self::Key((*name).to_owned())),
            ["mta-sts", name] => Ok(Self::Policy(domain(name)?)),
            ["record", name, kind] => Ok(Self::Record(SetKey::new(*name, kind))),
            _ => Err(ThingError(text.to_owned())),
        }
    }
}

impl Stages {
    /// Takes for granted what a roll-over waits for: nobody remembers a former version any more, what is published is
    /// seen, what is tested is good. Senders who do remember may refuse mail. `false`: there is no such roll-over.
    pub fn skip(&mut self, thing: &Thing, target: &Target) -> bool {
        match thing {
            Thing::Dkim(domain, selector) => {
                let key = SetKey::selector(domain.as_str(), selector);
                let published = self.sets.get_mut(&key).map(|lineage| lineage.former.clear()).is_some();
                let stage = self.selectors.get_mut(domain).and_then(|stages| stages.get_mut(selector));
                let retired = stage.map(|stage| stage.used = stage.signs).is_some();
                published || retired
            }
            Thing::Key(name) => {
                let Some(stage) = self.keys.get_mut(name) else { return false };
                stage.old = None;
                for (key, lineage) in &mut self.sets {
                    if key.tlsa_host().is_some_and(|host| stage.serves(host)) {
                        lineage.former.clear();
                    }
                }
                true
            }
            Thing::Policy(domain) => {
                let Some(stage) = self.policies.get_mut(domain) else { return false };
                stage.former.clear();
                stage.tested = true;
                true
            }
            Thing::Record(key) => {
                let Some(lineage) = self.sets.get_mut(key) else { return false };
                lineage.former.clear();
                if key.dmarc_domain().is_some()
                    && let Some(set) = target.get(key)
                {
                    lineage.current.clone_from(&set.data);
                }
                true
            }
        }
    }
}
