//! Looks after certificates that need no authority: files, by content, and those that are made here, by their end.
//!
//! Once a minute each file is read and compared by digest: whoever renews may write, rename or relink as they like.
//! A pair that cannot be used (half copied, of two keys, expired) changes nothing and is reported, once for each
//! content; when the files are right again the report goes.

use std::collections::BTreeMap;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use super::pair::Pair;
use super::shelf::{Placed, named};
use super::stock::local_pair;
use super::{Certificates, read};
use crate::plan::Plan;
use crate::plan::document::{Certificate, CertificateSource};

/// What the last look saw of each certificate's files.
#[derive(Debug, Default)]
pub struct Watch {
    seen: BTreeMap<String, Vec<u8>>,
}

impl Watch {
    /// One look at all certificates of a plan. Reads files and writes the state folder: not for the runtime's threads.
    pub fn look(&mut self, desk: &Certificates, plan: &Plan, base: &Path, now: i64) {
        for (id, certificate) in named(plan) {
            if matches!(certificate.source, CertificateSource::Acme { .. }) {
                continue;
            }
            let ask = desk.asks.take(&id);
            if ask.is_some() {
                self.seen.remove(&id);
            }
            let found = match &certificate.source {
                CertificateSource::Acme { .. } => continue,
                CertificateSource::Files { chain, key, .. } => {
                    match self.changed(&id, &base.join(chain), &base.join(key), now) {
                        Ok(None) => continue,
                        Ok(Some(pair)) => Ok(Some(pair)),
                        Err(Seen::Before) => continue,
                        Err(Seen::New(problem)) => Err(problem),
                    }
                }
                CertificateSource::SelfSigned {} => {
                    let slot = desk.shelf.slot(&id).map_err(|error| error.to_string());
                    let (kept, names) = (desk.shelf.kept(), &certificate.names);
                    slot.and_then(|slot| {
                        local_pair(plan.profile, names, &slot, kept, now, ask).map_err(|error| error.to_string())
                    })
                }
            };
            let placed = found.and_then(|pair| {
                let placed = place(desk, plan, certificate, &id, pair);
                if placed.is_err() {
                    // The files are right and could not be kept: they are looked at again.
                    self.seen.remove(&id);
                }
                placed
            });
            report(desk, &id, placed);
            desk.asks.done(&id);
        }
    }

    /// The pair in two files, if their content is new and it is valid now.
    fn changed(&mut self, id: &str, chain: &Path, key: &Path, now: i64) -> Result<Option<Pair>, Seen> {
        let content = match (read(chain), read(key)) {
            (Ok(chain), Ok(key)) => (chain, key),
            (Err(problem), _) | (_, Err(problem)) => {
                return Err(self.once(id, problem.as_bytes().to_vec(), problem));
            }
        };
        let mut both = digest(&SHA256, &content.0).as_ref().to_vec();
        both.extend_from_slice(digest(&SHA256, &content.1).as_ref());
        let pair = Pair::from_pem(&content.0, &content.1).map_err(|error| error.to_string());
        let pair = pair.and_then(|pair| match pair.valid_at(now) {
            true => Ok(pair),
            false => Err("the certificate is expired, or not valid yet".to_owned()),
        });
        match pair {
            // A problem with the same octets as before has been told; one with the clock may have come since.
            Err(problem) => {
                both.extend_from_slice(problem.as_bytes());
                Err(self.once(id, both, format!("{} with {}: {problem}", chain.display(), key.display())))
            }
            Ok(pair) => Ok((self.seen.insert(id.to_owned(), both.clone()) != Some(both)).then_some(pair)),
        }
    }

    fn once(&mut self, id: &str, content: Vec<u8>, problem: String) -> Seen {
        if self.seen.insert(id.to_owned(), content.clone()) == Some(content) {
            return Seen::Before;
        }
        Seen::New(problem)
    }
}

/// Files that cannot be used.
enum Seen {
    Before,
    New(String),
}

