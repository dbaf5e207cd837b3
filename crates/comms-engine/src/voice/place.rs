//! Calls that a request places: the rules of a browser's call again, before anything is stored.

use comms_core::{AccountId, Call, Content, OrganizationId};

use super::lines;
use crate::{Engine, EngineError, send::Prepared};

impl Engine {
    /// The account that a call goes out from, where the number that it shows decides it; `None` where the user's own is to
    /// be looked for.
    ///
    /// # Errors
    /// [`EngineError::CallerIdNotOwn`] for a number that is not the organisation's, or the store's.
    pub(crate) async fn account_of_caller_id(
        &self,
        organization: &OrganizationId,
        content: &Content,
    ) -> Result<Option<AccountId>, EngineError> {
        let Content::Call(Call { from: Some(from), .. }) = content else {
            return Ok(None);
        };
        let lines = self.lines(organization).await?;
        let line = lines.showing(from, None).ok_or(EngineError::CallerIdNotOwn)?;
        Ok(Some(line.id.clone()))
    }

    /// Every rule of a call: the number that it shows is the organisation's, and the user may call this address now. A call
    /// that names no number shows its line's.
    ///
    /// What the caller's own instructions (`answer`, `answer_url`) would dial is not looked into: who may give some may call
    /// anybody.
    ///
    /// # Errors
    /// The refusal, or the store's.
    pub(crate) async fn check_call(&self, prepared: &mut Prepared) -> Result<(), EngineError> {
        let Content::Call(call) = &mut prepared.message.content else {
            return Ok(());
        };
        let lines = self.lines(&prepared.organization).await?;
        let account = prepared.channel.account();
        match &call.from {
            Some(from) if lines.showing(from, Some(account)).is_none() => return Err(EngineError::CallerIdNotOwn),
            Some(_) => {}
            None => call.from = lines.with_id(account).and_then(lines::caller_id),
        }
        self.may_call(&prepared.organization, &prepared.user, &lines, &prepared.message.to).await
    }
}
