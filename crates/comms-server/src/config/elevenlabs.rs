//! ElevenLabs: agents that call people, and go on with them on WhatsApp.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

use comms_core::{AccountId, ChannelKind, OrganizationId, Secret, UserId, history::Account};
use comms_engine::{ContinuationSettings, OpeningTemplate, QuietHours, Zone};
use serde::Deserialize;
use time::{OffsetDateTime, Time, UtcOffset, macros::format_description};

use super::{OrganizationSettings, absent};

/// What the ids of agents begin with.
const PROVIDER: &str = "elevenlabs";

/// The least that ElevenLabs is asked for calls that ended, in seconds.
const SHORTEST_POLL: u32 = 10;

/// How long the last message of a burst may have to be old, in milliseconds.
const DEBOUNCE: std::ops::RangeInclusive<u32> = 1_000..=3_000;

/// The first message of a burst waits so many times as long at most.
const PATIENCE: u32 = 3;

/// The language of a template that names none.
const LANGUAGE: &str = "es";

/// The workspace, its agents, and how their calls go on. What lacks a key is off.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ElevenlabsSettings {
    /// The key of the workspace.
    pub api_key: Option<Secret>,
    /// Another host than ElevenLabs', for instance that of the European Union.
    pub api_base: Option<String>,
    /// Text conversations at once; the client's own number where absent.
    pub concurrency: Option<usize>,
    /// For how long after its last answer a text conversation stays open for the next burst, in seconds; 0 = each burst has its own.
    pub keep_sessions: u64,
    /// The secret that signs its webhooks.
    pub webhook_secret: Option<Secret>,
    /// Still accepted while the secret is being changed.
    pub webhook_secret_previous: Option<Secret>,
    /// What proves the question before a call that comes in.
    pub initiation_secret: Option<Secret>,
    /// How often it is asked for calls that ended, in seconds; 0 = never.
    pub poll_seconds: u32,
    /// The zone in which a day begins, for figures and quiet hours: `America/Bogota`.
    pub time_zone: String,
    /// From when on nobody is written to first, as `21:00`.
    pub quiet_from: Option<String>,
    /// Until when.
    pub quiet_until: Option<String>,
    /// Whether answers wait as well until the quiet hours end.
    pub quiet_answers: bool,
    /// How long the last message of a burst is old before it is answered, in milliseconds.
    pub debounce_ms: u32,
    /// How much of the past an agent is told, in tokens.
    pub context_tokens: NonZeroU16,
    /// The most answers in one conversation.
    pub turns_each: NonZeroU32,
    /// The most answers from one account in 24 hours.
    pub turns_daily: NonZeroU32,
    /// After how many hours without a message a conversation is over.
    pub idle_hours: NonZeroU16,
    /// How calls go on, where an agent says nothing else.
    pub rules: AgentRules,
    /// The agents of the first organisation that have no rules of their own, by their ids.
    pub agent_ids: Vec<String>,
    /// Agents with an organisation or rules of their own.
    pub agents: Vec<AgentSettings>,
}

impl Default for ElevenlabsSettings {
    fn default() -> Self {
        let usual = ContinuationSettings::default();
        let small = |number: u64| NonZeroU16::MIN.saturating_add(u16::try_from(number - 1).unwrap_or(u16::MAX));
        let number = |number: u32| NonZeroU32::MIN.saturating_add(number - 1);
        Self {
            api_key: None,
            api_base: None,
            concurrency: None,
            keep_sessions: 0,
            webhook_secret: None,
            webhook_secret_previous: None,
            initiation_secret: None,
            poll_seconds: 60,
            time_zone: "UTC".to_owned(),
            quiet_from: None,
            quiet_until: None,
            quiet_answers: usual.quiet_answers,
            debounce_ms: 1_500,
            context_tokens: small(2_000),
            turns_each: number(usual.turns_each),
            turns_daily: number(usual.turns_daily),
            idle_hours: small(usual.idle.as_secs() / 3_600),
            rules: AgentRules::default(),
            agent_ids: Vec::new(),
            agents: Vec::new(),
        }
    }
}

/// An agent: `[[elevenlabs.agents]]` of the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// Its id: `agent_…`.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// Its organisation; the first where absent.
    pub organization: Option<OrganizationId>,
    /// How its calls go on, where that differs.
    #[serde(default)]
    pub rules: AgentRules,
}

