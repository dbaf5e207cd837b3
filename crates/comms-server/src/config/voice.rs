//! Whom may be called, and what becomes of a call that comes in.

use std::num::NonZeroU32;

use comms_engine::Voicemail;
use serde::Deserialize;

/// Whom may be called, and what becomes of a call that comes in.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VoiceSettings {
    /// The countries that may be called (`ES`, `MX` …); where empty, those of our own numbers.
    pub countries: Vec<String>,
    /// Whether numbers may be called in ranges that the numbering plans assign to nothing (yet).
    pub unassigned: bool,
    /// Calls that one user may place in 24 hours.
    pub daily_cap: NonZeroU32,
    /// How long a call rings, in seconds.
    pub ring_seconds: NonZeroU32,
    /// Whether calls are recorded. Tell those who talk: many countries demand it.
    pub record: bool,
    /// Whether a caller whom nobody answers may leave a message.
    pub voicemail: bool,
    /// What they hear first.
    pub greeting: Option<String>,
    /// The language in which it is spoken, for instance `es-ES`.
    pub language: Option<String>,
    /// How long a token of a browser lasts, in seconds.
    pub token_seconds: NonZeroU32,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        let number = |more| NonZeroU32::MIN.saturating_add(more);
        Self {
            countries: Vec::new(),
            unassigned: false,
            daily_cap: number(199),
            ring_seconds: number(24),
            record: false,
            voicemail: true,
            greeting: None,
            language: None,
            token_seconds: number(3_599),
        }
    }
}

/// Twilio's longest token: 24 hours.
const LONGEST_TOKEN: u32 = 86_400;

/// Twilio's longest ringing.
const LONGEST_RING: u32 = 600;

impl VoiceSettings {
    /// The same for the engine; `region` is the country of numbers written without country code.
    #[must_use]
    pub fn rules(&self, region: Option<String>) -> comms_engine::VoiceSettings {
        let mut rules = comms_engine::VoiceSettings::default();
        rules.countries.clone_from(&self.countries);
        rules.unassigned = self.unassigned;
        rules.daily_cap = self.daily_cap.get();
        rules.ring_seconds = self.ring_seconds.get();
        rules.record = self.record;
        rules.region = region;
        let mut voicemail = Voicemail::default();
        if let Some(language) = &self.language {
            voicemail.language.clone_from(language);
            rules.language.clone_from(language);
        }
        if let Some(greeting) = &self.greeting {
            voicemail.greeting.clone_from(greeting);
        }
        rules.voicemail = self.voicemail.then_some(voicemail);
        rules
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for country in &self.countries {
            if !(country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase())) {
                problems
                    .push(format!("VOICE_COUNTRIES (voice.countries): {country:?} is not a country code such as ES"));
            }
        }
        let bounds = [
            ("VOICE_RING_SECONDS (voice.ring_seconds)", self.ring_seconds, LONGEST_RING),
            ("VOICE_TOKEN_SECONDS (voice.token_seconds)", self.token_seconds, LONGEST_TOKEN),
        ];
        for (name, value, most) in bounds {
            if value.get() > most {
                problems.push(format!("{name}: at most {most} seconds"));
            }
        }
    }
}
