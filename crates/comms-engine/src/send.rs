//! Sending: every check first, then commit, then one attempt, then record.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration, time::Instant};

use comms_core::{
    AccountId, Address, Channel, ChannelKind, Content, Error, ErrorKind, MessageId, OrganizationId,
    Outbound, Outcome, Problem, Receipt, Result, Status, TemplateSummary, UserId,
    history::{Accepted, Assignment, Conclusion, Links, NewOutbound, Scope},
};
use futures_util::FutureExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use crate::{
    Engine, EngineError, LinkKind, metrics,
    rules::{self, Facts, Refusal},
    settings::span,
    settle,
};

/// A message that a user wants to send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SendRequest {
    /// The caller's organisation; a seller may only write about what is not another seller's.
    pub scope: Scope,
    /// Who sends.
    pub user: UserId,
    /// On which channel.
    pub channel: ChannelKind,
    /// From which account; the user's own, else the organisation's first, where absent.
    pub account: Option<AccountId>,
    /// To whom.
    pub to: Address,
    /// What.
    pub content: Content,
    /// What it belongs to; learnt for the recipient's identity.
    pub links: Links,
    /// Our id of the message that it answers.
    pub reply_to: Option<MessageId>,
    /// The caller's `Idempotency-Key`: the same request under the same key is sent once and answered twice.
    pub idempotency_key: Option<String>,
}

impl SendRequest {
    /// A message without links, from the account that the rules choose.
    #[must_use]
    pub fn new(
        scope: Scope,
        user: UserId,
        channel: ChannelKind,
        to: Address,
        content: Content,
    ) -> Self {
        Self {
            scope,
            user,
            channel,
            account: None,
            to,
            content,
            links: Links::default(),
            reply_to: None,
            idempotency_key: None,
        }
    }

    /// Tells a repetition from another request under the same key.
    fn fingerprint(&self) -> String {
        let Links {
            lead,
            client,
            contract,
        } = &self.links;
        let canonical = json!([
            self.channel,
            self.account,
            self.to,
            self.content,
            [
                lead.as_ref().map(comms_core::LeadId::as_str),
                client.as_ref().map(comms_core::ClientId::as_str),
                contract.as_ref().map(comms_core::ContractId::as_str)
            ],
            self.reply_to,
        ]);
        hex::encode(Sha256::digest(canonical.to_string()))
    }
}

/// What became of a message. It is in the history under its id, whatever the status says.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The message.
    pub message: MessageId,
    /// `Accepted` (or beyond), `Failed`, `Unknown`; for a repetition whatever the history says now.
    pub status: Status,
    /// Why it failed or is unknown.
    pub problem: Option<Problem>,
    /// Whether this is the answer to an earlier request under the same key: nothing was sent now.
    pub repeated: bool,
}

/// A message that passed every rule.
pub(crate) struct Prepared {
    pub channel: Arc<dyn Channel>,
    pub organization: OrganizationId,
    pub user: UserId,
    pub links: Links,
    pub message: Outbound,
    pub idempotency_key: Option<String>,
    pub request_hash: String,
    pub retry_of: Option<MessageId>,
}

/// How long a refusal waits for the list of templates that could be sent instead.
const TEMPLATES_TIMEOUT: Duration = Duration::from_secs(3);

/// The waits between attempts to record an outcome. What cannot be recorded becomes `Unknown` by its lease.
const RECORD_WAITS: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

