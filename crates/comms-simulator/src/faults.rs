//! Faults on demand: what goes wrong, where, how often.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong with one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// An error of the provider in its own words, found by its code.
    Error(ProviderError),
    /// An answer of this status and body, whatever it is.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body, word for word.
        #[serde(default)]
        body: String,
        /// Its media type; `text/plain` where absent.
        #[serde(default)]
        content_type: Option<String>,
    },
    /// The page of a proxy in front of the provider.
    Html {
        /// The HTTP status, for instance 502.
        status: u16,
    },
    /// The right answer, cut in the middle; the length it announces is that of the cut one.
    TruncatedJson,
    /// The right status without a body.
    EmptyBody,
    /// The right answer, late.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// The right answer, its body in small pieces.
    SlowBody {
        /// The wait before each piece, in milliseconds.
        ms: u64,
        /// How many bytes a piece has.
        #[serde(default = "piece_size")]
        bytes: usize,
    },
    /// The right answer, followed by so much white space that it is this long.
    Huge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// No answer: the connection is closed. With [`When::After`] the request was acted on.
    Cut,
    /// No answer: the connection is reset, so that the caller reads an error instead of an end. With [`When::After`] the request
    /// was acted on.
    Reset,
}

/// An error that a provider answers with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderError {
    /// The provider's code.
    pub code: i64,
    /// The HTTP status; the one that the provider documents for the code where absent.
    pub status: Option<u16>,
    /// The provider's finer code.
    pub subcode: Option<i64>,
    /// The text for developers; the provider's own where absent.
    pub details: Option<String>,
    /// A `Retry-After` header, in seconds.
    pub retry_after: Option<u64>,
}

/// Whether the request was acted on before the fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The fault comes first: the provider did nothing.
    #[default]
    Before,
    /// The provider acted, then the answer was lost or spoilt.
    After,
}

/// A fault and the calls that it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// The endpoint by name (`meta.messages`); every endpoint where absent.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Only sends to this recipient, as the caller wrote it.
    #[serde(default)]
    pub to: Option<String>,
    /// Only sends from this number, page or mailbox.
    #[serde(default)]
    pub account: Option<String>,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether the provider acts before. A delay, a slow, cut short or empty body are answers, so there it always acts.
    #[serde(default)]
    pub when: When,
    /// How many calls it strikes before it is spent; every one where absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// How likely it strikes a call that it could strike, from 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
}

impl FaultRule {
    /// Strikes every call of `endpoint`, before it is acted on.
    #[must_use]
    pub fn new(endpoint: impl Into<String>, fault: Fault) -> Self {
        Self {
            endpoint: Some(endpoint.into()),
            to: None,
            account: None,
            fault,
            when: When::Before,
            times: None,
            probability: always(),
        }
    }

    /// Strikes this many calls, then no more.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes at random, with this probability.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Lets the provider act before.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.when = When::After;
        self
    }

    /// Strikes only sends from this number, page or mailbox.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Strikes only sends to this recipient.
    #[must_use]
    pub fn to(mut self, to: impl Into<String>) -> Self {
        self.to = Some(to.into());
        self
    }
}

impl Fault {
    /// A provider's error with the status and text that belong to the code.
    #[must_use]
    pub fn error(code: i64) -> Self {
        Self::Error(ProviderError { code, ..ProviderError::default() })
    }

    /// A short name for the ledger.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Error(error) => format!("error {}", error.code),
            Self::Status { status, .. } => format!("status {status}"),
            Self::Html { status } => format!("html {status}"),
            Self::TruncatedJson => "truncated_json".to_owned(),
            Self::EmptyBody => "empty_body".to_owned(),
            Self::Delay { ms } => format!("delay {ms}"),
            Self::SlowBody { .. } => "slow_body".to_owned(),
            Self::Huge { bytes } => format!("huge {bytes}"),
            Self::Cut => "cut".to_owned(),
            Self::Reset => "reset".to_owned(),
        }
    }

    /// Whether it spoils the right answer instead of taking its place.
    pub(crate) fn needs_answer(&self) -> bool {
        matches!(
            self,
            Self::TruncatedJson | Self::EmptyBody | Self::Delay { .. } | Self::SlowBody { .. } | Self::Huge { .. }
        )
    }
}

/// A rule and how often it struck.
#[derive(Clone, Debug, Serialize)]
pub struct FaultState {
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How many calls it struck.
    pub struck: u32,
}

/// The rules in force, in the order they were added: the first that strikes wins.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Vec<FaultState>,
    random: fastrand::Rng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Inner { rules: Vec::new(), random: fastrand::Rng::with_seed(seed) }))
    }

    pub(crate) fn add(&self, rule: FaultRule) {
        self.with(|inner| inner.rules.push(FaultState { rule, struck: 0 }));
    }

    pub(crate) fn clear(&self) {
        self.with(|inner| inner.rules.clear());
    }

    pub(crate) fn list(&self) -> Vec<FaultState> {
        self.with(|inner| inner.rules.clone())
    }

    /// The fault that strikes a call, if one does; of a send, from whom and to whom.
    pub(crate) fn strike(&self, endpoint: &str, send: Option<(&str, &str)>) -> Option<(Fault, When)> {
        let (account, to) = send.unzip();
        self.with(|inner| {
            let Inner { rules, random } = inner;
            let state = rules.iter_mut().find(|state| {
                let rule = &state.rule;
                rule.endpoint.as_deref().is_none_or(|name| name == endpoint)
                    && (rule.to.is_none() || rule.to.as_deref() == to)
                    && (rule.account.is_none() || rule.account.as_deref() == account)
                    && rule.times.is_none_or(|times| state.struck < times)
                    && (rule.probability >= 1.0 || random.f64() < rule.probability)
            })?;
            state.struck += 1;
            let when = if state.rule.fault.needs_answer() { When::After } else { state.rule.when };
            Some((state.rule.fault.clone(), when))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn always() -> f64 {
    1.0
}

fn piece_size() -> usize {
    16
}
