//! What is deleted by its age, the file of one person, and their erasure.

use std::collections::BTreeSet;

use comms_core::{
    AccountId, Address, Batch, ContactId, Email, Event, EventKind, OptChange, Party, Status, WebhookId,
    history::{
        ConversationFilter, DossierPart, Erasure, ErasureStep, HistoryEntry, HistoryFilter, Links, MediaOutcome,
        NewWebhook, RepositoryError, Retained, WebhookFilter,
    },
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, luis, of_lead, tick, unique, user, webhook},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// How long a file may be on its way.
const FETCHING: Duration = Duration::minutes(5);

pub(super) async fn old_webhooks_go_and_those_that_wait_stay(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let old = webhook(vec![world.text(&ana(), "hola")]);
    let unread = NewWebhook {
        batch: Batch { problem: Some("half of it".to_owned()), ..Batch::default() },
        ..webhook(Vec::new())
    };
    let mut stranger = world.text(&ana(), "hola");
    stranger.account = AccountId::of("whatsapp", &unique("stranger"));
    let strange = webhook(vec![stranger]);
    let ids: Vec<WebhookId> = [&old, &unread, &strange].map(|one| one.id).to_vec();
    for one in [old, unread, strange] {
        world.store.ingest(one).await?;
    }
    let edge = tick();
    let young = webhook(vec![world.text(&ana(), "otra vez")]);
    let young_id = young.id;
    world.store.ingest(NewWebhook { received_at: edge + Duration::hours(1), ..young }).await?;
    // Any number of processes may do it at once.
    let (one, other) = tokio::join!(
        world.store.prune(Retained::Webhooks, edge, 100),
        world.store.prune(Retained::Webhooks, edge, 100)
    );
    ensure_eq!(one? + other?, 1, "webhooks that were deleted");
    let all = WebhookFilter { limit: 1_000, ..WebhookFilter::default() };
    let left: BTreeSet<WebhookId> = world.store.webhooks(&all).await?.into_iter().collect();
    ensure_eq!(left, BTreeSet::from([ids[1], ids[2], young_id]), "what is left");
    ensure_eq!(world.history().await?.len(), 2, "messages");
    Ok(())
}

pub(super) async fn the_log_is_cut_off_at_its_beginning(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    ensure_eq!(world.store.log_start().await?, 0, "the start of a whole log");
    for body in ["uno", "dos", "tres"] {
        world.ingest(vec![world.text(&ana(), body)]).await?;
    }
    let whole = world.log(0).await?;
    let before = OffsetDateTime::now_utc() + Duration::hours(1);
    ensure_eq!(world.store.prune(Retained::Events, before - Duration::hours(2), 100).await?, 0, "young events deleted");
    ensure_eq!(world.store.prune(Retained::Events, before, 2).await?, 2, "events deleted at once");
    let cut = world.store.log_start().await?;
    let expected: Vec<i64> = whole.iter().map(|event| event.cursor).skip(2).collect();
    let left: Vec<i64> = world.log(0).await?.iter().map(|event| event.cursor).collect();
    ensure_eq!(left, expected, "what is left of the log");
    ensure!(cut < expected[0] && cut >= whole[1].cursor, "the start of the log is {cut}");
    let end = world.store.log_end().await?;
    while world.store.prune(Retained::Events, before, 2).await? > 0 {}
    ensure_eq!(world.store.log_end().await?, end, "the end of the log");
    ensure!(world.store.log_start().await? < end, "the last event stays");
    Ok(())
}

pub(super) async fn old_reports_go_and_states_stay(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (message, provider_id) = world.sent(&ana(), "hola").await?;
    world.ingest(vec![world.status(&provider_id, Status::Delivered)]).await?;
    let before = OffsetDateTime::now_utc() + Duration::hours(1);
    ensure_eq!(world.store.prune(Retained::Statuses, before - Duration::hours(2), 100).await?, 0, "young reports");
    ensure!(world.store.prune(Retained::Statuses, before, 100).await? > 0, "no report is deleted");
    let left = world.message(message).await?;
    ensure_eq!(left.entry.status, Status::Delivered, "the state");
    ensure_eq!(left.events.len(), 0, "the reports");
    Ok(())
}

