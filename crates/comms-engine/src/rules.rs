//! The rules before a send, as data: each looks at the facts and refuses or not. No I/O.

use std::time::Duration;

use comms_core::Content;
use time::OffsetDateTime;

/// Everything that a rule may look at.
pub(crate) struct Facts<'a> {
    /// What is to be sent.
    pub content: &'a Content,
    /// How long after the other party's last message the channel takes free content; `None` = always.
    pub window: Option<Duration>,
    /// When the recipient last wrote to the account.
    pub last_inbound_at: Option<OffsetDateTime>,
    /// Of what they opted out.
    pub opted_out: &'a [String],
    /// The provider's category of the template, where it is one and the category is known.
    pub category: Option<&'a str>,
    /// Now.
    pub now: OffsetDateTime,
}

/// Why a message must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// They asked not to be written to.
    OptedOut,
    /// Only templates may be sent now.
    WindowClosed,
}

/// Whether a rule refuses.
type Applies = fn(&Facts<'_>) -> bool;

/// The first refusal counts: who opted out is not told to send a template.
const RULES: [(Refusal, Applies); 2] = [(Refusal::OptedOut, opted_out), (Refusal::WindowClosed, window_closed)];

/// Opt-outs that cover marketing only; every other one covers whatever message we would send.
const MARKETING_SCOPES: [&str; 1] = ["marketing_messages"];

/// Opt-outs that cover messages only: who does not want to be written to (`STOP`) has not forbidden to be called.
const MESSAGE_SCOPES: [&str; 2] = ["messages", "marketing_messages"];

/// The provider's category of templates that an opt-out of marketing covers.
const MARKETING_CATEGORY: &str = "marketing";

/// Whether who opted out of this is not to be answered either.
pub(crate) fn covers_answers(scope: &str) -> bool {
    !MARKETING_SCOPES.contains(&scope)
}

/// The first rule that refuses.
pub(crate) fn refusal(facts: &Facts<'_>) -> Option<Refusal> {
    RULES.into_iter().find_map(|(refusal, applies)| applies(facts).then_some(refusal))
}

/// Whether the template's category matters to a rule: it has to be looked up.
pub(crate) fn needs_category(content: &Content, opted_out: &[String]) -> bool {
    matches!(content, Content::Template(_)) && !opted_out.is_empty()
}

fn opted_out(facts: &Facts<'_>) -> bool {
    let mut scopes = facts.opted_out.iter().map(String::as_str);
    if matches!(facts.content, Content::Call(_)) {
        return scopes.any(|scope| !MESSAGE_SCOPES.contains(&scope));
    }
    let marketing = facts.category.is_some_and(|category| category.eq_ignore_ascii_case(MARKETING_CATEGORY));
    scopes.any(|scope| marketing || !MARKETING_SCOPES.contains(&scope))
}

/// Who never wrote to us never opened a window.
fn window_closed(facts: &Facts<'_>) -> bool {
    let Some(window) = facts.window else {
        return false;
    };
    needs_window(facts.content) && facts.last_inbound_at.is_none_or(|last| facts.now >= last + window)
}

/// Templates may be sent at any time, calls have rules of their own, and what a native body is only the provider knows:
/// it is the provider that refuses it.
fn needs_window(content: &Content) -> bool {
    !matches!(content, Content::Template(_) | Content::Call(_) | Content::Native { .. })
}