/// How the calls of an agent go on. What is absent is as in the rules of all agents.
///
/// Texts may name in braces what is known of a call, with a word for where it is not: `{client_name|cliente}`. Known are `client_name`,
/// `agent_name`, `summary`, `duration`, `phone`, and whatever was told with the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentRules {
    /// The WhatsApp account that writes: `twilio-whatsapp:+15005550006`, `whatsapp:106540352242922`; the organisation's first where absent.
    pub account: Option<AccountId>,
    /// In whose name; the account's owner's where absent.
    pub user: Option<UserId>,
    /// The language in which it answers; its own where absent.
    pub language: Option<String>,
    /// The template of the first message: its name at Meta, its `HX…` at Twilio. Without one nobody is written to who has not written
    /// within 24 hours.
    pub template: Option<String>,
    /// The template's language.
    pub template_language: Option<String>,
    /// Its variables in their order.
    pub template_variables: Option<Vec<String>>,
    /// The first message where the person has written within 24 hours.
    pub opening: Option<String>,
    /// Variables for the agent's prompt, beside those that it has anyway.
    pub variables: Option<BTreeMap<String, String>>,
    /// What people say who want to speak with a person.
    pub keywords: Option<Vec<String>>,
    /// What they are told then; nothing where empty.
    pub handover: Option<String>,
}

impl AgentRules {
    /// These, and where they say nothing those.
    #[must_use]
    pub fn over(&self, all: &Self) -> Self {
        macro_rules! either {
            ($($field:ident)*) => { Self { $($field: self.$field.clone().or_else(|| all.$field.clone()),)* } };
        }
        either!(account user language template template_language template_variables opening variables keywords handover)
    }

    /// The same for the engine.
    #[must_use]
    pub fn rules(&self) -> comms_engine::AgentSettings {
        let mut rules = comms_engine::AgentSettings::default();
        rules.account.clone_from(&self.account);
        rules.user.clone_from(&self.user);
        rules.language.clone_from(&self.language);
        rules.template = self.template.as_ref().map(|name| OpeningTemplate {
            name: name.clone(),
            language: self.template_language.clone().unwrap_or_else(|| LANGUAGE.to_owned()),
            variables: self.template_variables.clone().unwrap_or_default(),
        });
        if let Some(opening) = &self.opening {
            rules.opening.clone_from(opening);
        }
        if let Some(variables) = &self.variables {
            rules.variables.clone_from(variables);
        }
        if let Some(keywords) = &self.keywords {
            rules.keywords.clone_from(keywords);
        }
        if let Some(handover) = &self.handover {
            rules.handover.clone_from(handover);
        }
        rules
    }

    fn check(&self, place: &str, problems: &mut Vec<String>) {
        if self.template.is_none() && (self.template_variables.is_some() || self.template_language.is_some()) {
            problems.push(format!("{place}.template: its language or variables are set, and it is not"));
        }
    }
}

impl ElevenlabsSettings {
    /// Every agent that is named, each once, with its rules.
    #[must_use]
    pub fn named(&self) -> Vec<AgentSettings> {
        let with_rules =
            |agent: &AgentSettings| AgentSettings { rules: agent.rules.over(&self.rules), ..agent.clone() };
        let mut all: Vec<AgentSettings> = self.agents.iter().map(with_rules).collect();
        for id in &self.agent_ids {
            if all.iter().all(|agent| agent.id != *id) {
                let rules = self.rules.clone();
                all.push(AgentSettings { id: id.clone(), name: None, organization: None, rules });
            }
        }
        all
    }

    /// The agents as accounts, so that what is told of one is known to be its organisation's.
    pub fn accounts(&self, organization: &OrganizationSettings) -> impl Iterator<Item = Account> {
        let first = organization.id.clone();
        self.named().into_iter().map(move |agent| Account {
            id: AccountId::of(PROVIDER, &agent.id),
            organization: agent.organization.unwrap_or_else(|| first.clone()),
            // It speaks and writes, and nothing of ours is sent by it: no channel whose lines or senders are looked for.
            channel: ChannelKind::WebChat,
            name: agent.name,
            parent: None,
            owner: None,
            caller_id: None,
            active: true,
        })
    }

    /// The same for the engine. Where no agent is named, those go on of whose calls another back end tells.
    #[must_use]
    pub fn rules(&self, organization: &OrganizationSettings) -> ContinuationSettings {
        let mut rules = ContinuationSettings::default();
        let named = self.named();
        let organizations: BTreeSet<_> =
            named.iter().map(|agent| agent.organization.as_ref().unwrap_or(&organization.id)).collect();
        // What is asked for names no organisation: among several it could be another's.
        rules.polls_for = match organizations.into_iter().collect::<Vec<_>>()[..] {
            [only] if self.poll_seconds > 0 => Some(only.clone()),
            _ => None,
        };
        rules.other_agents = named.is_empty().then(|| self.rules.rules());
        rules.agents = named.into_iter().map(|agent| (agent.id, agent.rules.rules())).collect();
        rules.poll_every = Duration::from_secs(self.poll_seconds.max(SHORTEST_POLL).into());
        rules.debounce = Duration::from_millis(self.debounce_ms.into());
        rules.patience = rules.debounce * PATIENCE;
        rules.context_tokens = self.context_tokens.get().into();
        rules.turns_each = self.turns_each.get();
        rules.turns_daily = self.turns_daily.get();
        rules.idle = Duration::from_secs(u64::from(self.idle_hours.get()) * 3_600);
        rules.quiet = self.quiet();
        rules.quiet_answers = self.quiet_answers;
        rules
    }

