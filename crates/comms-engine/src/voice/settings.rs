//! What can be set about calls.

use std::time::Duration;

/// Whom may be called, who is rung, and what becomes of a call that nobody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VoiceSettings {
    /// The countries that may be called (ISO 3166-1: `ES`, `MX` …). Where empty, those of the organisation's own numbers.
    pub countries: Vec<String>,
    /// Whether premium-rate, shared-cost, personal and company numbers may be called. `false`: they are how a stolen account
    /// is turned into money.
    pub costly: bool,
    /// Whether numbers may be called that are of the right shape in a range which the numbering plans assign to nothing.
    /// `false`: some of them are premium ranges that the tables do not know.
    pub unassigned: bool,
    /// How many calls one user may place within 24 hours; refused ones do not count. 200. Calls that begin at the same moment
    /// may exceed it by their number.
    pub daily_cap: u32,
    /// How long a call rings, in seconds. 25.
    pub ring_seconds: u32,
    /// Whether calls are recorded. `false`: many countries demand that those who talk are told.
    pub record: bool,
    /// What becomes of a caller whom nobody answers; `None` = they are told so, and that is all.
    pub voicemail: Option<Voicemail>,
    /// The language in which the engine's own sentences are spoken, which are Spanish. `es-ES`.
    pub language: String,
    /// The country of numbers that a browser dials without country code, for instance `ES`; that of the number which calls
    /// where absent.
    pub region: Option<String>,
    /// Whether a user's browser is rung where a machine answered the call that was placed for them. `false`.
    pub connect_machines: bool,
    /// How long a decision may take; after it the provider is told that nothing can be done now. 5 s: Twilio waits for 15.
    pub decide_timeout: Duration,
    /// How long after its acceptance a call may still be placed. A call is for now: it is never queued behind messages, and
    /// placed once at most. 30 s.
    pub expires: Duration,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self {
            countries: Vec::new(),
            costly: false,
            unassigned: false,
            daily_cap: 200,
            ring_seconds: 25,
            record: false,
            voicemail: Some(Voicemail::default()),
            language: "es-ES".to_owned(),
            region: None,
            connect_machines: false,
            decide_timeout: Duration::from_secs(5),
            expires: Duration::from_secs(30),
        }
    }
}

/// A message that a caller leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voicemail {
    /// What the caller hears first.
    pub greeting: String,
    /// Its language, for instance `es-ES`.
    pub language: String,
    /// How long the message may be, in seconds. 120.
    pub max_seconds: u32,
}

impl Default for Voicemail {
    fn default() -> Self {
        Self {
            greeting: "En este momento no podemos atenderle. Deje su mensaje después de la señal.".to_owned(),
            language: "es-ES".to_owned(),
            max_seconds: 120,
        }
    }
}

/// The names of the parameters that a browser gives with its call, and that it is given with a call to it.
pub mod parameter {
    /// The lead that the call belongs to.
    pub const LEAD: &str = "lead_id";
    /// The client that the call belongs to.
    pub const CLIENT: &str = "cliente_id";
    /// The contract that the call belongs to.
    pub const CONTRACT: &str = "contrato_id";
    /// The provider's id of the call: `sid_externo` of its record. Given to the browser that is rung.
    pub const CALL: &str = "llamada";
}
