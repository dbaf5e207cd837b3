//! What mailboxes at Google lack, and the addresses that must be typed there.

use super::{missing, not_set};
use crate::{
    config::{GMAIL_PUSH, GOOGLE_CALLBACK, Settings},
    registry::Finding,
};

/// What can be said of the settings without asking Google.
pub(super) fn examine(settings: &Settings) -> Vec<Finding> {
    let (google, gmail, http) = (&settings.google, &settings.gmail, &settings.http);
    if !google.is_wanted() && gmail.delegated.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if google.is_wanted() {
        findings.extend(google.missing(http).into_iter().map(|name| missing(name, "no mailbox can be connected")));
        if settings.encryption.key.is_none() {
            findings.push(missing("COMMS_ENCRYPTION_KEY", "what sellers give for their mailboxes cannot be kept"));
        }
    }
    let pushed = gmail.topic.is_some() || gmail.push_account.is_some();
    findings.extend(gmail.missing_to_push().into_iter().map(|name| missing(name, "pushes of Gmail are not heard")));
    if !pushed {
        let name = "GMAIL_PUBSUB_TOPIC";
        findings.push(Finding::notice(name, not_set(name, "mailboxes are looked at each minute")));
    }
    if http.is_reachable() {
        let base = http.base_url();
        if google.client_id.is_some() {
            let callback = google.redirect_uri.clone().unwrap_or_else(|| format!("{base}{GOOGLE_CALLBACK}"));
            findings.push(Finding::good("Google, OAuth client: Authorised redirect URI", callback));
        }
        if pushed {
            findings.push(Finding::good(
                "Google, Pub/Sub: endpoint of the push subscription",
                format!("{base}{GMAIL_PUSH}"),
            ));
        }
    }
    findings
}
