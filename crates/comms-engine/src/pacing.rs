//! Who may send now, and what a provider's answer tells of the account: silence, a credential that is refused, an outage.

use std::time::Duration;

use comms_core::{
    AccountId, Channel, ChannelKind, Content, Error, ErrorKind, OrganizationId, Outbound, Outcome, Rate, Receipt,
    history::{AccountPacing, Hold, Pauses, Reservation, SLICE, Stop, Turn},
};
use time::OffsetDateTime;

use crate::{Engine, EngineError, metrics, settings::span, settle};

/// Whether a message goes at once.
pub(crate) enum Entry {
    /// In this place.
    Now(Turn),
    /// It waits in the queue, to be looked at from then on.
    Later(OffsetDateTime),
}

const CHANNELS: [ChannelKind; 6] = [
    ChannelKind::Voice,
    ChannelKind::Sms,
    ChannelKind::WhatsApp,
    ChannelKind::Email,
    ChannelKind::Messenger,
    ChannelKind::WebChat,
];

impl Engine {
    /// Asks for a place in the pace of the account, and in the one of the recipient.
    pub(crate) async fn entry(&self, channel: &dyn Channel, message: &Outbound) -> Result<Entry, EngineError> {
        let account = channel.account();
        self.tell_pace(channel).await?;
        let paired = channel.capabilities().pace.pair.is_some();
        let (hold, wait) = match self.place(account, message, paired).await? {
            Reservation::Turns(turns) => return Ok(Entry::Now(turns.first().copied().unwrap_or_default())),
            Reservation::Held(hold, wait) => (hold, wait),
        };
        if matches!(message.content, Content::Call(_)) {
            return self.call_entry(account, &hold, wait).await;
        }
        let (reason, wait) = match hold {
            // In the queue they have their turns in the order in which they came.
            Hold::Pace => ("pace", Duration::ZERO),
            Hold::Pair => ("pair", wait),
            Hold::Paused => ("paused", wait),
            Hold::Stopped(_) => ("stopped", Duration::ZERO),
        };
        metrics::held(channel.kind(), reason);
        Ok(Entry::Later(self.now() + span(wait)))
    }

    /// A call does not wait. As nothing of its account is ever in the queue, it is itself what shows whether the account works again.
    async fn call_entry(&self, account: &AccountId, hold: &Hold, wait: Duration) -> Result<Entry, EngineError> {
        if !matches!(hold, Hold::Stopped(_)) {
            return Err(EngineError::TooFast { retry_after: wait });
        }
        let probe = self.repository().reserve_probe(account, self.settings().send_lease()).await?;
        probe.map(Entry::Now).ok_or(EngineError::AccountStopped { retry_after: wait })
    }

    async fn place(&self, account: &AccountId, message: &Outbound, paired: bool) -> Result<Reservation, EngineError> {
        let to = paired.then_some(&message.to);
        let (own, want) = match self.pacer().place(account) {
            Ok(turn) if to.is_none() => return Ok(Reservation::Turns(vec![turn])),
            Ok(turn) => (Some(turn), 0),
            Err(want) => (None, want),
        };
        let reserved = self.repository().reserve(account, to, want).await?;
        match (own, &reserved) {
            (Some(turn), Reservation::Turns(_)) => return Ok(Reservation::Turns(vec![turn])),
            (Some(turn), Reservation::Held(Hold::Pair, _)) => self.pacer().keep(account, [turn]),
            (None, Reservation::Turns(turns)) => self.pacer().keep(account, turns.iter().skip(1).copied()),
            (_, Reservation::Held(..)) => {}
        }
        Ok(reserved)
    }

    /// The store knows how fast each channel may be sent on.
    async fn tell_pace(&self, channel: &dyn Channel) -> Result<(), EngineError> {
        let capabilities = channel.capabilities();
        let (account, pace) = (channel.account(), capabilities.pace);
        if self.pacer().is_news(account, &pace) {
            self.repository().set_pace(account, capabilities.pace_shared.as_ref(), &pace).await?;
            self.pacer().told(account, pace);
        }
        Ok(())
    }

    /// The same for all channels that can send, before the first round of the queue.
    pub(crate) async fn tell_paces(&self) {
        for account in CHANNELS.into_iter().flat_map(|kind| self.channels().accounts(kind)) {
            let told = match self.channels().resolve(&account).await {
                Ok(channel) => self.tell_pace(channel.as_ref()).await.err(),
                Err(error) => Some(EngineError::ChannelUnavailable(error)),
            };
            if let Some(error) = told {
                tracing::warn!(%account, %error, "how fast an account may be sent on could not be told to the store");
            }
        }
    }

    /// Waits for the time of the place. An error where nothing may leave the account any more.
    pub(crate) async fn wait_for(&self, account: &AccountId, turn: Turn) -> Result<(), Error> {
        if !turn.after.is_zero() {
            tokio::time::sleep(turn.after).await;
        }
        match self.pacer().silent(account, self.now()).filter(|_| !turn.probe) {
            None => Ok(()),
            Some(wait) => {
                let silent = "the account was paused or stopped meanwhile";
                Err(Error::new(ErrorKind::RateLimited, Outcome::NotSent, silent).retry_after(wait))
            }
        }
    }

