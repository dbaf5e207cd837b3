//! Asks ElevenLabs: whether it takes the key, whether the agents are there, and whether they may be written with.

use comms_core::Error;
use elevenlabs_client::model::agent::Agent;

use super::{Finding, trouble};
use crate::{config::AgentSettings, registry::elevenlabs::Workspace};

const BASE: &str = "ELEVENLABS_API_BASE";

/// Looks at the key, and at every agent that is named.
pub(super) async fn examine(workspace: &Workspace) -> Vec<Finding> {
    const KEY: &str = "ELEVENLABS_API_KEY";
    let agents = workspace.client().agents();
    let mut findings = match agents.page(None, None).await {
        Ok(page) if page.items.is_empty() => vec![Finding::notice(KEY, "accepted, but the workspace has no agent")],
        Ok(_) => vec![Finding::good(KEY, "accepted")],
        // Every other question would be answered alike.
        Err(error) => return vec![Finding::mend(KEY, trouble(&error, BASE))],
    };
    for settings in workspace.agents() {
        let subject = format!("ElevenLabs agent {}", settings.id);
        findings.push(match agents.get(&settings.id).await {
            Ok(agent) => agreed(subject, settings, &agent),
            Err(error) => Finding::mend(subject, absent(&error)),
        });
    }
    findings
}

fn absent(error: &Error) -> String {
    match error.status() {
        Some(404) => "the workspace of ELEVENLABS_API_KEY has no such agent: is ELEVENLABS_AGENT_ID right?".to_owned(),
        _ => trouble(error, BASE),
    }
}

/// Whether a chat may override of it what every chat overrides: without that none is possible.
fn agreed(subject: String, settings: &AgentSettings, agent: &Agent) -> Finding {
    const WHERE: &str = "(Agent, Security, Overrides)";
    let may = agent.may_override();
    let mut wanted = vec![("Text only", may.conversation.text_only), ("First message", may.agent.first_message)];
    if settings.rules.language.is_some() {
        wanted.push(("Language", may.agent.language));
    }
    let among = |said: Option<bool>| {
        let names = wanted.iter().filter(|(_, told)| *told == said).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let (refused, untold) = (among(Some(false)), among(None));
    if !refused.is_empty() {
        return Finding::mend(subject, format!("no chat is possible: permit the override of {refused} {WHERE}"));
    }
    if !untold.is_empty() {
        return Finding::notice(subject, format!("there; look whether {untold} may be overridden {WHERE}"));
    }
    Finding::good(subject, format!("{}: may be written with", agent.name.as_deref().unwrap_or("there")))
}