pub(super) async fn an_old_file_is_given_out_until_it_is_forgotten(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let file = world.fetched(&ana(), "4711").await?;
    let before = OffsetDateTime::now_utc() + Duration::hours(1);
    ensure_eq!(world.store.old_files(before - Duration::hours(2), 10).await?.len(), 0, "young files");
    for _ in 0..2 {
        let old = world.store.old_files(before, 10).await?;
        let found: Vec<_> = old.iter().map(|one| (one.id, one.blob_key.as_deref())).collect();
        ensure_eq!(found, [(file, Some("key of 4711"))], "old files");
    }
    world.store.forget_files(&[file], "old").await?;
    ensure_eq!(world.store.old_files(before, 10).await?.len(), 0, "files that are forgotten");
    let left = world.store.attachment(&world.scope(), file).await?;
    ensure_eq!((left.blob_key, left.error.as_deref()), (None, Some("old")), "what is left of a file");
    Ok(())
}

pub(super) async fn a_dossier_holds_what_is_theirs_and_nothing_else(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.populate().await?;
    let letter = Email { subject: "carta de Ana".to_owned(), ..Email::default() };
    world.ingest(vec![world.says(&ana(), letter.into())]).await?;
    super::continuations::answered(&world).await?;
    let whole = world.dossier_of(&ana()).await?;
    // Nobody is made to import anything.
    let absent = |part: &DossierPart| matches!(part, DossierPart::Discards | DossierPart::ImportedMessages);
    for part in DossierPart::ALL.into_iter().filter(|part| !absent(part)) {
        ensure!(whole.iter().any(|(of, _)| *of == part), "the dossier has no {part:?}");
    }
    let text: String = whole.iter().map(|(_, row)| row.to_string()).collect();
    for theirs in ["+34600000000", "hola de Ana", "a Ana", "una nota sobre Ana", "4711"] {
        ensure!(text.contains(theirs), "the dossier lacks {theirs:?}");
    }
    for other in ["34600000001", "hola de Luis", "a Luis", "una nota sobre Luis", "4712"] {
        ensure!(!text.contains(other), "the dossier holds {other:?} of somebody else");
    }
    let neighbour = world.neighbour().await?;
    let contact = world.person(&ana()).await?.ok_or_else(|| Violation::new("no contact"))?;
    let found = neighbour.store.subject(&neighbour.scope(), contact).await;
    ensure!(matches!(found, Err(RepositoryError::NotFound(_))), "another organisation sees the person: {found:?}");
    Ok(())
}

