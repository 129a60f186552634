//! What waits for what, for people.

use serde::{Deserialize, Serialize};

use super::lineage::Lineage;
use super::operator::Thing;
use super::policy::PolicyStage;
use super::selector::SelectorStage;
use super::target::{SetKey, Target};
use super::{Stages, dmarc};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::{MtaStsMode, MtaStsPolicy};

/// One roll-over and what holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// As `mailctl stages skip` takes it.
    pub stage: String,
    /// What is so now.
    pub step: String,
    pub since: Timestamp,
    /// What must happen first.
    pub waits_for: String,
    /// Not before this. Absent: it depends on something that has not been seen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Timestamp>,
}

impl Stages {
    /// Everything that is under way, by name.
    pub fn waits(&self, plan: &Plan, target: &Target) -> Vec<Wait> {
        let mut waits: Vec<Wait> = Vec::new();
        waits.extend(self.keys.iter().map(|(name, stage)| self.key_wait(name, stage, target)));
        for (domain, stages) in &self.selectors {
            for (name, stage) in stages {
                let key = SetKey::selector(domain.as_str(), name);
                let wait = selector_wait(stage, self.sets.get(&key));
                waits.push(Wait { stage: Thing::Dkim(domain.clone(), name.clone()).to_string(), ..wait });
            }
        }
        for (domain, stage) in &self.policies {
            let wanted = plan.domains.get(domain).and_then(|settings| settings.mta_sts.as_ref());
            waits.extend(
                policy_wait(stage, wanted)
                    .map(|wait| Wait { stage: Thing::Policy(domain.clone()).to_string(), ..wait }),
            );
        }
        let rest = self.sets.iter().filter(|(key, _)| !key.name.contains("._domainkey."));
        waits.extend(rest.map(|(key, lineage)| set_wait(key, lineage, target, plan)));
        waits.sort_by(|a, b| a.stage.cmp(&b.stage));
        waits
    }

    fn key_wait(&self, name: &str, stage: &super::key::KeyStage, target: &Target) -> Wait {
        let sets = self.sets.iter().filter(|(key, _)| key.tlsa_host().is_some_and(|host| stage.serves(host)));
        let (step, waits_for, earliest) = if stage.next.is_some() {
            let held: Vec<_> = sets.filter(|(_, l)| !l.former.is_empty()).collect();
            let unseen: Vec<String> =
                held.iter().filter(|(_, l)| l.seen.is_none()).map(|(key, _)| key.to_string()).collect();
            let earliest = held.iter().filter_map(|(_, l)| l.forgotten()).max().filter(|_| unseen.is_empty());
            let waits_for = match unseen.is_empty() {
                true => "caches forget the TLSA records without it (two TTLs)".to_owned(),
                false => format!("every name server answers with it: {}", unseen.join(", ")),
            };
            ("the next key is announced, the old one is served", waits_for, earliest)
        } else if let Some(old) = &stage.old {
            let ttl = sets.map(|(key, _)| i64::from(self.sets.get(key).map_or(0, |l| l.longest_ttl_seconds))).max();
            let ttl = ttl.unwrap_or_else(|| target.values().map(|s| i64::from(s.ttl_seconds)).max().unwrap_or(0));
            let earliest = old.replaced.map(|since| Timestamp(since.0.saturating_add(ttl * 1000)));
            (
                "the new key is served, the old one is still announced",
                "one TTL, so that going back stays possible".to_owned(),
                earliest,
            )
        } else {
            (
                "served for its names although the plan has it no more",
                "nobody sees a record that leads to its names".to_owned(),
                None,
            )
        };
        Wait {
            stage: Thing::Key(name.to_owned()).to_string(),
            step: step.to_owned(),
            since: stage.since,
            waits_for,
            earliest,
        }
    }
}

fn selector_wait(stage: &SelectorStage, lineage: Option<&Lineage>) -> Wait {
    let unseen = lineage.is_some_and(|l| !l.former.is_empty() && l.seen.is_none());
    let (step, waits_for, earliest) = match (stage.signs, stage.used) {
        (true, _) => ("signs", "the other selectors of the domain", None),
        (false, false) if unseen => ("published, does not sign yet", "every name server answers with its key", None),
        (false, false) => (
            "published, does not sign yet",
            "caches forget that there was no key",
            lineage.and_then(Lineage::forgotten),
        ),
        (false, true) if stage.stopped.is_none() => ("kept, signs no more", "the server runs without it", None),
        (false, true) => ("kept, signs no more", "mail that it signed leaves the queues", stage.unneeded_from()),
    };
    Wait { stage: String::new(), step: step.to_owned(), since: stage.since, waits_for: waits_for.to_owned(), earliest }
}

fn policy_wait(stage: &PolicyStage, wanted: Option<&MtaStsPolicy>) -> Option<Wait> {
    let mode = stage.current.as_ref().map_or(MtaStsMode::None, MtaStsPolicy::mode);
    let forgotten = stage.former.iter().map(|f| f.until).collect::<Option<Vec<_>>>().and_then(|u| u.into_iter().max());
    let (waits_for, earliest) = match wanted {
        _ if stage.seen.is_none() && stage.current.is_some() => ("it is served over HTTPS".to_owned(), None),
        Some(wanted) if wanted.mode() == MtaStsMode::Enforce && mode == MtaStsMode::Testing => {
            let period = i64::try_from(wanted.max_age_seconds()).unwrap_or(i64::MAX).saturating_mul(1000);
            let earliest = stage.clean.map(|since| Timestamp(since.0.saturating_add(period)));
            let hosts = if stage.clean.is_some() {
                "no check of the MX hosts fails until then"
            } else {
                "a clean check of every MX host"
            };
            (format!("{hosts}; then it is enforced"), earliest)
        }
        None if mode == MtaStsMode::None => ("senders forget the policy that was withdrawn".to_owned(), forgotten),
        _ if !stage.former.is_empty() => ("senders forget the former policy".to_owned(), forgotten),
        _ => return None,
    };
    let step = format!("mode {}", mode.word());
    Some(Wait { stage: String::new(), step, since: stage.since, waits_for, earliest })
}

fn set_wait(key: &SetKey, lineage: &Lineage, target: &Target, plan: &Plan) -> Wait {
    let arrived = target.get(key).map_or(lineage.current.is_empty(), |set| set.data == lineage.current);
    let watched = arrived || !lineage.former.is_empty() || key.dmarc_domain().is_some();
    let (waits_for, earliest) = if lineage.seen.is_none() && watched {
        (format!("every name server of {} answers with it", lineage.zone), None)
    } else if key.dmarc_domain().is_some() && !arrived {
        ("its time, so that reports can tell".to_owned(), dmarc::next_step(lineage, plan.profile))
    } else if !lineage.former.is_empty() {
        ("caches forget what was there before".to_owned(), lineage.forgotten())
    } else {
        ("another roll-over".to_owned(), None)
    };
    let shown: Vec<String> = lineage.current.iter().map(ToString::to_string).collect();
    let step = if shown.is_empty() { "removed".to_owned() } else { format!("published: {}", shown.join(" | ")) };
    Wait { stage: Thing::Record(key.clone()).to_string(), step, since: lineage.since, waits_for, earliest }
}
