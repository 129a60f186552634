//! The task that looks after the certificates for as long as the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch as signal;

use super::Certificates;
use super::watch::Watch;
use crate::ground::clock::Timestamp;
use crate::ground::limits::CERTIFICATE_LOOK_SECONDS;
use crate::plan::Plan;

/// Looks once a minute, or when the bell rings, at the certificates of the plan that `current` gives, until the
/// server drains or is gone.
pub async fn run(
    desk: Arc<Certificates>,
    current: impl Fn() -> Option<(Arc<Plan>, PathBuf)>,
    mut draining: signal::Receiver<bool>,
) {
    let mut watch = Watch::default();
    let mut bell = desk.bell();
    loop {
        bell.mark_unchanged();
        let Some((plan, base)) = current() else { return };
        let of_look = desk.clone();
        // Files are read and synced: blocking work.
        let look = tokio::task::spawn_blocking(move || {
            watch.look(&of_look, &plan, &base, Timestamp::now().seconds());
            watch
        });
        match look.await {
            Ok(same) => watch = same,
            Err(error) => {
                tracing::error!(%error, "the look at the certificates broke off");
                watch = Watch::default();
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(CERTIFICATE_LOOK_SECONDS)) => {}
            _ = bell.changed() => {}
            stopped = draining.wait_for(|draining| *draining) => {
                let _ = stopped;
                return;
            }
        }
    }
}