pub(super) async fn a_person_is_erased_and_nobody_else(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let webhooks = world.populate().await?;
    let contact = world.person(&ana()).await?.ok_or_else(|| Violation::new("no contact"))?;
    let (others, others_rows) = (world.dossier_of(&luis()).await?, world.rows_of(&luis()).await?);
    let neighbour = world.neighbour().await?;
    let refused = neighbour.begin(contact).await;
    ensure!(matches!(refused, Err(RepositoryError::NotFound(_))), "another organisation erases: {refused:?}");
    let begun = world.begin(contact).await?;
    ensure_eq!(world.begin(contact).await?.id, begun.id, "an erasure that is begun twice");
    ensure_eq!(begun.counts.canceled, 1, "messages that were waiting");
    let done = world.erase(begun.id).await?;
    ensure_eq!((done.contact, done.requested_by.clone()), (None, user(1)), "what is kept of an erasure");
    ensure_eq!((done.counts.contacts, done.counts.files, done.counts.notes), (1, 1, 1), "what was erased");
    ensure_eq!(world.erase(begun.id).await?, done, "an erasure that is done");
    ensure_eq!(world.store.erasures(&world.organization, None).await?, vec![done], "the erasures");
    ensure_eq!(world.store.erasures(&neighbour.organization, None).await?, Vec::new(), "another's erasures");
    ensure_eq!(world.person(&ana()).await?, None, "the person");
    let all = world.history().await?;
    let emptied: Vec<&HistoryEntry> = all.iter().filter(|entry| entry.counterpart == "[borrado]").collect();
    ensure_eq!(emptied.len(), 3, "messages that are left, empty");
    for entry in emptied {
        ensure_eq!(entry.text.as_deref(), Some("[borrado]"), "the text of one");
        ensure!(entry.content.is_none() && entry.provider_id.is_none(), "something is left of {entry:?}");
        ensure_eq!(entry.links, Links::default(), "what it belonged to");
    }
    ensure_eq!(world.dossier_of(&luis()).await?, others, "what is known of somebody else");
    ensure_eq!(world.rows_of(&luis()).await?, others_rows, "the rows of somebody else");
    // Their wish outlives them, and a replay does not bring them back.
    let known = world.store.recipient(&world.account, &ana()).await?;
    ensure_eq!(
        (known.contact, known.opted_out),
        (None, vec!["marketing".to_owned()]),
        "what is known of their address"
    );
    for id in webhooks {
        let Ok(stored) = world.store.webhook(id).await else { continue };
        let events: Vec<Event> = serde_json::from_slice(&stored.request().body)?;
        let again = NewWebhook {
            id,
            provider: stored.provider().to_owned(),
            request: None,
            received_at: stored.received_at(),
            batch: Batch { events, ..Batch::default() },
        };
        world.store.ingest(again).await?;
    }
    ensure_eq!(world.person(&ana()).await?, None, "the person after a replay");
    ensure_eq!(world.history().await?.len(), all.len(), "messages after a replay");
    // Who writes again is somebody new; and may take their word back.
    world.ingest(vec![world.text(&ana(), "soy yo otra vez"), world.opt(&ana(), true)]).await?;
    ensure!(world.person(&ana()).await?.is_some(), "who writes again is not known");
    ensure_eq!(world.store.recipient(&world.account, &ana()).await?.opted_out, Vec::<String>::new(), "opt-outs");
    Ok(())
}

pub(super) async fn an_erasure_waits_for_what_is_under_way(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.photo(&ana(), "4711")]).await?;
    let now = tick();
    let claimed = world.store.claim_media(now + Duration::minutes(1), FETCHING, 10).await?;
    let [job] = claimed.as_slice() else {
        return Err(Violation::new("the photo is not to be fetched"));
    };
    let attempt = world.accept(world.outbound(&ana(), "en camino")).await?;
    let contact = world.person(&ana()).await?.ok_or_else(|| Violation::new("no contact"))?;
    let begun = world.begin(contact).await?;
    ensure_eq!(world.store.erase_some(begun.id, now).await?, ErasureStep::Waits, "while an attempt is under way");
    world.conclude(attempt, Status::Accepted, Some(&unique("wamid"))).await?;
    let later = now + Duration::minutes(1);
    ensure_eq!(world.store.erase_some(begun.id, later).await?, ErasureStep::Waits, "while a file is on its way");
    // What arrives now is not kept.
    let stored =
        MediaOutcome::Stored { blob_key: "late".to_owned(), size: 1, mime_type: None, sha256: "00".to_owned() };
    world.store.conclude_media(job.id, job.attempts, stored).await?;
    ensure_eq!(
        world.store.erase_some(begun.id, later + FETCHING / 2).await?,
        ErasureStep::Waits,
        "before its time is over"
    );
    ensure_eq!(world.store.due_erasures(later + FETCHING / 2, 10).await?, Vec::<Uuid>::new(), "erasures that are due");
    let step = world.store.erase_some(begun.id, later + FETCHING * 2).await?;
    let ErasureStep::Files(files) = step else {
        return Err(Violation::new(format!("the file is not given out: {step:?}")));
    };
    let found: Vec<_> = files.iter().map(|file| (file.id, file.blob_key.clone())).collect();
    ensure_eq!(found, [(job.id, None)], "the files");
    ensure_eq!(world.store.due_erasures(later + FETCHING * 2, 10).await?, vec![begun.id], "erasures that are due");
    Ok(())
}

impl World {
    async fn begin(&self, contact: ContactId) -> Result<Erasure, RepositoryError> {
        self.store.begin_erasure(&self.scope(), contact, &user(1), Some("caso 7"), tick(), FETCHING).await
    }