impl Engine {
    /// Sends a message: checks every rule with nothing stored and no request made, commits it, makes one attempt and
    /// records how it ended.
    ///
    /// From the commit on nothing is silent: where the provider is away or refuses, this is `Ok` and the status says so.
    /// The attempt goes on and is recorded even when the caller stops waiting. It is never repeated by itself.
    ///
    /// # Errors
    /// [`EngineError`], each with a [stable code](EngineError::code); nothing was stored.
    pub async fn send(&self, request: SendRequest) -> Result<Sent, EngineError> {
        let request_hash = request.fingerprint();
        let organization = request.scope.organization.clone();
        if let Some(key) = &request.idempotency_key
            && let Some(message) = self
                .repository()
                .accepted_before(&organization, &request.user, key, &request_hash)
                .await?
        {
            return self.answer(&organization, message).await;
        }
        let reply_to = self.quoted(&request).await?;
        let account = self
            .sending_account(
                &organization,
                &request.user,
                request.channel,
                request.account,
            )
            .await?;
        let channel = self.channel(&account).await?;
        let mut message = Outbound::new(request.to, request.content);
        message.reply_to = reply_to;
        let prepared = Prepared {
            channel,
            organization,
            user: request.user,
            links: request.links,
            message,
            idempotency_key: request.idempotency_key,
            request_hash,
            retry_of: None,
        };
        self.check(&request.scope, &prepared).await?;
        self.attempt(prepared).await
    }

    /// Every rule that can refuse a message, with zero requests to the provider.
    pub(crate) async fn check(
        &self,
        scope: &Scope,
        prepared: &Prepared,
    ) -> Result<(), EngineError> {
        let message = &prepared.message;
        if let Content::Text { body, .. } = &message.content
            && body.trim().is_empty()
        {
            return Err(EngineError::EmptyText);
        }
        let capabilities = prepared.channel.capabilities();
        capabilities.check(message).map_err(EngineError::Refused)?;
        self.check_links(scope, &prepared.links).await?;
        let account = prepared.channel.account();
        let recipient = self.repository().recipient(account, &message.to).await?;
        let category = if rules::needs_category(&message.content, &recipient) {
            self.category(prepared.channel.as_ref(), &message.content)
                .await
        } else {
            None
        };
        let facts = Facts {
            content: &message.content,
            window: capabilities.window,
            recipient: &recipient,
            category: category.as_deref(),
            now: self.now(),
        };
        match rules::refusal(&facts) {
            None => Ok(()),
            Some(Refusal::OptedOut) => Err(EngineError::OptedOut {
                scopes: recipient.opted_out,
            }),
            Some(Refusal::WindowClosed) => Err(EngineError::WindowClosed {
                last_inbound_at: recipient.last_inbound_at,
                templates: self
                    .usable_templates(prepared.channel.as_ref())
                    .await
                    .to_vec(),
            }),
        }
    }

    /// Commits the message, makes the attempt and records it, in a task of its own: the caller may go away.
    pub(crate) async fn attempt(&self, prepared: Prepared) -> Result<Sent, EngineError> {
        let permit = Arc::clone(self.sends())
            .try_acquire_owned()
            .map_err(|_| EngineError::Busy)?;
        let engine = self.clone();
        let work = async move {
            let sent = engine.accept_and_send(prepared).await;
            drop(permit);
            sent
        };
        tokio::spawn(work.in_current_span())
            .await
            .map_err(|_| EngineError::Interrupted)?
    }

    async fn accept_and_send(&self, prepared: Prepared) -> Result<Sent, EngineError> {
        let Prepared {
            channel,
            organization,
            user,
            links,
            message,
            idempotency_key,
            request_hash,
            retry_of,
        } = prepared;
        let accepted = self
            .repository()
            .accept(NewOutbound {
                organization: organization.clone(),
                account: channel.account().clone(),
                channel: channel.kind(),
                user,
                links,
                message: message.clone(),
                idempotency_key,
                request_hash,
                retry_of,
                now: self.now(),
                lease: span(self.settings().send_lease()),
            })
            .await?;
        let id = match accepted {
            Accepted::New(id) => id,
            Accepted::Repeated(id) => return self.answer(&organization, id).await,
        };
        let result = self.call(channel.as_ref(), &message).await;
        let conclusion = settle::conclusion(id, result, self.now());
        tracing::info!(
            message = %id,
            account = %channel.account(),
            to = %message.to.masked(),
            status = conclusion.status.as_str(),
            code = conclusion.problem.as_ref().map(|problem| problem.code.as_str()),
            "attempt to send ended"
        );
        let sent = Sent {
            message: id,
            status: conclusion.status,
            problem: conclusion.problem.clone(),
            repeated: false,
        };
        self.record(conclusion).await;
        Ok(sent)
    }

