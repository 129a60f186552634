//! Figures for Prometheus: `GET /metrics` at the plan's `metrics` address, in clear.
//!
//! | room | what |
//! | --- | --- |
//! | `door` | one connection, one request, one reply |
//! | `drift` | how far the world is from the plan, looked at now and then |
//! | `exposition` | the text format 0.0.4 |
//! | `measure` | what is measured, by its names |
//!
//! Invariants: no figure and no label holds an address, a name of a person, or a subject. A request costs one read of the
//! store and a look at memory; drift is looked at in the background, and its last count is told. Connections, requests
//! and time have a bound in `ground/limits`. Who may ask is the packet filter's matter (`firewall.admin`).

mod door;
mod drift;
mod exposition;
mod measure;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;

pub(super) use door::welcome;
pub use drift::{Areas, watch};

use crate::ground::limits::FIGURES_CONNECTIONS_MAX;

/// What is remembered between two requests.
#[derive(Debug)]
pub struct Figures {
    seats: Arc<Semaphore>,
    drift: ArcSwapOption<drift::Seen>,
}

impl Default for Figures {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(FIGURES_CONNECTIONS_MAX)), drift: ArcSwapOption::empty() }
    }
}