    /// Erases to the end.
    async fn erase(&self, id: Uuid) -> Found<Erasure> {
        let now = OffsetDateTime::now_utc() + Duration::hours(1);
        for _ in 0..1_000 {
            match self.store.erase_some(id, now).await? {
                ErasureStep::More => {}
                ErasureStep::Files(files) => {
                    let files: Vec<Uuid> = files.iter().map(|file| file.id).collect();
                    self.store.files_erased(id, &files).await?;
                }
                ErasureStep::Waits => return Err(Violation::new("the erasure waits")),
                ErasureStep::Done(done) => return Ok(done),
            }
        }
        Err(Violation::new("the erasure has no end"))
    }

    /// A photo that was fetched.
    async fn fetched(&self, from: &Address, id: &str) -> Found<Uuid> {
        self.ingest(vec![self.photo(from, id)]).await?;
        let jobs = self.store.claim_media(tick() + Duration::minutes(1), FETCHING, 10).await?;
        let Some(job) = jobs.first() else {
            return Err(Violation::new("the photo is not to be fetched"));
        };
        let blob_key = format!("key of {id}");
        let stored = MediaOutcome::Stored { blob_key, size: 1, mime_type: None, sha256: "00".to_owned() };
        self.store.conclude_media(job.id, job.attempts, stored).await?;
        Ok(job.id)
    }

    fn opt(&self, who: &Address, opted_in: bool) -> Event {
        let party = Party::of(who.clone());
        let change = OptChange { party, opted_in, scope: "marketing".to_owned(), raw: Value::Null };
        self.event(&unique("opt"), EventKind::Opt(change))
    }

    /// Ana and Luis, each with something of everything, and one webhook of both. Gives the webhooks.
    async fn populate(&self) -> Found<Vec<WebhookId>> {
        let both = webhook(vec![self.text(&ana(), "hola de Ana"), self.text(&luis(), "hola de Luis")]);
        let mut ids = vec![both.id];
        self.store.ingest(both).await?;
        for (who, name, file) in [(ana(), "Ana", "4711"), (luis(), "Luis", "4712")] {
            self.fetched(&who, file).await?;
            let opt = webhook(vec![self.opt(&who, false)]);
            ids.push(opt.id);
            self.store.ingest(opt).await?;
            let mut asked = self.queued(&who, &format!("a {name}"));
            asked.links = of_lead(7);
            asked.queue.scheduled_for = Some(asked.now + Duration::days(300));
            asked.queue.expires_at = Some(asked.now + Duration::days(301));
            self.waits(asked).await?;
            let contact = self.person(&who).await?;
            let filter = ConversationFilter { contact, limit: 10, ..ConversationFilter::default() };
            let page = self.store.conversations(&self.scope(), None, &filter).await?;
            let Some(talk) = page.entries.first() else {
                return Err(Violation::new("no conversation"));
            };
            let note = format!("una nota sobre {name}");
            self.store.add_note(&self.scope(), &user(1), talk.id, &note, tick()).await?;
            if let Some(last) = self.rows_of(&who).await?.iter().find(|entry| entry.status == Status::Received) {
                self.store.mark_read(&self.scope(), &user(1), last.message, tick()).await?;
            }
        }
        Ok(ids)
    }

    async fn person(&self, who: &Address) -> Found<Option<ContactId>> {
        Ok(self.store.recipient(&self.account, who).await?.contact)
    }

    async fn rows_of(&self, who: &Address) -> Found<Vec<HistoryEntry>> {
        let all = self.select(HistoryFilter::default()).await?;
        Ok(all.into_iter().filter(|entry| entry.counterpart == who.value()).collect())
    }

    /// Every row of a person's dossier.
    pub(super) async fn dossier_of(&self, who: &Address) -> Found<Vec<(DossierPart, Value)>> {
        let contact = self.person(who).await?.ok_or_else(|| Violation::new("no contact"))?;
        let subject = self.store.subject(&self.scope(), contact).await?;
        let mut rows = Vec::new();
        for part in DossierPart::ALL {
            let mut after = None;
            loop {
                let page = self.store.dossier(&subject, part, after.as_deref(), 2).await?;
                rows.extend(page.rows.into_iter().map(|row| (part, row)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(rows)
    }
}
