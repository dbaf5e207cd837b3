//! What a decision says of the call's record, kept beside the raw webhook so that a replay says the same.

use comms_core::{
    AccountId, Batch, DECISION_HEADER, ErrorKind, EventKind, Links, MessageOrigin, Party, Problem, Question, Status,
    UserId, WebhookRequest,
};
use serde::{Deserialize, Serialize};

use crate::EngineError;

/// What is written into the event of a browser's call before it is stored. What is absent stays as the parser had it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The line that calls; where it is absent, the event stays with the account above all lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<UserId>,
    /// Whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// What it belongs to; only what the author may write about.
    #[serde(default, skip_serializing_if = "Links::is_empty")]
    pub links: Links,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Note {
    /// The call is not put through, for this reason.
    pub(super) fn refused(&mut self, error: &EngineError) {
        let code = error.code().as_str().to_owned();
        self.problem = Some(Problem { code, message: error.to_string(), kind: kind(error) });
    }

    /// Writes it into the events of the call.
    pub(crate) fn apply(&self, question: &Question, batch: &mut Batch) {
        let concerns =
            |event: &&mut comms_core::Event| event.account == question.account && event.subject == question.subject;
        for event in batch.events.iter_mut().filter(concerns) {
            if let Some(account) = &self.account {
                event.account = account.clone();
            }
            let EventKind::Message(message) = &mut event.kind else { continue };
            if message.origin != MessageOrigin::Echo {
                continue;
            }
            message.author.clone_from(&self.author);
            message.links.clone_from(&self.links);
            if let Some(party) = &self.party {
                message.party.clone_from(party);
            }
            if let Some(problem) = &self.problem {
                message.status = Some(Status::CallFailed);
                message.problem = Some(problem.clone());
            }
        }
    }

    /// Keeps it with the request. Only ASCII, as a header has to be.
    pub(crate) fn keep(&self, request: WebhookRequest) -> WebhookRequest {
        match serde_json::to_string(self) {
            Ok(json) => request.header(DECISION_HEADER, &ascii(&json)),
            // Plain values with text keys are always JSON; without it the replay decides again.
            Err(_) => request,
        }
    }

    /// What was kept with a stored request.
    pub(crate) fn kept(request: &WebhookRequest) -> Option<Self> {
        serde_json::from_str(request.header_str(DECISION_HEADER)?).ok()
    }
}

fn kind(error: &EngineError) -> ErrorKind {
    match error {
        EngineError::Refused(error) => error.kind(),
        EngineError::OptedOut { .. } => ErrorKind::OptedOut,
        EngineError::NoAccount(_) | EngineError::CallerIdNotOwn => ErrorKind::Config,
        EngineError::ForbiddenDestination { .. } | EngineError::CostlyDestination => ErrorKind::InvalidRecipient,
        EngineError::DailyCallLimit { .. } => ErrorKind::RateLimited,
        EngineError::UnknownIdentity => ErrorKind::Unauthenticated,
        _ => ErrorKind::InvalidRequest,
    }
}

/// JSON whose text is written in ASCII alone. What is beyond it stands inside of strings only.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && !character.is_ascii_control() {
            out.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
