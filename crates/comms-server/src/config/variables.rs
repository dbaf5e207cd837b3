//! Every environment variable that is understood, with its place in the configuration.

use std::fmt::Write as _;

use super::VARIABLES;

/// An environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// As the environment holds it: `DATABASE_URL`.
    pub name: &'static str,
    /// The key of the configuration that it sets; `None` for one that a later channel will use.
    pub key: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
    /// An example or the default.
    pub example: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A credential.
    Secret,
    /// A whole number.
    Number,
    /// A number, with a part of one too.
    Decimal,
    /// `true` or `false`.
    Flag,
    /// Texts separated by commas.
    List,
}

impl Kind {
    pub(super) fn parse(self, text: &str) -> Result<toml::Value, String> {
        match self {
            Self::Text | Self::Secret => Ok(text.into()),
            Self::Number => text.parse::<i64>().map(Into::into).map_err(|_| format!("{text:?} is not a whole number")),
            Self::Decimal => text.parse::<f64>().map(Into::into).map_err(|_| format!("{text:?} is not a number")),
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "si" | "sí" => Ok(true.into()),
                "false" | "0" | "no" => Ok(false.into()),
                _ => Err(format!("{text:?} is neither true nor false")),
            },
            Self::List => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(toml::Value::Array(parts.map(Into::into).collect()))
            }
        }
    }
}

/// The variable behind a key.
pub(super) fn of_key(key: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.key == Some(key))
}

/// A key with the variable behind it: `PORT (http.port)`.
pub(super) fn spoken(key: &str) -> String {
    of_key(key).map_or_else(|| key.to_owned(), |variable| format!("{} ({key})", variable.name))
}

/// The text of `.env.example`: one line for each variable.
#[must_use]
pub fn env_example() -> String {
    let mut text = String::from(
        "# Every variable that is understood, with an example or its default. Copy to .env; other variables are ignored.\n",
    );
    for variable in VARIABLES {
        let later = if variable.key.is_none() { " (not used by this version)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {}={}  # {}{later}", variable.name, variable.example, variable.about);
    }
    text
}
