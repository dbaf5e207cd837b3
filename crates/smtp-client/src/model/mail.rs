//! A message as it is handed over.

use bytes::Bytes;

/// A message that is written already, and to whom it goes: those who are hidden stand here and not in its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Where errors of delivery go.
    pub from: String,
    /// Everybody to whom it goes.
    pub to: Vec<String>,
    /// Its headers and its text.
    pub bytes: Bytes,
}

impl Mail {
    /// A message from one address to others.
    pub fn new(
        from: impl Into<String>,
        to: impl IntoIterator<Item = impl Into<String>>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self { from: from.into(), to: to.into_iter().map(Into::into).collect(), bytes: bytes.into() }
    }
}