    /// When the day began in which this moment lies.
    #[must_use]
    pub fn day_began(&self, now: OffsetDateTime) -> OffsetDateTime {
        let zone = self.zone().unwrap_or_else(utc);
        let midnight = now.to_offset(zone.offset(now)).replace_time(Time::MIDNIGHT);
        // The clocks may have been changed since.
        midnight.replace_offset(zone.offset(midnight)).to_offset(UtcOffset::UTC)
    }

    fn quiet(&self) -> Option<QuietHours> {
        let (from, until) = (self.quiet_from.as_deref()?, self.quiet_until.as_deref()?);
        Some(QuietHours { from: time_of_day(from)?, until: time_of_day(until)?, zone: self.zone()? })
    }

    fn zone(&self) -> Option<Zone> {
        let zone = jiff::tz::TimeZone::get(&self.time_zone).ok()?;
        Some(Zone::new(&self.time_zone, move |at| {
            let seconds = jiff::Timestamp::from_second(at.unix_timestamp()).map(|at| zone.to_offset(at).seconds());
            seconds.ok().and_then(|seconds| UtcOffset::from_whole_seconds(seconds).ok()).unwrap_or(UtcOffset::UTC)
        }))
    }

    /// Whether anybody meant to use it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.api_key.is_some() || self.webhook_secret.is_some() || !self.agents.is_empty() || !self.agent_ids.is_empty()
    }

    /// Whether every agent has a template to begin with.
    #[must_use]
    pub fn has_template(&self) -> bool {
        let named = self.named();
        let mut all = named.iter().map(|agent| &agent.rules);
        if named.is_empty() { self.rules.template.is_some() } else { all.all(|rules| rules.template.is_some()) }
    }

    /// The settings without which no call goes on; empty where they do.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        absent(&[("ELEVENLABS_API_KEY", self.api_key.is_some())])
    }

    /// The settings without which no webhook is taken; empty where it is.
    #[must_use]
    pub fn missing_to_receive(&self) -> Vec<&'static str> {
        absent(&[("ELEVENLABS_WEBHOOK_SECRET", self.webhook_secret.is_some())])
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if (1..SHORTEST_POLL).contains(&self.poll_seconds) {
            problems.push(format!(
                "ELEVENLABS_POLL_SECONDS (elevenlabs.poll_seconds): 0, or at least {SHORTEST_POLL} seconds"
            ));
        }
        if !DEBOUNCE.contains(&self.debounce_ms) {
            let (least, most) = (DEBOUNCE.start(), DEBOUNCE.end());
            problems.push(format!("ELEVENLABS_DEBOUNCE_MS (elevenlabs.debounce_ms): from {least} to {most}"));
        }
        if self.zone().is_none() {
            problems.push(format!(
                "ELEVENLABS_TIME_ZONE (elevenlabs.time_zone): {:?} is not a zone such as America/Bogota",
                self.time_zone
            ));
        }
        let quiet = [
            ("ELEVENLABS_QUIET_FROM (elevenlabs.quiet_from)", &self.quiet_from),
            ("ELEVENLABS_QUIET_UNTIL (elevenlabs.quiet_until)", &self.quiet_until),
        ];
        for (name, time) in quiet {
            if let Some(time) = time
                && time_of_day(time).is_none()
            {
                problems.push(format!("{name}: {time:?} is not a time such as 21:00"));
            }
        }
        if self.quiet_from.is_some() != self.quiet_until.is_some() {
            problems.push("ELEVENLABS_QUIET_FROM, ELEVENLABS_QUIET_UNTIL: they belong together".to_owned());
        }
        self.rules.check("elevenlabs.rules", problems);
        for (at, agent) in self.agents.iter().enumerate() {
            let place = format!("elevenlabs.agents[{at}]");
            if agent.id.trim().is_empty() {
                problems.push(format!("{place}.id: the id of the agent, agent_…"));
            }
            agent.rules.over(&self.rules).check(&format!("{place}.rules"), problems);
        }
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    Time::parse(text, format_description!("[hour]:[minute]")).ok()
}

fn utc() -> Zone {
    Zone::fixed(UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let began =
            |zone: &str, now| ElevenlabsSettings { time_zone: zone.to_owned(), ..Default::default() }.day_began(now);
        let now = datetime!(2026-03-29 12:00 UTC);
        assert_eq!(began("UTC", now), datetime!(2026-03-29 0:00 UTC));
        assert_eq!(began("America/Bogota", datetime!(2026-03-29 04:59 UTC)), datetime!(2026-03-28 5:00 UTC));
        // In the night before, the clocks went from +1 to +2.
        assert_eq!(began("Europe/Madrid", now), datetime!(2026-03-28 23:00 UTC));
    }
}
