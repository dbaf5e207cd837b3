//! What is looked at before a send: account, channel, capabilities, links, rules. Nothing is stored and nothing sent.

use std::{sync::Arc, time::Duration};

use comms_core::{
    AccountId, Channel, ChannelKind, Content, Error, ErrorKind, Media, MediaRef, OrganizationId, Outbound,
    TemplateParameter, TemplateSummary, UserId,
    history::{Account, Assignment, Links, RecipientState, Scope},
};

use time::OffsetDateTime;

use crate::{
    Engine, EngineError, LinkKind, SendRequest,
    rules::{self, Facts, Refusal},
    send::Prepared,
};

/// How long a refusal waits for the list of templates that could be sent instead.
const TEMPLATES_TIMEOUT: Duration = Duration::from_secs(3);

impl Engine {
    /// The message with its account and channel, after every check.
    pub(crate) async fn prepare(&self, request: SendRequest, request_hash: String) -> Result<Prepared, EngineError> {
        let organization = request.scope.organization.clone();
        if names_own_file(&request.content) {
            let own = "a file of our own store cannot be sent so: give an address or the provider's id";
            return Err(EngineError::Refused(Error::unsupported(own).field("source")));
        }
        let whole = Scope { organization: organization.clone(), seller: None };
        let seen = if request.answers_in_thread { &whole } else { &request.scope };
        let answered = match request.reply_to {
            Some(answered) => Some(self.repository().message(seen, answered).await?),
            None => None,
        };
        let wanted = match request.account {
            Some(account) => Some(account),
            None => self.account_of_caller_id(&organization, &request.content).await?,
        };
        let account = self.sending_account(&organization, &request.user, request.channel, wanted).await?;
        let queue = self.queueing(&request.content, request.mode, (request.scheduled_for, request.expires_at))?;
        let mut message = Outbound::new(request.to, request.content);
        message.id = request.id.unwrap_or(message.id);
        let channel = self.channel(&account).await?;
        self.check_personal(channel.as_ref(), &organization, &request.user).await?;
        Self::complete(channel.as_ref(), &mut message, answered, request.files)?;
        let mut prepared = Prepared {
            channel,
            organization,
            user: request.user,
            links: request.links,
            message,
            idempotency_key: request.idempotency_key,
            request_hash,
            retry_of: None,
            queue,
        };
        self.check(&request.scope, &mut prepared).await?;
        Ok(prepared)
    }

    /// Every rule that can refuse a message. The provider is asked for nothing but its templates, where a rule needs them.
    ///
    /// A message that is said to belong to nothing belongs to what its recipient belongs to; that may be another seller's.
    pub(crate) async fn check(&self, scope: &Scope, prepared: &mut Prepared) -> Result<(), EngineError> {
        let message = &prepared.message;
        if let Content::Text { body, .. } = &message.content
            && body.trim().is_empty()
        {
            return Err(EngineError::EmptyText);
        }
        prepared.channel.capabilities().check(message).map_err(EngineError::Refused)?;
        self.check_call(prepared).await?;
        let message = &prepared.message;
        let account = prepared.channel.account();
        let recipient = self.repository().recipient(account, &message.to).await?;
        if prepared.links == Links::default() {
            prepared.links = self.links_of(scope, &recipient).await?;
        } else {
            self.check_links(scope, &prepared.links).await?;
        }
        let channel = prepared.channel.as_ref();
        self.may_reach(channel, &message.content, recipient.last_inbound_at, recipient.opted_out).await
    }

    /// The rules about the recipient: whether they opted out, and whether the channel's window is open.
    pub(crate) async fn may_reach(
        &self,
        channel: &dyn Channel,
        content: &Content,
        last_inbound_at: Option<OffsetDateTime>,
        opted_out: Vec<String>,
    ) -> Result<(), EngineError> {
        let category = match rules::needs_category(content, &opted_out) {
            true => self.category(channel, content).await,
            false => None,
        };
        let facts = Facts {
            content,
            window: channel.capabilities().window,
            last_inbound_at,
            opted_out: &opted_out,
            category: category.as_deref(),
            now: self.now(),
        };
        match rules::refusal(&facts) {
            None => Ok(()),
            Some(Refusal::OptedOut) => Err(EngineError::OptedOut { scopes: opted_out }),
            Some(Refusal::WindowClosed) => Err(EngineError::WindowClosed {
                last_inbound_at,
                templates: self.usable_templates(channel).await.to_vec(),
            }),
        }
    }

