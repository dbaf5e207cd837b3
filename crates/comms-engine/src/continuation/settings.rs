//! How calls go on by chat, with the values that serve most.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use comms_core::{AccountId, ChannelKind, OrganizationId, UserId};
use time::{OffsetDateTime, Time, UtcOffset};

/// How calls go on by chat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContinuationSettings {
    /// Agents, by the provider's id, and what is their own.
    pub agents: BTreeMap<String, AgentSettings>,
    /// What holds for agents that are not named; `None`: their calls do not go on.
    pub other_agents: Option<AgentSettings>,
    /// Whose the calls are that the provider is asked for; `None`: it is not asked, and calls are told of.
    pub polls_for: Option<OrganizationId>,
    /// How often the provider is asked for calls that ended. 1 minute.
    pub poll_every: Duration,
    /// How often it is looked what is due where nothing tells. 500 ms.
    pub every: Duration,
    /// How long the last message of a burst must be old before it is answered. 1.5 s.
    pub debounce: Duration,
    /// How long the first message of a burst waits at most. 4.5 s.
    pub patience: Duration,
    /// How long the provider may take to say what became of a call. 5 s.
    pub call_timeout: Duration,
    /// For how long it is asked again while a call is not summed up, or it does not answer. After that the call goes on without
    /// what was said. 2 minutes.
    pub facts_within: Duration,
    /// How long the agent may take to answer. 75 s: two sessions, each with a deadline of its own.
    pub reply_timeout: Duration,
    /// The wait before the second attempt at a step; each further one doubles it. 2 s.
    pub retry_base: Duration,
    /// The longest of these waits. 1 minute.
    pub retry_cap: Duration,
    /// After how long a first message that cannot be sent is given up. 24 hours: a night is in it.
    pub open_within: Duration,
    /// How many failures of the agent in a row give the conversation to a person. 3.
    pub max_failures: u32,
    /// After how long without an answer it is given to a person, whatever the reason. 30 minutes.
    pub answer_within: Duration,
    /// For how long nobody is asked after the provider refused the key. 1 minute.
    pub pause: Duration,
    /// How many steps are under way at once in this process. 256.
    pub at_once: u16,
    /// After how long in which nothing was said a continuation is closed. 72 hours.
    pub idle: Duration,
    /// How often idle ones are looked for. 1 minute.
    pub upkeep_every: Duration,
    /// How many tokens of the past are told to an agent with each burst. A token is taken for three characters. 2,000.
    pub context_tokens: usize,
    /// How many bursts are answered in one continuation. 60.
    pub turns_each: u32,
    /// How many bursts are answered for one account within 24 hours. 2,000.
    pub turns_daily: u32,
    /// More bursts than these within [`loop_within`](Self::loop_within) are taken for a machine. 10.
    pub loop_turns: u16,
    /// See [`loop_turns`](Self::loop_turns). 2 minutes.
    pub loop_within: Duration,
    /// How often in a row the same words are answered; once more is taken for a machine. 3.
    pub loop_same: u16,
    /// When nobody is written to first; `None`: at any time.
    pub quiet: Option<QuietHours>,
    /// Whether answers, too, wait until the quiet hours end. `false`: who writes at night is answered at night.
    pub quiet_answers: bool,
}

impl Default for ContinuationSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            agents: BTreeMap::new(),
            other_agents: None,
            polls_for: None,
            poll_every: seconds(60),
            every: Duration::from_millis(500),
            debounce: Duration::from_millis(1_500),
            patience: Duration::from_millis(4_500),
            call_timeout: seconds(5),
            facts_within: seconds(120),
            reply_timeout: seconds(75),
            retry_base: seconds(2),
            retry_cap: seconds(60),
            open_within: seconds(24 * 3_600),
            max_failures: 3,
            answer_within: seconds(30 * 60),
            pause: seconds(60),
            at_once: 256,
            idle: seconds(72 * 3_600),
            upkeep_every: seconds(60),
            context_tokens: 2_000,
            turns_each: 60,
            turns_daily: 2_000,
            loop_turns: 10,
            loop_within: seconds(120),
            loop_same: 3,
            quiet: None,
            quiet_answers: false,
        }
    }
}

impl ContinuationSettings {
    /// What holds for an agent; `None` where its calls do not go on.
    #[must_use]
    pub fn of(&self, agent: &str) -> Option<&AgentSettings> {
        self.agents.get(agent).or(self.other_agents.as_ref())
    }
}