fn place(
    desk: &Certificates,
    plan: &Plan,
    certificate: &Certificate,
    id: &str,
    pair: Option<Pair>,
) -> Result<(), String> {
    let Some(pair) = pair else { return Ok(()) };
    let spki = pair.spki.clone();
    let placed = desk.shelf.offer(id, pair, desk.terms(plan, certificate)).map_err(|error| error.to_string())?;
    match placed {
        Placed::Known => {}
        Placed::Served => tracing::info!(certificate = id, spki, "a renewed certificate is served"),
        Placed::Waits => tracing::warn!(
            certificate = id,
            spki,
            "a certificate with another key waits until its TLSA records are published and seen"
        ),
    }
    Ok(())
}

fn report(desk: &Certificates, id: &str, placed: Result<(), String>) {
    if let Err(problem) = &placed {
        tracing::error!(certificate = id, problem, "the certificate is not renewed; the one before is served still");
    }
    let kept = desk.standings.change(id, |standing| match placed {
        Ok(()) => (standing.failures, standing.last_error) = (0, None),
        Err(problem) => standing.failed(&problem),
    });
    if let Err(error) = kept {
        tracing::warn!(certificate = id, %error, "how the certificate stands could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;

    const NOW: i64 = 1_795_000_000;

    struct World {
        folder: tempfile::TempDir,
        plan: Plan,
        desk: Certificates,
        watch: Watch,
    }

    impl World {
        fn new(source: CertificateSource) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mut plan = example::full();
            plan.dns.clear();
            plan.certificates = vec![Certificate { names: vec!["a.test".to_owned()], source }];
            let desk = Certificates::open(folder.path());
            Self { folder, plan, desk, watch: Watch::default() }
        }

        fn files() -> Self {
            let (chain, key, spki_sha256) = ("chain.pem".into(), "key.pem".into(), String::new());
            Self::new(CertificateSource::Files { chain, key, spki_sha256 })
        }

        fn write(&self, key: &rcgen::KeyPair, chain_of: &rcgen::KeyPair, year: i32) {
            let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            std::fs::write(self.folder.path().join("chain.pem"), params.self_signed(chain_of).unwrap().pem()).unwrap();
            std::fs::write(self.folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        }

        fn look(&mut self, now: i64) -> Option<Vec<u8>> {
            self.watch.look(&self.desk, &self.plan, self.folder.path(), now);
            self.desk.shelf.slot("a.test").unwrap().served().map(|pair| pair.leaf().to_vec())
        }

        fn error(&self) -> Option<String> {
            self.desk.standings.of("a.test").last_error
        }
    }

    #[test]
    fn a_renewed_file_is_served_and_a_bad_one_is_not() {
        let mut world = World::files();
        let (one, two) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        world.write(&one, &one, 2030);
        let first = world.look(NOW).unwrap();
        assert_eq!(world.look(NOW), Some(first.clone()));
        // Half of a renewal: the chain of another key.
        world.write(&one, &two, 2030);
        assert_eq!(world.look(NOW), Some(first.clone()));
        assert!(world.error().unwrap().contains("key.pem"));
        assert_eq!(world.desk.standings.of("a.test").failures, 1);
        world.look(NOW);
        assert_eq!(world.desk.standings.of("a.test").failures, 1, "the same fault is told once");
        world.write(&one, &one, 2020);
        assert_eq!(world.look(NOW), Some(first.clone()));
        assert!(world.error().unwrap().contains("expired"));
        std::fs::remove_file(world.folder.path().join("key.pem")).unwrap();
        assert_eq!(world.look(NOW), Some(first.clone()));
        world.write(&one, &one, 2031);
        assert_ne!(world.look(NOW), Some(first));
        assert_eq!(world.error(), None);
    }

    #[test]
    fn a_certificate_made_here_is_renewed_while_the_server_runs() {
        let mut world = World::new(CertificateSource::SelfSigned {});
        let first = world.look(NOW).unwrap();
        let spki = world.desk.shelf.served("a.test");
        assert_eq!(world.look(NOW + 300 * 86_400), Some(first.clone()));
        assert_ne!(world.look(NOW + 350 * 86_400), Some(first));
        assert_eq!(world.desk.shelf.served("a.test"), spki, "with the same key");
    }
}