    pub(crate) async fn sending_account(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        wanted: Option<AccountId>,
    ) -> Result<AccountId, EngineError> {
        let accounts = self.repository().accounts(Some(organization)).await?;
        let usable = || accounts.iter().filter(|account| account.active && account.channel == channel);
        let Some(wanted) = wanted else {
            // Which of several providers goes first the directory says.
            let order = self.channels().accounts(channel);
            let place = |account: &&Account| order.iter().position(|id| *id == account.id).unwrap_or(usize::MAX);
            let own = usable().filter(|account| account.owner.as_ref() == Some(user)).min_by_key(place);
            let chosen = own.or_else(|| usable().min_by_key(place));
            return chosen.map(|account| account.id.clone()).ok_or(EngineError::NoAccount(channel));
        };
        let known = usable().any(|account| account.id == wanted);
        if known { Ok(wanted) } else { Err(EngineError::UnknownAccount(wanted)) }
    }

    /// A mailbox is its owner's: nobody else sends from it, whoever it is that answers or tries again.
    pub(crate) async fn check_personal(
        &self,
        channel: &dyn Channel,
        organization: &OrganizationId,
        user: &UserId,
    ) -> Result<(), EngineError> {
        if !channel.capabilities().personal {
            return Ok(());
        }
        let accounts = self.repository().accounts(Some(organization)).await?;
        let owner = accounts.into_iter().find(|one| one.id == *channel.account()).and_then(|one| one.owner);
        match owner {
            Some(owner) if owner != *user => Err(EngineError::UnknownAccount(channel.account().clone())),
            _ => Ok(()),
        }
    }

    pub(crate) async fn channel(&self, account: &AccountId) -> Result<Arc<dyn Channel>, EngineError> {
        self.channels().resolve(account).await.map_err(EngineError::ChannelUnavailable)
    }

    /// What the recipient belongs to. What is gone by now binds nobody.
    pub(crate) async fn links_of(&self, scope: &Scope, recipient: &RecipientState) -> Result<Links, EngineError> {
        match self.check_links(scope, &recipient.links).await {
            Ok(()) => Ok(recipient.links.clone()),
            Err(EngineError::LinkNotFound(_)) => Ok(Links::default()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn check_links(&self, scope: &Scope, links: &Links) -> Result<(), EngineError> {
        let given: Vec<LinkKind> = [
            (links.lead.is_some(), LinkKind::Lead),
            (links.client.is_some(), LinkKind::Client),
            (links.contract.is_some(), LinkKind::Contract),
        ]
        .into_iter()
        .filter_map(|(given, kind)| given.then_some(kind))
        .collect();
        if given.is_empty() {
            return Ok(());
        }
        let assignments = self.repository().assignments(links).await?;
        for (kind, assignment) in given.into_iter().zip(assignments) {
            match (assignment, &scope.seller) {
                (Assignment::Missing, _) => return Err(EngineError::LinkNotFound(kind)),
                (Assignment::Owner(Some(owner)), Some(seller)) if owner != *seller => {
                    return Err(EngineError::NotYours(kind));
                }
                (Assignment::Owner(_) | Assignment::Trusted, _) => {}
            }
        }
        Ok(())
    }

    /// The provider's category of a template; `None` where the provider does not tell in time: then it decides itself.
    async fn category(&self, channel: &dyn Channel, content: &Content) -> Option<String> {
        let Content::Template(wanted) = content else {
            return None;
        };
        self.usable_templates(channel)
            .await
            .iter()
            .find(|known| known.name == wanted.name && known.language == wanted.language)
            .map(|known| known.category.clone())
    }

    /// The templates of a channel for a rule, which must not wait long nor fail for want of them.
    async fn usable_templates(&self, channel: &dyn Channel) -> Arc<[TemplateSummary]> {
        let reason = match tokio::time::timeout(TEMPLATES_TIMEOUT, self.templates_of(channel)).await {
            Ok(Ok(templates)) => return templates,
            Ok(Err(error)) if error.kind() == ErrorKind::Unsupported => return Arc::default(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(account = %channel.account(), reason, "templates could not be listed");
        Arc::default()
    }
}

/// A key of our store says nothing about whose file it is: none is taken from a caller.
fn names_own_file(content: &Content) -> bool {
    let own = |media: &Media| matches!(media.source, MediaRef::Blob(_));
    match content {
        Content::Media(_) | Content::Files(_) | Content::Email(_) => content.files().iter().any(own),
        Content::Template(template) => {
            template.header.iter().any(|value| matches!(value, TemplateParameter::Media(media) if own(media)))
        }
        _ => false,
    }
}
