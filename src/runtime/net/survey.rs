//! Many questions to DNS at once, for whoever wants to see what is published.
//!
//! Bounds: `limits::{OBSERVATIONS_AT_ONCE, OBSERVATION_SECONDS_MAX}`. A question that fails, or is not answered in
//! time, has no answer; it holds up no other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::resolver::DnsResolver;
use crate::ground::limits;
use crate::vocabulary::dns::Answer;

/// Asks for all names, each with the mnemonic of a type, and gives back the answers in the same order.
pub async fn survey(resolver: &DnsResolver, questions: Vec<(String, &'static str)>) -> Vec<Option<Answer<String>>> {
    let end = Instant::now() + Duration::from_secs(limits::OBSERVATION_SECONDS_MAX);
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut answers: Vec<Option<Answer<String>>> = vec![None; questions.len()];
    let mut asked = JoinSet::new();
    for (place, (name, mnemonic)) in questions.into_iter().enumerate() {
        let (resolver, turn) = (resolver.clone(), turn.clone());
        asked.spawn(async move {
            let _turn = turn.acquire().await.ok()?;
            Some((place, resolver.texts(&name, mnemonic).await.ok()?))
        });
    }
    // Dropping the set ends what is still under way.
    while let Ok(Some(answered)) = timeout_at(end, asked.join_next()).await {
        if let Ok(Some((place, answer))) = answered
            && let Some(slot) = answers.get_mut(place)
        {
            *slot = Some(answer);
        }
    }
    answers
}
