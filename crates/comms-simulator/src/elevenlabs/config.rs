//! ElevenLabs' side as data: keys, agents, numbers, the people who are called, where webhooks go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The API key of the default configuration.
pub const API_KEY: &str = "sk_simulated_elevenlabs_key";
/// The agent of the default configuration.
pub const AGENT_ID: &str = "agent_0000sim00000000000000000001";
/// Its name.
pub const AGENT_NAME: &str = "Ana";
/// An agent that permits no overrides: a text session is refused.
pub const CLOSED_AGENT_ID: &str = "agent_0000sim00000000000000000002";
/// The phone number that agents call from.
pub const PHONE_NUMBER_ID: &str = "phnum_0000sim000000000000000000001";
/// That number itself.
pub const PHONE_NUMBER: &str = "+15005550010";
/// The secret that webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "wsec_simulated_elevenlabs_secret";

/// The settings of the double of ElevenLabs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ElevenlabsConfig {
    /// The keys that may do everything.
    pub api_keys: Vec<String>,
    /// The agents.
    pub agents: Vec<Agent>,
    /// The numbers that agents call from.
    pub phone_numbers: Vec<PhoneNumber>,
    /// Where webhooks go: one address for the whole workspace.
    pub webhook_url: Option<String>,
    /// The secret that signs them; `None` signs nothing.
    pub webhook_secret: Option<String>,
    /// Whether a transcription that is not taken is posted again, which is off at ElevenLabs unless asked for.
    pub webhook_retries: bool,
    /// Whether a call is told with its audio as well.
    pub webhook_audio: bool,
    /// Whether the transcript is left out of what is told.
    pub exclude_transcript: bool,
    /// Who is asked before an agent takes a call.
    pub initiation_url: Option<String>,
    /// The headers of that question, where its secret is.
    pub initiation_headers: BTreeMap<String, String>,
    /// People with something special. Of every other the [usual thing](Self::outcome) comes.
    pub people: Vec<Person>,
    /// What becomes of a call.
    pub outcome: Outcome,
    /// When it becomes that.
    pub timing: CallTiming,
    /// How many text sessions may be open at once; any number where absent.
    pub concurrency: Option<usize>,
}

/// An agent of the workspace, and what its settings permit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// Its id.
    pub agent_id: String,
    /// Its name.
    pub name: String,
    /// Whether a session may override what the agent is set to, text only among it.
    pub overrides: bool,
    /// What it says first, where a session does not override it.
    pub first_message: String,
}

/// A number that agents call from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneNumber {
    /// Its id.
    pub phone_number_id: String,
    /// The number.
    pub phone_number: String,
}

/// Somebody who is called, or who calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// The number.
    pub phone_number: String,
    /// What becomes of calls with them.
    pub outcome: Outcome,
    /// What is said; the usual words where absent.
    pub talk: Option<Talk>,
}

/// What is said in a call, and what ElevenLabs makes of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Talk {
    /// The turns in their order.
    pub turns: Vec<Turn>,
    /// The title of the summary.
    pub title: String,
    /// The summary.
    pub summary: String,
    /// How long it took.
    pub duration_secs: i64,
}

/// One turn of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What they say; absent where the agent only calls a tool.
    pub message: Option<String>,
    /// The tool that the agent calls.
    pub tool: Option<String>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person.
    User,
    /// The agent.
    #[default]
    Agent,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They talk.
    #[default]
    Completed,
    /// A machine answers.
    Voicemail,
    /// Nobody answers.
    NoAnswer,
    /// The line is busy.
    Busy,
    /// The call cannot be placed.
    Failed,
    /// They talk, and an error ends it.
    Broken,
}

/// When things follow, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallTiming {
    /// From the request until somebody answers, or nobody.
    pub ring_ms: u64,
    /// From the answer to the end.
    pub talk_ms: u64,
    /// From the end until the summary is made and told.
    pub analysis_ms: u64,
}

impl Default for CallTiming {
    fn default() -> Self {
        Self { ring_ms: 5, talk_ms: 10, analysis_ms: 15 }
    }
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            agent_id: AGENT_ID.to_owned(),
            name: AGENT_NAME.to_owned(),
            overrides: true,
            first_message: "Hola, soy Ana.".to_owned(),
        }
    }
}