    /// What the answer to an attempt tells of the account, for all processes.
    pub(crate) async fn learn(&self, account: &AccountId, turn: Turn, result: &Result<Receipt, Error>) {
        let learnt = match result {
            Err(error) if error.kind() == ErrorKind::RateLimited && error.is_about_account() => {
                self.pause(account, turn, error).await
            }
            Err(error) if settle::must_be_mended(error) => self.stop(account, turn, Stop::AtOnce, error).await,
            Err(error) if is_outage(error) => {
                self.stop(account, turn, Stop::After(self.settings().breaker_failures), error).await
            }
            // It works, whatever becomes of this message.
            _ if turn.probe || turn.shaky => self.recover(account, turn).await,
            _ => Ok(()),
        };
        if let Err(error) = learnt {
            tracing::error!(%account, %error, "what an answer tells of the account could not be recorded");
        }
    }

    async fn pause(&self, account: &AccountId, turn: Turn, error: &Error) -> Result<(), EngineError> {
        let wait = error.wait().unwrap_or(self.settings().retry_base);
        self.pacer().silence(account, self.now() + span(wait));
        metrics::paused();
        let (seconds, code) = (wait.as_secs_f64(), error.provider_code());
        tracing::warn!(%account, seconds, code, "the provider asks for silence");
        let reason = settle::problem(error, error.message().to_owned());
        self.repository().pause_account(account, wait, &reason).await?;
        if turn.probe { self.recover(account, turn).await } else { Ok(()) }
    }

    /// Stops an account, or counts towards that.
    pub(crate) async fn stop(
        &self,
        account: &AccountId,
        turn: Turn,
        stop: Stop,
        error: &Error,
    ) -> Result<(), EngineError> {
        let stop = if turn.probe { Stop::Probe } else { stop };
        let pauses = Pauses { first: self.settings().breaker_first, longest: self.settings().breaker_cap };
        let reason = settle::problem(error, error.message().to_owned());
        let stopped = self.repository().stop_account(account, stop, pauses, &reason).await?;
        if stopped {
            metrics::stopped(error.kind());
            tracing::error!(%account, %error, "the account is stopped: its messages wait until it works again");
        }
        if stopped || stop == Stop::AtOnce {
            // The places that were given out before are not used; there are no others.
            self.pacer().silence(account, self.now() + span(SLICE));
        }
        Ok(())
    }

    async fn recover(&self, account: &AccountId, turn: Turn) -> Result<(), EngineError> {
        if self.repository().recover_account(account, turn.probe).await? {
            tracing::info!(%account, "the account works again");
            self.pacer().ring();
        }
        Ok(())
    }

    /// The place is not used after all: another message may be the probe.
    pub(crate) async fn leave(&self, account: &AccountId, turn: Turn) {
        if turn.probe
            && let Err(error) = self.repository().leave_probe(account).await
        {
            tracing::warn!(%account, %error, "a probe that was not made could not be given back");
        }
    }

    /// How fast the accounts of one organisation or of all are sent on, and which are paused or stopped.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn pacing(&self, organization: Option<&OrganizationId>) -> Result<Vec<AccountPacing>, EngineError> {
        Ok(self.repository().pacing(organization).await?)
    }

    /// The accounts on which nothing is sent until somebody mends what is the matter, with the reason.
    pub(crate) async fn stopped_accounts(&self) -> Result<Vec<AccountPacing>, EngineError> {
        let mut all = self.pacing(None).await?;
        all.retain(|one| one.stopped_at.is_some());
        metrics::stopped_accounts(all.len());
        Ok(all)
    }

    /// Lets a stopped account send at once, by an operator's word. Returns whether it was stopped. A silence that the provider asked
    /// for stands.
    ///
    /// # Errors
    /// [`EngineError::Store`], also where there is no such account.
    pub async fn resume_account(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> Result<bool, EngineError> {
        let resumed = self.repository().resume_account(organization, account).await?;
        if resumed {
            tracing::info!(%account, "the account was resumed");
            self.pacer().ring();
        }
        Ok(resumed)
    }

    /// Sets how fast an account is sent on instead of its channel's rate; `None` takes that back.
    ///
    /// # Errors
    /// [`EngineError::Store`], also where there is no such account.
    pub async fn set_rate(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        rate: Option<Rate>,
    ) -> Result<(), EngineError> {
        Ok(self.repository().set_own_rate(organization, account, rate).await?)
    }
}

/// The provider, or the way to it, is down.
fn is_outage(error: &Error) -> bool {
    let kind = matches!(error.kind(), ErrorKind::Transport | ErrorKind::Provider | ErrorKind::Decode);
    kind && error.outcome() != Outcome::Rejected
}