    /// One attempt. A time-out and a defect of the channel leave the outcome unknown.
    async fn call(&self, channel: &dyn Channel, message: &Outbound) -> Result<Receipt> {
        let started = Instant::now();
        let unknown =
            |reason: &str| Error::new(ErrorKind::Transport, Outcome::Unknown, reason.to_owned());
        let attempt = AssertUnwindSafe(channel.send(message)).catch_unwind();
        let result = match tokio::time::timeout(self.settings().send_timeout, attempt).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unknown("the channel broke off")),
            Err(_) => Err(unknown("the provider did not answer in time")),
        };
        metrics::send(
            channel.kind(),
            settle::outcome_name(&result),
            started.elapsed(),
        );
        result
    }

    /// Keeps trying for some seconds: the attempt was made, and only its record can still be lost.
    async fn record(&self, conclusion: Conclusion) {
        let mut waits = RECORD_WAITS.into_iter();
        while let Err(error) = self.repository().conclude(conclusion.clone()).await {
            let wait = waits.next().filter(|_| error.is_transient());
            let Some(wait) = wait else {
                tracing::error!(
                    message = %conclusion.message,
                    status = conclusion.status.as_str(),
                    %error,
                    "the outcome of a send could not be recorded: it becomes unknown"
                );
                return;
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// The stored answer to a repeated request.
    pub(crate) async fn answer(
        &self,
        organization: &OrganizationId,
        message: MessageId,
    ) -> Result<Sent, EngineError> {
        let scope = Scope {
            organization: organization.clone(),
            seller: None,
        };
        let entry = self.repository().message(&scope, message).await?.entry;
        Ok(Sent {
            message,
            status: entry.status,
            problem: entry.problem,
            repeated: true,
        })
    }

    pub(crate) async fn sending_account(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        channel: ChannelKind,
        wanted: Option<AccountId>,
    ) -> Result<AccountId, EngineError> {
        let repository = self.repository();
        let Some(wanted) = wanted else {
            return repository
                .sending_account(organization, channel, user)
                .await?
                .ok_or(EngineError::NoAccount(channel));
        };
        let known = repository
            .accounts(Some(organization))
            .await?
            .into_iter()
            .any(|account| account.id == wanted && account.active && account.channel == channel);
        if known {
            Ok(wanted)
        } else {
            Err(EngineError::UnknownAccount(wanted))
        }
    }

    pub(crate) async fn channel(
        &self,
        account: &AccountId,
    ) -> Result<Arc<dyn Channel>, EngineError> {
        self.channels()
            .resolve(account)
            .await
            .map_err(EngineError::ChannelUnavailable)
    }

    /// The provider's id of the message that is answered. One that has none cannot be quoted.
    async fn quoted(&self, request: &SendRequest) -> Result<Option<String>, EngineError> {
        let Some(message) = request.reply_to else {
            return Ok(None);
        };
        let entry = self
            .repository()
            .message(&request.scope, message)
            .await?
            .entry;
        match entry.provider_id {
            Some(provider_id) => Ok(Some(provider_id)),
            None => Err(EngineError::Refused(
                Error::invalid("the provider does not know the message that is answered")
                    .field("reply_to"),
            )),
        }
    }

    async fn check_links(&self, scope: &Scope, links: &Links) -> Result<(), EngineError> {
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
        let reason = match tokio::time::timeout(TEMPLATES_TIMEOUT, self.templates_of(channel)).await
        {
            Ok(Ok(templates)) => return templates,
            Ok(Err(error)) if error.kind() == ErrorKind::Unsupported => return Arc::default(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(account = %channel.account(), reason, "templates could not be listed");
        Arc::default()
    }
}
