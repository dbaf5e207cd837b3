//! Room for webhooks that are long, mails of megabytes. Each costs several times its length while it is read and stored: so that strangers do
//! not decide how much memory we need, few are at it at once, and not many wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// From this length on a webhook needs room, and a thread on which nobody's answer waits.
pub(crate) const LONG: usize = 64 * 1024;
/// The longest webhook that anybody posts to us: SendGrid's of a mail. So much room is kept for one whose length is not known yet.
pub(crate) const LONGEST: usize = 32 * 1024 * 1024;
/// How much waits with a body in its hands, and is at it, in times of what may be at it.
const IN_ALL: u32 = 4;
/// What room is counted in.
const UNIT: usize = 1024;

/// The room that there is.
pub(crate) struct Long {
    most: u32,
    reading: Arc<Semaphore>,
    present: Arc<Semaphore>,
}

/// Room that is taken, until it is dropped.
pub(crate) struct Room {
    reading: OwnedSemaphorePermit,
    _present: Option<OwnedSemaphorePermit>,
}

impl Long {
    /// Room for so many bytes at once.
    pub(crate) fn new(bytes: usize) -> Self {
        let most = units(bytes);
        let semaphore = |units: u32| Arc::new(Semaphore::new(units as usize));
        Self { most, reading: semaphore(most), present: semaphore(most.saturating_mul(IN_ALL)) }
    }

    /// Room for a webhook that is here; one that is longer than all of the room has all of it. `None` where too much waits already.
    pub(crate) async fn admit(&self, bytes: usize) -> Option<Room> {
        let present = Arc::clone(&self.present).try_acquire_many_owned(self.share(bytes)).ok()?;
        Some(Room { _present: Some(present), ..self.wait(bytes).await? })
    }

    /// Room for one that is not here yet, however long that takes.
    pub(crate) async fn wait(&self, bytes: usize) -> Option<Room> {
        // They are never closed.
        let reading = Arc::clone(&self.reading).acquire_many_owned(self.share(bytes)).await.ok()?;
        Some(Room { reading, _present: None })
    }

    fn share(&self, bytes: usize) -> u32 {
        units(bytes).min(self.most)
    }
}

impl Room {
    /// Gives back what is not needed for so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let surplus = self.reading.num_permits().saturating_sub(units(bytes) as usize);
        drop(self.reading.split(surplus));
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1)
}