impl Default for ElevenlabsConfig {
    fn default() -> Self {
        let closed = Agent {
            agent_id: CLOSED_AGENT_ID.to_owned(),
            name: "Luis".to_owned(),
            overrides: false,
            ..Agent::default()
        };
        Self {
            api_keys: vec![API_KEY.to_owned()],
            agents: vec![Agent::default(), closed],
            phone_numbers: vec![PhoneNumber {
                phone_number_id: PHONE_NUMBER_ID.to_owned(),
                phone_number: PHONE_NUMBER.to_owned(),
            }],
            webhook_url: None,
            webhook_secret: Some(WEBHOOK_SECRET.to_owned()),
            webhook_retries: false,
            webhook_audio: false,
            exclude_transcript: false,
            initiation_url: None,
            initiation_headers: BTreeMap::new(),
            people: Vec::new(),
            outcome: Outcome::Completed,
            timing: CallTiming::default(),
            concurrency: None,
        }
    }
}

impl ElevenlabsConfig {
    /// Has webhooks posted here.
    pub fn set_webhook_url(&mut self, url: &str) {
        self.webhook_url = Some(url.to_owned());
    }

    /// Has this address asked before an agent takes a call, with a secret in a header.
    pub fn set_initiation_url(&mut self, url: &str, header: &str, secret: &str) {
        self.initiation_url = Some(url.to_owned());
        self.initiation_headers.insert(header.to_owned(), secret.to_owned());
    }

    /// Adds somebody, or changes what becomes of calls with them.
    pub fn set_person(&mut self, person: Person) {
        self.people.retain(|one| one.phone_number != person.phone_number);
        self.people.push(person);
    }

    pub(super) fn agent(&self, id: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.agent_id == id)
    }

    pub(super) fn phone_number(&self, id: &str) -> Option<&PhoneNumber> {
        self.phone_numbers.iter().find(|number| number.phone_number_id == id)
    }

    pub(super) fn outcome_of(&self, number: &str) -> Outcome {
        self.person(number).map_or(self.outcome, |person| person.outcome)
    }

    /// What is said with somebody; `name` is how the agent addresses them.
    pub(super) fn talk_with(&self, number: &str, name: Option<&str>) -> Talk {
        let own = self.person(number).and_then(|person| person.talk.clone());
        own.unwrap_or_else(|| Talk::usual(name.unwrap_or("usted")))
    }

    fn person(&self, number: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.phone_number == number)
    }
}

impl Person {
    /// Somebody with this outcome.
    #[must_use]
    pub fn new(phone_number: impl Into<String>, outcome: Outcome) -> Self {
        Self { phone_number: phone_number.into(), outcome, talk: None }
    }

    /// With these words in calls.
    #[must_use]
    pub fn talking(mut self, talk: Talk) -> Self {
        self.talk = Some(talk);
        self
    }
}

impl Turn {
    /// Somebody says something.
    #[must_use]
    pub fn says(role: Role, message: &str) -> Self {
        Self { role, message: Some(message.to_owned()), tool: None }
    }

    /// The agent calls a tool.
    #[must_use]
    pub fn calls(tool: &str) -> Self {
        Self { role: Role::Agent, message: None, tool: Some(tool.to_owned()) }
    }
}

impl Talk {
    fn usual(name: &str) -> Self {
        let turns = vec![
            Turn::says(Role::Agent, &format!("Hola, soy Ana. ¿Hablo con {name}?")),
            Turn::says(Role::User, "Sí, soy yo."),
            Turn::says(Role::Agent, "Le llamo por el plan Premium. ¿Le interesa?"),
            Turn::says(Role::User, "Sí. ¿Me manda los detalles por WhatsApp?"),
            Turn::calls("end_call"),
            Turn::says(Role::Agent, "Claro, le escribo ahora."),
        ];
        Self {
            turns,
            title: "Interés en el plan Premium".to_owned(),
            summary: format!(
                "Ana llamó a {name}, que se interesa por el plan Premium y pide los detalles por WhatsApp."
            ),
            duration_secs: 27,
        }
    }

    pub(super) fn voicemail() -> Self {
        Self {
            turns: vec![Turn::calls("voicemail_detection")],
            title: "Buzón de voz".to_owned(),
            summary: "Respondió un contestador.".to_owned(),
            duration_secs: 4,
        }
    }
}
