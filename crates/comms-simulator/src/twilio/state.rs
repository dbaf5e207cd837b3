//! What the double remembers between calls.

use std::collections::{BTreeMap, HashMap, HashSet};

use time::{Duration, OffsetDateTime};

use super::{
    calls::{Call, Told},
    config::ContentTemplate,
    media::MediaStore,
    messages::Message,
    recordings::Recording,
};

/// How long after a customer's message free-form answers may go out on WhatsApp.
const WINDOW: Duration = Duration::hours(24);
/// Things of one kind that are remembered; the oldest go first.
const MAX_REMEMBERED: usize = 200_000;

/// The memory of the double. The configuration gives what things are; this is what became of them.
#[derive(Default)]
pub(crate) struct State {
    pub messages: Shelf<Message>,
    pub calls: Shelf<Call>,
    pub recordings: Shelf<Recording>,
    pub media: MediaStore,
    /// Templates made over the API, by account.
    pub contents: Vec<(String, ContentTemplate)>,
    /// Approvals asked for over the API, by template.
    pub approvals: HashMap<String, String>,
    /// Who said STOP to whom: the number of the business, the person.
    pub opt_outs: HashSet<(String, String)>,
    /// What a call under way is told.
    pub orders: HashMap<String, tokio::sync::mpsc::UnboundedSender<Told>>,
    /// When a person last wrote to a WhatsApp sender.
    windows: HashMap<(String, String), OffsetDateTime>,
}

/// Things by SID, in the order they came to be.
pub(crate) struct Shelf<T> {
    places: HashMap<String, u64>,
    things: BTreeMap<u64, (String, T)>,
    last: u64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { places: HashMap::new(), things: BTreeMap::new(), last: 0 }
    }
}

impl<T> Shelf<T> {
    pub(crate) fn insert(&mut self, sid: &str, thing: T) {
        self.last += 1;
        self.places.insert(sid.to_owned(), self.last);
        self.things.insert(self.last, (sid.to_owned(), thing));
        while self.things.len() > MAX_REMEMBERED {
            let Some((_, (oldest, _))) = self.things.pop_first() else {
                break;
            };
            self.places.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, sid: &str) -> Option<&T> {
        Some(&self.things.get(self.places.get(sid)?)?.1)
    }

    pub(crate) fn get_mut(&mut self, sid: &str) -> Option<&mut T> {
        Some(&mut self.things.get_mut(self.places.get(sid)?)?.1)
    }

    pub(crate) fn remove(&mut self, sid: &str) -> Option<T> {
        let place = self.places.remove(sid)?;
        self.things.remove(&place).map(|(_, thing)| thing)
    }

    /// All of them, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.things.values().rev().map(|(_, thing)| thing)
    }
}

impl State {
    /// Notes that a person wrote to a WhatsApp sender.
    pub(crate) fn open_window(&mut self, sender: &str, person: &str, at: OffsetDateTime) {
        if self.windows.len() >= MAX_REMEMBERED {
            self.windows.retain(|_, opened| at - *opened < WINDOW);
        }
        self.windows.insert((sender.to_owned(), person.to_owned()), at);
    }

    /// Whether a person wrote to a WhatsApp sender within the last 24 hours.
    pub(crate) fn window_is_open(&self, sender: &str, person: &str, now: OffsetDateTime) -> bool {
        let opened = self.windows.get(&(sender.to_owned(), person.to_owned()));
        opened.is_some_and(|opened| now - *opened < WINDOW)
    }
}