/// What is an agent's own.
///
/// Texts may name what is known in braces, with a word for where it is not known: `{client_name|cliente}`. Known are `client_name`,
/// `agent_name`, `summary`, `duration`, `phone`, and whatever was told with the call, such as `group_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentSettings {
    /// On which channel it writes. WhatsApp.
    pub channel: ChannelKind,
    /// From which account; from the organisation's first where absent.
    pub account: Option<AccountId>,
    /// In whose name: the account's owner where absent.
    pub user: Option<UserId>,
    /// In which language it answers, as `es`; in its own where absent.
    pub language: Option<String>,
    /// The first message where the person may be written to freely.
    pub opening: String,
    /// The first message where they may not; without one nobody is written to then.
    pub template: Option<OpeningTemplate>,
    /// Variables for the agent, beside those that it has anyway.
    pub variables: BTreeMap<String, String>,
    /// Words by which a person asks for one of us, without regard to case and accents; whole words alone.
    pub keywords: Vec<String>,
    /// What they are told when one of us is to take over; nothing where empty.
    pub handover: String,
}

impl Default for AgentSettings {
    fn default() -> Self {
        let keywords = ["asesor", "humano", "una persona", "hablar con alguien", "operador", "queja", "reclamo"];
        Self {
            channel: ChannelKind::WhatsApp,
            account: None,
            user: None,
            language: None,
            opening: "¡Hola {client_name|}! Gracias por tu tiempo en la llamada. Si te queda alguna pregunta, escríbenos por aquí."
                .to_owned(),
            template: None,
            variables: BTreeMap::new(),
            keywords: keywords.map(str::to_owned).to_vec(),
            handover: "Gracias por escribirnos. Una persona de nuestro equipo te responderá por aquí.".to_owned(),
        }
    }
}

/// An approved template with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningTemplate {
    /// Its name; on Twilio the `ContentSid`.
    pub name: String,
    /// Its language, for instance `es`.
    pub language: String,
    /// The values of its body in their order. One that turns out empty is a hyphen: providers take no empty ones.
    pub variables: Vec<String>,
}

/// From when to when nobody is written to first. Where the end is before the beginning a night lies between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// From this time of day on.
    pub from: Time,
    /// Until this one.
    pub until: Time,
    /// Whose time of day.
    pub zone: Zone,
}

impl QuietHours {
    /// When the quiet hours end in which `at` lies; `None` where it lies in none.
    #[must_use]
    pub fn end(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        let local = at.to_offset(self.zone.offset(at));
        let time = local.time();
        let overnight = self.until <= self.from;
        let inside = match overnight {
            true => time >= self.from || time < self.until,
            false => time >= self.from && time < self.until,
        };
        if !inside {
            return None;
        }
        let day = match overnight && time >= self.from {
            true => local.date().next_day()?,
            false => local.date(),
        };
        // The clocks may be changed in between.
        let guess = day.with_time(self.until).assume_offset(local.offset());
        Some(day.with_time(self.until).assume_offset(self.zone.offset(guess)).to_offset(UtcOffset::UTC))
    }
}

/// Which offset a moment has.
type Offset = Arc<dyn Fn(OffsetDateTime) -> UtcOffset + Send + Sync>;

/// A time zone: its name, and its offset at a moment. Two of one name are one.
#[derive(Clone)]
pub struct Zone {
    name: String,
    offset: Offset,
}

impl Zone {
    /// A zone whose offsets somebody else knows.
    pub fn new(name: impl Into<String>, offset: impl Fn(OffsetDateTime) -> UtcOffset + Send + Sync + 'static) -> Self {
        Self { name: name.into(), offset: Arc::new(offset) }
    }

    /// A zone whose clocks are never changed.
    #[must_use]
    pub fn fixed(offset: UtcOffset) -> Self {
        Self::new(offset.to_string(), move |_| offset)
    }

    /// What the zone is called, as in `Europe/Madrid`; of a fixed one its offset.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its offset at this moment.
    #[must_use]
    pub fn offset(&self, at: OffsetDateTime) -> UtcOffset {
        (self.offset)(at)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

#[cfg(test)]
mod tests {
    use time::macros::{datetime, offset, time};

    use super::*;

    #[test]
    fn a_night_ends_in_the_morning_of_its_zone() {
        let quiet = QuietHours { from: time!(21:00), until: time!(08:00), zone: Zone::fixed(offset!(-5)) };
        let morning = datetime!(2026-03-02 13:00 UTC);
        assert_eq!(quiet.end(datetime!(2026-03-02 02:00 UTC)), Some(morning), "nine in the evening");
        assert_eq!(quiet.end(datetime!(2026-03-02 12:59 UTC)), Some(morning), "just before eight");
        assert_eq!(quiet.end(morning), None);
        assert_eq!(quiet.end(datetime!(2026-03-02 01:59 UTC)), None);
    }

    #[test]
    fn a_break_at_noon_is_on_the_same_day() {
        let quiet = QuietHours { from: time!(12:00), until: time!(14:00), zone: Zone::fixed(UtcOffset::UTC) };
        assert_eq!(quiet.end(datetime!(2026-03-02 13:30 UTC)), Some(datetime!(2026-03-02 14:00 UTC)));
        assert_eq!(quiet.end(datetime!(2026-03-02 14:00 UTC)), None);
    }
}
