//! Somebody calls us, or answers our call: whose browser rings.

use std::collections::BTreeMap;

use comms_core::{
    AccountId, Address, ChannelKind, Decision, Links, MessageId, OrganizationId, Party, Question, UserId,
    history::{Account, RecipientState, RepositoryError, RepositoryResult, Scope},
};

use super::{parameter, sentences};
use crate::Engine;

/// From this step on the call is one that we placed: its user was rung and does not answer. Far beyond what is rung for
/// somebody who calls us.
pub(super) const USER_RUNG: u8 = 200;

/// How providers begin the name of what is no person: a machine (`machine_start` …), a fax.
const MACHINES: [&str; 2] = ["machine", "fax"];

impl Engine {
    /// Whose browser rings next for somebody who calls us: that of whom their lead is assigned to, then that of the line's
    /// owner, then nobody's. It ends after two steps at most, whatever changes in between.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn ring_for(&self, question: &Question, caller: &Party, step: u8) -> RepositoryResult<Decision> {
        if step >= USER_RUNG {
            return Ok(self.say(sentences::USER_AWAY));
        }
        let Some(line) = self.line(&question.account).await? else {
            // Nobody's number (yet): its webhook waits in quarantine, and the caller hears that it is engaged or nothing.
            return Ok(if step == 0 { Decision::Reject } else { Decision::HangUp });
        };
        let known = match caller.primary() {
            Some(address) => self.repository().recipient(&line.id, address).await?,
            None => RecipientState::default(),
        };
        let browsers = self.browsers(&line, &known);
        Ok(match browsers.into_iter().nth(step.into()) {
            Some(browser) => self.ring(browser, None, step + 1, told(question, &known.links)),
            None => self.unanswered(),
        })
    }

    /// The call that we placed was answered: the browser of the user who placed it rings.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn connect(
        &self,
        question: &Question,
        message: Option<MessageId>,
        answered_by: Option<&str>,
    ) -> RepositoryResult<Decision> {
        let is_machine = answered_by.is_some_and(|who| MACHINES.iter().any(|machine| who.starts_with(machine)));
        if is_machine && !self.settings().voice.connect_machines {
            return Ok(Decision::HangUp);
        }
        let (Some(message), Some(line)) = (message, self.line(&question.account).await?) else {
            return Ok(Decision::HangUp);
        };
        let scope = Scope { organization: line.organization, seller: None };
        let detail = match self.repository().message(&scope, message).await {
            Ok(detail) => detail,
            Err(RepositoryError::NotFound(_)) => return Ok(Decision::HangUp),
            Err(error) => return Err(error),
        };
        let browser = detail.entry.user.and_then(|user| self.browser(&scope.organization, &user));
        Ok(match browser {
            Some(browser) => self.ring(browser, Some(detail.address), USER_RUNG, told(question, &detail.entry.links)),
            None => self.say(sentences::USER_AWAY),
        })
    }

    /// The line, where it is one of ours that is in use.
    async fn line(&self, id: &AccountId) -> RepositoryResult<Option<Account>> {
        let accounts = self.repository().accounts(None).await?;
        Ok(accounts.into_iter().find(|line| line.id == *id && line.channel == ChannelKind::Voice && line.active))
    }

    /// Who is rung, in this order, each once.
    fn browsers(&self, line: &Account, known: &RecipientState) -> Vec<Address> {
        let mut browsers: Vec<Address> = [&known.owner, &line.owner]
            .into_iter()
            .flatten()
            .filter_map(|user| self.browser(&line.organization, user))
            .collect();
        browsers.dedup();
        browsers
    }

    fn browser(&self, organization: &OrganizationId, user: &UserId) -> Option<Address> {
        let browser = self.voice_identity(organization, user);
        browser.inspect_err(|error| tracing::warn!(%error, "a user cannot be rung")).ok()
    }

    fn ring(
        &self,
        browser: Address,
        caller_id: Option<Address>,
        next_step: u8,
        parameters: BTreeMap<String, String>,
    ) -> Decision {
        let voice = &self.settings().voice;
        Decision::Ring {
            clients: vec![browser],
            caller_id,
            ring_seconds: voice.ring_seconds,
            parameters,
            next_step,
            record: voice.record,
        }
    }

    /// Nobody answers a caller.
    fn unanswered(&self) -> Decision {
        match &self.settings().voice.voicemail {
            Some(voicemail) => Decision::Voicemail {
                greeting: voicemail.greeting.clone(),
                language: voicemail.language.clone(),
                max_seconds: voicemail.max_seconds,
            },
            None => self.say(sentences::NOBODY),
        }
    }

    fn say(&self, text: &str) -> Decision {
        Decision::Say { text: text.to_owned(), language: self.settings().voice.language.clone() }
    }
}

/// What a browser is told that rings: which call it is, and what it belongs to.
fn told(question: &Question, links: &Links) -> BTreeMap<String, String> {
    let known = [
        (parameter::CALL, Some(question.subject.as_str())),
        (parameter::LEAD, links.lead.as_ref().map(|id| id.as_str())),
        (parameter::CLIENT, links.client.as_ref().map(|id| id.as_str())),
        (parameter::CONTRACT, links.contract.as_ref().map(|id| id.as_str())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}
