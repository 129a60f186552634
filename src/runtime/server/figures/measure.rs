//! What is measured.

use std::sync::Arc;

use super::exposition::Exposition;
use crate::runtime::server::Server;
use crate::runtime::server::control::Status;
use crate::state::queue;

/// All figures of this moment.
pub async fn text(server: &Arc<Server>) -> String {
    let status = server.status().await;
    let store = server.store.clone();
    let waiting = tokio::task::spawn_blocking(move || store.read(queue::count)).await;
    let mut text = Exposition::default();
    process(&mut text, &status);
    certificates(&mut text, &status);
    stages(&mut text, &status);
    drift(&mut text, server);
    match waiting.map_err(|error| error.to_string()).and_then(|count| count.map_err(|error| error.to_string())) {
        Ok(waiting) => text.single("mailctl_queue_messages", "Messages that wait to leave.", waiting),
        Err(error) => tracing::error!(error, "the queue cannot be counted"),
    }
    text.finish()
}

fn process(text: &mut Exposition, status: &Status) {
    let digest = status.digest.to_string();
    let build = [("version", status.version.as_str()), ("plan", digest.as_str())];
    text.family("mailctl_info", "Always 1: the program and the plan that it executes.", [(&build[..], 1)]);
    text.single("mailctl_start_time_seconds", "When the server started, Unix time.", status.started.seconds());
    text.single("mailctl_connections", "Connections that are open.", status.connections);
}

fn certificates(text: &mut Exposition, status: &Status) {
    let labels: Vec<_> = status.certificates.iter().map(|c| [("certificate", c.certificate.as_str())]).collect();
    let of = || labels.iter().map(|labels| &labels[..]).zip(&status.certificates);
    let expiry = of().filter_map(|(labels, c)| Some((labels, c.not_after?.seconds())));
    text.family("mailctl_certificate_not_after_seconds", "When the served certificate expires, Unix time.", expiry);
    let failing = of().map(|(labels, c)| (labels, u8::from(c.last_error.is_some())));
    text.family("mailctl_certificate_failing", "1 if the last try to renew or load it failed.", failing);
    let waiting = of().map(|(labels, c)| (labels, u8::from(c.waiting_spki_sha256.is_some())));
    text.family("mailctl_certificate_key_waiting", "1 while a next key waits to be served.", waiting);
}

fn stages(text: &mut Exposition, status: &Status) {
    text.single("mailctl_stages", "Roll-overs under way.", status.stages.len());
    let held = u8::from(status.stages_problem.is_some());
    text.single("mailctl_stages_held", "1 if something keeps them from going on.", held);
}

fn drift(text: &mut Exposition, server: &Server) {
    let Some(seen) = server.figures.drift.load_full() else { return };
    text.single("mailctl_drift_looked_seconds", "When drift was last looked at, Unix time.", seen.when.seconds());
    text.single("mailctl_drift_unknown", "1 if that look failed.", u8::from(seen.areas.is_err()));
    let Ok(areas) = &seen.areas else { return };
    let labels: Vec<_> = areas.keys().map(|area| [("area", *area)]).collect();
    let samples = labels.iter().zip(areas.values()).map(|(labels, problems)| (&labels[..], problems.len()));
    text.family(
        "mailctl_drift",
        "Differences between the plan and the world, as `mailctl status --drift` lists them.",
        samples,
    );
}
