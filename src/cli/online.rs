//! `--online`: asks DNS what the compiler wants to know of a plan.
//!
//! The compiler itself asks nobody; it says what it would like to know
//! ([`questions`](crate::compiler::observed::questions)) and judges the answers. A question that failed has no answer,
//! and no rule speaks about it. Bounds: `limits::{OBSERVATIONS_MAX, OBSERVATIONS_AT_ONCE, OBSERVATION_SECONDS_MAX}`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::Failure;
use crate::compiler::observed::{Answer, Observed, Question, questions};
use crate::ground::limits;
use crate::plan::Plan;
use crate::runtime::net::resolver::DnsResolver;
use crate::vocabulary::dns::Verdict;

/// What DNS says now about everything that the plan is about. Says on standard error how much of it could not be asked.
pub(super) fn look(plan: &Plan) -> Result<Observed, Failure> {
    let wanted = questions(plan);
    let count = wanted.len();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let observed = runtime.block_on(async {
        let resolver = DnsResolver::new(&plan.outbound.resolver)?;
        Ok::<_, Failure>(ask(&resolver, wanted).await)
    })?;
    let unknown = count - observed.answers.len();
    if unknown > 0 {
        eprintln!("{unknown} of {count} questions to DNS had no answer; nothing is said about them");
    }
    Ok(observed)
}

async fn ask(resolver: &DnsResolver, wanted: Vec<Question>) -> Observed {
    let end = Instant::now() + Duration::from_secs(limits::OBSERVATION_SECONDS_MAX);
    let turn = Arc::new(Semaphore::new(limits::OBSERVATIONS_AT_ONCE));
    let mut asked = JoinSet::new();
    for question in wanted {
        let (resolver, turn) = (resolver.clone(), turn.clone());
        asked.spawn(async move {
            let _turn = turn.acquire().await.ok()?;
            let answer = resolver.texts(&question.name, question.kind.word()).await.ok()?;
            let secure = answer.verdict == Verdict::Secure;
            Some((question, Answer { records: answer.records, secure }))
        });
    }
    let mut observed = Observed::default();
    // Dropping the set ends what is still under way.
    while let Ok(Some(answered)) = timeout_at(end, asked.join_next()).await {
        observed.answers.extend(answered.ok().flatten());
    }
    observed
}
