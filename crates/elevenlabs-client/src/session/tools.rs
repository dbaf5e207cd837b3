//! Tools of ours that an agent may use in a conversation.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;

use super::frames::ClientToolCall;

/// A tool of ours. It is used as often as the agent likes.
///
/// What it gives goes to the model as text, and so does what went wrong: neither may hold a secret.
#[async_trait]
pub trait ClientTool: fmt::Debug + Send + Sync + 'static {
    /// Acts, and says what came of it.
    ///
    /// # Errors
    /// What went wrong, in words for the model.
    async fn run(&self, call: &ClientToolCall) -> Result<String, String>;
}

/// The tools of ours by name. An agent that asks for another is told that there is none, so that it goes on without.
#[derive(Clone, Debug, Default)]
pub struct ClientTools(BTreeMap<String, Arc<dyn ClientTool>>);

impl ClientTools {
    /// No tools.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a tool, or takes the place of the one of this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, tool: Arc<dyn ClientTool>) -> Self {
        self.0.insert(name.into(), tool);
        self
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<dyn ClientTool>> {
        self.0.get(name).cloned()
    }
}
