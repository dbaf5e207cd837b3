//! What is measured of continuations.

use std::time::Duration;

use comms_core::{
    AgentReply, Result,
    history::{ContinuationState, ContinuationStats, ContinuationStep},
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::metrics::{
    AGENT_REPLIES, AGENT_REPLY_SECONDS, CONTINUATION_ANSWER_SECONDS, CONTINUATION_STEPS, CONTINUATIONS,
};

pub(crate) fn describe() {
    describe_gauge!(CONTINUATIONS, "Calls that go on by chat, by state");
    describe_counter!(CONTINUATION_STEPS, "Steps of continuations by kind and outcome");
    describe_histogram!(
        CONTINUATION_ANSWER_SECONDS,
        Unit::Seconds,
        "From the last message of a burst until its answer is on its way"
    );
    describe_counter!(AGENT_REPLIES, "Questions to agents by outcome");
    describe_histogram!(AGENT_REPLY_SECONDS, Unit::Seconds, "How long an agent took to answer");
}

/// How a step ended.
pub(super) fn step(kind: &'static str, step: &ContinuationStep) {
    let outcome = match step {
        ContinuationStep::Opened(_) => "opened",
        ContinuationStep::Said => "said",
        ContinuationStep::Later { .. } => "later",
        ContinuationStep::Ended { state, .. } => state.as_str(),
        _ => "given_back",
    };
    counter!(CONTINUATION_STEPS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// How an agent answered.
pub(super) fn reply(answer: &Result<AgentReply>, took: Duration) {
    let outcome = match answer {
        Ok(reply) if reply.texts.is_empty() => "silent",
        Ok(_) => "answered",
        Err(error) => error.kind().as_str(),
    };
    counter!(AGENT_REPLIES, "outcome" => outcome).increment(1);
    histogram!(AGENT_REPLY_SECONDS).record(took.as_secs_f64());
}

/// How long the person waited.
pub(super) fn answered(waited: time::Duration) {
    histogram!(CONTINUATION_ANSWER_SECONDS).record(waited.as_seconds_f64().max(0.0));
}

/// How many there are. Those of a state in which there are none any more are told as well.
pub(super) fn depth(stats: &ContinuationStats) {
    for state in ContinuationState::ALL {
        let count = stats.states.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        gauge!(CONTINUATIONS, "state" => state.as_str()).set(count);
    }
}
