//! What the double remembers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::config::GROUP_ID;

/// A mail that waits for its time.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub batch: Option<String>,
    pub letter: super::events::Letter,
}

#[derive(Debug)]
pub(crate) struct State {
    /// List → address → what is told of it.
    pub lists: BTreeMap<String, BTreeMap<String, Value>>,
    /// Group → who left it.
    pub left: BTreeMap<i64, BTreeSet<String>>,
    pub groups: Vec<Value>,
    pub batches: BTreeSet<String>,
    /// Batch → `pause` or `cancel`.
    pub stopped: BTreeMap<String, String>,
    pub waiting: Vec<Waiting>,
    /// What was made or changed while running; the configuration's where absent.
    pub templates: Option<Vec<Value>>,
    pub sent: u64,
}

impl Default for State {
    fn default() -> Self {
        let group = json!({"id": GROUP_ID, "name": "Ofertas", "description": "Ofertas del mes", "is_default": false, "unsubscribes": 0});
        Self {
            lists: BTreeMap::new(),
            left: BTreeMap::new(),
            groups: vec![group],
            batches: BTreeSet::new(),
            stopped: BTreeMap::new(),
            waiting: Vec::new(),
            templates: None,
            sent: 0,
        }
    }
}

impl State {
    /// Puts an address on a list.
    pub(crate) fn suppress(&mut self, list: &str, email: &str, about: Value) {
        self.lists.entry(list.to_owned()).or_default().insert(email.to_lowercase(), about);
    }

    pub(crate) fn is_on(&self, list: &str, email: &str) -> bool {
        self.lists.get(list).is_some_and(|held| held.contains_key(&email.to_lowercase()))
    }

    /// Why nothing is sent to an address, in SendGrid's words.
    pub(crate) fn reason(&self, email: &str, group: Option<i64>, bypass: bool) -> Option<&'static str> {
        if bypass {
            return None;
        }
        const LISTS: [(&str, &str); 4] = [
            ("bounces", "Bounced Address"),
            ("invalid_emails", "Invalid"),
            ("spam_reports", "Spam Reporting Address"),
            ("unsubscribes", "Unsubscribed Address"),
        ];
        let listed = LISTS.iter().find(|(list, _)| self.is_on(list, email)).map(|(_, reason)| *reason);
        let left = group.and_then(|group| self.left.get(&group)).is_some_and(|who| who.contains(&email.to_lowercase()));
        listed.or(left.then_some("Unsubscribed Address"))
    }
}
