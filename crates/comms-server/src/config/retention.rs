//! How old what is kept may get.

use std::{num::NonZeroU16, time::Duration};

use comms_engine::RetentionSettings as Rules;
use serde::Deserialize;

/// After how many days something is deleted; nothing is where it is not set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Raw webhooks that were read whole.
    pub webhooks_days: Option<NonZeroU16>,
    /// The event log.
    pub events_days: Option<NonZeroU16>,
    /// What was reported of messages, step by step.
    pub statuses_days: Option<NonZeroU16>,
    /// What was said in calls that went on by chat.
    pub calls_days: Option<NonZeroU16>,
    /// Files of messages.
    pub files_days: Option<NonZeroU16>,
}

impl RetentionSettings {
    /// The rules of the engine.
    #[must_use]
    pub fn rules(&self) -> Rules {
        let days =
            |days: Option<NonZeroU16>| days.map(|days| Duration::from_secs(u64::from(days.get()) * 24 * 60 * 60));
        let mut rules = Rules::default();
        rules.webhooks = days(self.webhooks_days);
        rules.events = days(self.events_days);
        rules.statuses = days(self.statuses_days);
        rules.calls = days(self.calls_days);
        rules.files = days(self.files_days);
        rules
    }
}
