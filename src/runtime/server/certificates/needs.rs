//! What roll-overs want of the certificates besides what the plan says ([`crate::runtime::server::stages`] sets it).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::shelf::{Slot, Terms, held, named};
use super::{Certificates, ShelfError};
use crate::artefact::reconcile::stage::Stages;
use crate::artefact::reconcile::world::World;
use crate::artefact::render::dns::Known;
use crate::plan::Plan;
use crate::plan::document::{Certificate, CertificateSource};

/// Nothing where no roll-over is under way, except which certificates have TLSA records.
#[derive(Debug, Default)]
pub struct Needs {
    /// Names that a certificate of a former plan is served for, in place of the plan's own.
    pub former: Vec<(BTreeSet<String>, Arc<Slot>)>,
    /// Certificates (by first name) whose TLSA records somebody may see, whatever the plan wants now: another key waits.
    pub announced: BTreeSet<String>,
    /// Names that the first certificate must be for, besides those that the plan gives it.
    pub names: BTreeSet<String>,
}

impl Certificates {
    /// Does from here on what the stages of `plan` want.
    ///
    /// # Errors
    /// [`ShelfError`] if a former certificate cannot be read; then nothing changes.
    pub fn need(&self, plan: &Plan, known: &Known, stages: &Stages, world: &World) -> Result<(), ShelfError> {
        let mut former = Vec::new();
        for kept in &world.kept {
            let first = kept.certificate.names.first().map_or("", String::as_str);
            former.push((kept.names.clone(), self.shelf.slot(first)?));
        }
        let more = self.needs.load().names != world.names;
        let announced = stages.announced(plan, known);
        self.needs.store(Arc::new(Needs { former, announced, names: world.names.clone() }));
        if more {
            self.look();
        }
        Ok(())
    }

    /// How a pair for `certificate` is judged.
    pub fn terms(&self, plan: &Plan, certificate: &Certificate) -> Terms {
        let whole = matches!(certificate.source, CertificateSource::Files { .. });
        let first = certificate.names.first().map_or("", String::as_str);
        Terms { held: held(plan, certificate) || self.needs.load().announced.contains(first), whole }
    }

    /// The plan with the further names that its first certificate must be for now, if that one is made or asked for.
    pub fn with_names(&self, plan: &Arc<Plan>) -> Arc<Plan> {
        let needs = self.needs.load();
        let made = named(plan).first().is_some_and(|(_, c)| !matches!(c.source, CertificateSource::Files { .. }));
        if needs.names.is_empty() || !made {
            return plan.clone();
        }
        let mut wider = Plan::clone(plan);
        if let Some(certificate) = wider.certificates.first_mut() {
            // Behind those of the plan: the first one is what the certificate is called.
            let further = needs.names.iter().filter(|name| !certificate.names.contains(name)).cloned();
            let further: Vec<String> = further.collect();
            certificate.names.extend(further);
        }
        Arc::new(wider)
    }
}
