//! One of our users calls from a browser.

use std::collections::BTreeMap;

use comms_core::{
    AccountId, Address, AddressKind, Call, ChannelKind, Content, Decision, Error, ErrorKind, Links, OrganizationId,
    Outcome, Party, UserId,
    history::{Account, RepositoryResult, Scope},
    phone_facts,
};

use super::{
    identity::written_browser,
    lines::{self, Lines},
    note::Note,
    parameter,
    policy::Destinations,
    sentences,
};
use crate::{
    Engine, EngineError, LinkKind,
    rules::{self, Facts, Refusal},
};

/// Within which time the calls of a user are counted.
const CAP_WINDOW: time::Duration = time::Duration::hours(24);

/// The longest id that a browser may name: real ones are far shorter.
const MAX_ID: usize = 200;

impl Engine {
    /// What becomes of a browser's call, and what its record says.
    ///
    /// Who calls is proved: the signature covers the identity, which only our own tokens carry. Everything else is what a
    /// browser sent, and is checked as in a send, with the rights of a seller.
    ///
    /// # Errors
    /// The store's. A refusal is a decision.
    pub(super) async fn dial(
        &self,
        above: &AccountId,
        caller: &Address,
        to: &str,
        parameters: &BTreeMap<String, String>,
    ) -> RepositoryResult<(Note, Decision)> {
        let mut note = Note::default();
        let error = match self.put_through(above, caller, to, parameters, &mut note).await {
            Ok(decision) => return Ok((note, decision)),
            Err(EngineError::Store(error)) => return Err(error),
            Err(error) => error,
        };
        note.refused(&error);
        let decision = match error {
            // Nobody whom we know: not worth an answer, which costs.
            EngineError::UnknownIdentity => Decision::Reject,
            error => Decision::Say {
                text: sentences::refusal(error.code()).to_owned(),
                language: self.settings().voice.language.clone(),
            },
        };
        Ok((note, decision))
    }

    async fn put_through(
        &self,
        above: &AccountId,
        caller: &Address,
        to: &str,
        parameters: &BTreeMap<String, String>,
        note: &mut Note,
    ) -> Result<Decision, EngineError> {
        let (organization, user) = self.voice_user(caller).ok_or(EngineError::UnknownIdentity)?;
        let lines = self.lines(&organization).await?;
        let line = lines.of(&user, above).ok_or(EngineError::NoAccount(ChannelKind::Voice))?;
        note.account = Some(line.id.clone());
        note.author = Some(user.clone());
        let to = self.dialled(to, line)?;
        note.party = Some(Party::of(to.clone()));
        self.may_call(&organization, &user, &lines, &to).await?;
        let caller_id = lines::caller_id(line).ok_or(EngineError::CallerIdNotOwn)?;
        let scope = Scope { organization, seller: Some(user) };
        note.links = self.call_links(&scope, &line.id, &to, parameters).await?;
        let voice = &self.settings().voice;
        Ok(Decision::Dial { to, caller_id, ring_seconds: voice.ring_seconds, record: voice.record })
    }

    /// Whom a browser wants: another browser where it says so, else a phone.
    fn dialled(&self, to: &str, line: &Account) -> Result<Address, EngineError> {
        let to = to.trim();
        if let Some(browser) = written_browser(to) {
            return Ok(browser);
        }
        let own = || lines::caller_id(line).and_then(|number| phone_facts(number.value()).country);
        let region = self.settings().voice.region.clone().or_else(own);
        Address::phone(to, region.as_deref()).map_err(|error| EngineError::Refused(error.field("to")))
    }

    /// Whether a user may call this address now: colleagues always, phones within the policy, and nobody more often than
    /// the daily cap allows.
    ///
    /// # Errors
    /// The refusal, or the store's.
    pub(super) async fn may_call(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        lines: &Lines,
        to: &Address,
    ) -> Result<(), EngineError> {
        let voice = &self.settings().voice;
        if to.kind() == AddressKind::VoiceClient {
            match self.voice_user(to) {
                Some((theirs, _)) if theirs == *organization => {}
                _ => {
                    let nobody = "nobody of this organisation is called so";
                    return Err(EngineError::Refused(
                        Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, nobody).field("to"),
                    ));
                }
            }
        } else {
            Destinations::of(voice, lines).check(to)?;
        }
        let since = self.now() - CAP_WINDOW;
        let placed = self.repository().placed_since(organization, user, ChannelKind::Voice, since).await?;
        if placed >= i64::from(voice.daily_cap) {
            return Err(EngineError::DailyCallLimit { cap: voice.daily_cap });
        }
        Ok(())
    }

    /// What the call belongs to: what the browser names, else what the other party belongs to, as in a send.
    async fn call_links(
        &self,
        scope: &Scope,
        line: &AccountId,
        to: &Address,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Links, EngineError> {
        let recipient = self.repository().recipient(line, to).await?;
        let call = Content::Call(Call::default());
        let opted_out = &recipient.opted_out;
        let facts =
            Facts { content: &call, window: None, last_inbound_at: None, opted_out, category: None, now: self.now() };
        if let Some(Refusal::OptedOut) = rules::refusal(&facts) {
            return Err(EngineError::OptedOut { scopes: recipient.opted_out });
        }
        let named = named_links(parameters)?;
        if named.is_empty() {
            return self.links_of(scope, &recipient).await;
        }
        self.check_links(scope, &named).await?;
        Ok(named)
    }
}

fn named_links(parameters: &BTreeMap<String, String>) -> Result<Links, EngineError> {
    let named = |name: &str, kind| match parameters.get(name).map(|id| id.trim()).filter(|id| !id.is_empty()) {
        Some(id) if id.len() > MAX_ID => Err(EngineError::LinkNotFound(kind)),
        id => Ok(id),
    };
    Ok(Links {
        lead: named(parameter::LEAD, LinkKind::Lead)?.map(Into::into),
        client: named(parameter::CLIENT, LinkKind::Client)?.map(Into::into),
        contract: named(parameter::CONTRACT, LinkKind::Contract)?.map(Into::into),
    })
}
