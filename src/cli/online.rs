//! `--online`: asks DNS what the compiler wants to know of a plan.
//!
//! The compiler itself asks nobody; it says what it would like to know
//! ([`questions`](crate::compiler::observed::questions)) and judges the answers. A question that failed has no answer,
//! and no rule speaks about it.

use super::Failure;
use crate::compiler::observed::{Answer, Observed, questions};
use crate::plan::Plan;
use crate::runtime::net::resolver::DnsResolver;
use crate::runtime::net::survey::survey;
use crate::vocabulary::dns::Verdict;

/// What DNS says now about everything that the plan is about. Says on standard error how much of it could not be asked.
pub(super) fn look(plan: &Plan) -> Result<Observed, Failure> {
    let wanted = questions(plan);
    let asked = wanted.iter().map(|question| (question.name.clone(), question.kind.word())).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answers = runtime.block_on(async {
        let resolver = DnsResolver::new(&plan.outbound.resolver)?;
        Ok::<_, Failure>(survey(&resolver, asked).await)
    })?;
    let count = wanted.len();
    let known = wanted.into_iter().zip(answers).filter_map(|(question, answer)| {
        let answer = answer?;
        Some((question, Answer { secure: answer.verdict == Verdict::Secure, records: answer.records }))
    });
    let observed = Observed { answers: known.collect() };
    let unknown = count - observed.answers.len();
    if unknown > 0 {
        eprintln!("{unknown} of {count} questions to DNS had no answer; nothing is said about them");
    }
    Ok(observed)
}
