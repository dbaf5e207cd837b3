//! The answer to a provider's question, in time.

use comms_core::{
    Asked, Batch, Decision, Event, EventKey, EventKind, Question, Status, StatusUpdate, WebhookRequest,
    history::{RepositoryError, RepositoryResult},
};

use super::{answer::USER_RUNG, note::Note};
use crate::{Engine, metrics};

/// The word for a call that came in and that nobody answered.
const MISSED: &str = "missed";

/// What was decided of a question.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The question with the account that the call is of: the provider's next webhooks are to name it.
    pub question: Question,
    /// What is to become of the call.
    pub decision: Decision,
    /// What its record says of that; `None` where the parser has said all.
    note: Option<Note>,
}

impl Engine {
    /// Decides. Nothing is written and no provider is asked: the store alone is read, for a bounded time.
    ///
    /// # Errors
    /// The store's, where it is away or does not answer in time: then nothing is decided, and the provider is told so.
    pub(crate) async fn decide(&self, question: Question) -> RepositoryResult<Decided> {
        let asked = asked_name(&question.asked);
        let decided = tokio::time::timeout(self.settings().voice.decide_timeout, self.decide_on(question)).await;
        let decided = decided.unwrap_or_else(|_| {
            Err(RepositoryError::Unavailable("what a decision needs was not there in time".to_owned()))
        })?;
        let refusal = decided.note.as_ref().and_then(|note| note.problem.as_ref()).map(|problem| problem.code.as_str());
        metrics::call_decision(asked, decision_name(&decided.decision), refusal);
        tracing::info!(
            account = %decided.question.account,
            call = decided.question.subject,
            asked,
            decision = decision_name(&decided.decision),
            code = refusal,
            "a call was decided"
        );
        Ok(decided)
    }

    async fn decide_on(&self, question: Question) -> RepositoryResult<Decided> {
        let decision = match &question.asked {
            Asked::Dial { caller, to, parameters } => {
                let (note, decision) = self.dial(&question.account, caller, to, parameters).await?;
                let mut question = question;
                if let Some(line) = &note.account {
                    question.account = line.clone();
                }
                return Ok(Decided { question, decision, note: Some(note) });
            }
            Asked::Answer { caller, step } => self.ring_for(&question, caller, *step).await?,
            Asked::Connect { message, answered_by } => {
                self.connect(&question, *message, answered_by.as_deref()).await?
            }
            // Nothing remains, or it is a question that this version does not know.
            _ => Decision::HangUp,
        };
        Ok(Decided { question, decision, note: None })
    }

    /// Writes what is known of a stored browser call into what its webhook is read as again. It is read from beside the raw
    /// webhook; where nothing stands there, it is decided again, which changes nothing but the record.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn annotate_again(&self, request: &WebhookRequest, batch: &mut Batch) -> RepositoryResult<()> {
        let Some(question) = batch.question.clone().filter(|question| matches!(question.asked, Asked::Dial { .. }))
        else {
            return Ok(());
        };
        let note = match Note::kept(request) {
            Some(note) => Some(note),
            None => self.decide(question.clone()).await?.note,
        };
        if let Some(note) = note {
            note.apply(&question, batch);
        }
        Ok(())
    }
}

impl Decided {
    /// Writes the decision into the call's events, and keeps it with the request.
    pub(crate) fn annotate(&self, question: &Question, request: WebhookRequest, batch: &mut Batch) -> WebhookRequest {
        if self.is_missed() {
            batch.events.push(missed(question));
        }
        match &self.note {
            Some(note) => {
                note.apply(question, batch);
                note.keep(request)
            }
            None => request,
        }
    }
}

impl Decided {
    /// Whether somebody called and nobody is left to be rung: their call is a missed one, whatever they do now, and also where
    /// there was nobody to ring in the first place.
    fn is_missed(&self) -> bool {
        let called = matches!(self.question.asked, Asked::Answer { step, .. } if step < USER_RUNG);
        called && matches!(self.decision, Decision::Voicemail { .. } | Decision::Say { .. })
    }
}

/// Nobody answered: no provider says so where none of us was rung.
fn missed(question: &Question) -> Event {
    Event {
        account: question.account.clone(),
        subject: question.subject.clone(),
        key: EventKey::new(format!("{}:{MISSED}", question.subject)),
        occurred_at: None,
        kind: EventKind::Status(StatusUpdate::new(Some(Status::CallNoAnswer), MISSED).into()),
    }
}

fn asked_name(asked: &Asked) -> &'static str {
    match asked {
        Asked::Dial { .. } => "dial",
        Asked::Answer { .. } => "answer",
        Asked::Connect { .. } => "connect",
        Asked::Done => "done",
        _ => "other",
    }
}

fn decision_name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Dial { .. } => "dial",
        Decision::Ring { .. } => "ring",
        Decision::Voicemail { .. } => "voicemail",
        Decision::Say { .. } => "say",
        Decision::HangUp => "hang_up",
        Decision::Reject => "reject",
        _ => "other",
    }
}
