//! What else is asked of the servers while they are ended again and again: messages that are withdrawn or come too late, people who
//! are erased, a mailbox that is read, somebody who is told of events, old webhooks that are deleted.

mod receiver;

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use super::{
    controls,
    people::{PEOPLE, Sending, Told, number},
    sql::Sql,
    stand::Stand,
};
use crate::shell;
use receiver::Receiver;

/// How long somebody goes on with a request that is not answered.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long all of it may take to come to its end.
const REST: Duration = Duration::from_secs(150);
/// How long one request may take, in seconds.
const ANSWER: u64 = 10;
/// How often each webhook comes in this scenario.
const COPIES: usize = 2;
/// Every so many messages one comes too late instead of being withdrawn.
const LATE: usize = 4;
/// How the texts of messages begin that are withdrawn, and of those that come too late.
const WITHDRAWN: &str = "soak withdrawn";
const TOO_LATE: &str = "soak late";
/// How the numbers of those begin who are erased.
const ERASED: &str = "3469";
/// A small picture: the first bytes of a PNG.
const PICTURE: &str = "iVBORw0KGgo=";

/// Copies of webhooks that came long ago.
const AGE: &str = "INSERT INTO comms.webhooks SELECT (jsonb_populate_record(w, jsonb_build_object(
    'id', '01800000-0000-7' || substr(gen_random_uuid()::text, 16), 'received_at', now() - interval '30 days'))).*
    FROM comms.webhooks AS w WHERE w.problem IS NULL LIMIT 3";

/// What of all this is under way still: a line for each kind.
const LEFT: &str =
    "SELECT count(*) || ' deliveries' FROM comms.hook_deliveries WHERE done_at IS NULL HAVING count(*) > 0
    UNION ALL SELECT 'events of which nobody was told' FROM comms.hook_endpoints
        HAVING min(cursor) < (SELECT max(cursor) FROM comms.events)
    UNION ALL SELECT count(*) || ' erasures' FROM comms.erasures WHERE done_at IS NULL HAVING count(*) > 0
    UNION ALL SELECT count(*) || ' old webhooks' FROM comms.webhooks
        WHERE received_at < now() - interval '1 day' HAVING count(*) > 0";

/// Whether nobody is being erased.
const ERASED_ALL: &str = "SELECT 'yes' FROM comms.erasures HAVING count(*) = count(done_at)";

/// Events of which the endpoint should have been told, and was not to be.
const UNPLANNED: &str = "SELECT e.cursor::text FROM comms.events AS e JOIN comms.messages AS m ON m.id = e.message_id
    WHERE e.kind = 'message' AND m.channel IN ('sms', 'email')
    AND NOT EXISTS (SELECT 1 FROM comms.hook_deliveries AS d WHERE d.cursor = e.cursor) AND e.cursor >";

/// Who runs them.
pub(super) struct Errands {
    stop: Arc<AtomicBool>,
    receiver: Receiver,
    /// Where the log was when the endpoint was made: it is told of what comes after that.
    since: i64,
    sql: Sql,
    running: Vec<JoinHandle<Result<Done>>>,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) sendings: Vec<Sending>,
    /// Mails that were put into the mailbox.
    pub(super) mails: Vec<String>,
    /// What those wrote who were erased, by its ids.
    pub(super) erased: BTreeSet<String>,
}

impl Errands {
    /// Begins all of them.
    pub(super) fn begin(stand: &Stand<'_>) -> Result<Self> {
        let sql = stand.sql()?;
        let soon = "SELECT to_char(now() AT TIME ZONE 'utc' + interval '6 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
        let later = sql.texts(soon)?.pop().context("the database tells no time")?;
        let receiver = Receiver::listen()?;
        let clerk = Clerk {
            api: format!("{}/api/comunicaciones", stand.url(0)),
            token: stand.token.clone(),
            simulator: stand.simulator(),
            later,
            mailbox: stand.mailbox(),
            sql: sql.clone(),
            stop: Arc::default(),
        };
        let endpoint = json!({"url": receiver.url(), "tipos": ["mensaje"], "canales": ["sms", "email"]});
        let made = clerk.ask(minreq::Method::Post, "admin/webhooks-salientes", Some(&endpoint), None);
        let since = made.as_ref().and_then(|(_, endpoint)| endpoint["data"]["cursor"].as_i64());
        let since = since.with_context(|| format!("no endpoint: {made:?}"))?;
        let work: [fn(&Clerk) -> Result<Done>; 4] =
            [Clerk::messages, Clerk::erasures, Clerk::mails, Clerk::housekeeping];
        let running = work.map(|work| {
            let clerk = clerk.clone();
            thread::spawn(move || work(&clerk))
        });
        Ok(Self { stop: clerk.stop, receiver, since, sql, running: running.into() })
    }

    /// Lets everybody finish what they are at.
    pub(super) fn finish(&mut self) -> Result<Done> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Done::default();
        for one in self.running.drain(..) {
            let mut done = one.join().map_err(|_| anyhow!("an errand broke off"))??;
            all.sendings.append(&mut done.sendings);
            all.mails.append(&mut done.mails);
            all.erased.append(&mut done.erased);
        }
        Ok(all)
    }

    /// Waits until nothing of it is under way, then says what is not as it has to be. The servers run still.
    pub(super) fn judge(&self, done: &Done) -> Result<Vec<String>> {
        let read = format!("SELECT count(*)::text FROM comms.messages WHERE provider_id LIKE '{}%'", mail_id(""));
        let mut left = Vec::new();
        let came = shell::wait_until("the end of the errands", REST, || {
            left = self.sql.texts(LEFT)?;
            let mails: usize = self.sql.texts(&read)?.pop().and_then(|count| count.parse().ok()).unwrap_or_default();
            if mails < done.mails.len() {
                left.push(format!("{mails} mails of {}", done.mails.len()));
            }
            Ok(left.is_empty())
        });
        came.with_context(|| format!("under way still: {}", left.join(", ")))?;
        let mut faults = Vec::new();
        let told = self.receiver.told();
        for id in self.sql.texts("SELECT replace(id::text, '-', '') FROM comms.hook_deliveries")? {
            if !told.contains(&format!("msg_{id}")) {
                faults.push(format!("nobody was told of delivery {id}"));
            }
        }
        for cursor in self.sql.texts(&format!("{UNPLANNED} {}", self.since))? {
            faults.push(format!("event {cursor} has no delivery"));
        }
        let left = format!("SELECT external_id FROM comms.identities WHERE external_id ~ '^[+]?{ERASED}[0-9]{{7}}$'");
        for address in self.sql.texts(&left)? {
            faults.push(format!("{address} was erased, and is there"));
        }
        Ok(faults)
    }

    /// How many deliveries arrived.
    pub(super) fn told(&self) -> usize {
        self.receiver.told().len()
    }
}

/// A scenario that cannot go on leaves nobody behind.
impl Drop for Errands {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Messages that are not in the state in which they have to end.
pub(super) fn misplaced(sends: &str) -> Vec<String> {
    let ends = [(WITHDRAWN, "canceled"), (TOO_LATE, "expired")];
    let row = |line: &str| {
        let (text, rest) = line.split_once('\t')?;
        let state = rest.split('\t').next()?;
        let (_, wanted) = ends.iter().find(|(begin, _)| text.starts_with(begin))?;
        (state != *wanted).then(|| format!("{text} is {state}, not {wanted}"))
    };
    sends.lines().filter_map(row).collect()
}

fn mail_id(rest: &str) -> String {
    format!("soak-mail-{rest}")
}

/// Who does it, beside the people.
#[derive(Clone)]
struct Clerk {
    api: String,
    token: String,
    simulator: String,
    /// A time that is not reached while the scenario lasts.
    later: String,
    mailbox: PathBuf,
    sql: Sql,
    stop: Arc<AtomicBool>,
}

impl Clerk {
    /// Schedules messages, and withdraws them or has their deadline pass.
    fn messages(&self) -> Result<Done> {
        let mut done = Done::default();
        while self.goes_on(Duration::from_millis(60)) {
            let at = done.sendings.len();
            let late = at % LATE == LATE - 1;
            let text = format!("{} {at}", if late { TOO_LATE } else { WITHDRAWN });
            let person = number(u64::try_from(at)? % PEOPLE);
            let body = json!({"telefono": person, "mensaje": text, "programado_para": self.later});
            let (key, post) = (text.replace(' ', "-"), minreq::Method::Post);
            let id = self.until(&text, || {
                let (_, answer) = self.ask(post.clone(), "whatsapp/enviar", Some(&body), Some(&key))?;
                answer["data"]["mensaje_id"].as_str().map(str::to_owned)
            })?;
            done.sendings.push(Sending { text: text.clone(), twice: false, told: Told::Taken });
            if late {
                let passes = "UPDATE comms.outbox SET expires_at = now() - interval '1 second' WHERE message_id";
                self.sql.execute(&format!("{passes} = '{id}'"))?;
                continue;
            }
            let status = self.until(&text, || {
                let answer = self.ask(post.clone(), &format!("mensajes/{id}/cancelar"), None, None);
                answer.map(|(status, _)| status).filter(|status| *status < 500)
            })?;
            anyhow::ensure!(status == 200, "{text} cannot be withdrawn: {status}");
        }
        Ok(done)
    }

    /// Has people write, a text and a picture, and erases them.
    fn erasures(&self) -> Result<Done> {
        let mut done = Done::default();
        let mut person = 0;
        while self.goes_on(Duration::from_millis(300)) {
            person += 1;
            let wa_id = format!("{ERASED}{person:07}");
            let (_, before) = controls::ledger(&self.simulator, "webhooks", 0)?;
            let mut ids = Vec::new();
            for content in [
                json!({"type": "text", "body": "hola"}),
                json!({"type": "media", "kind": "image", "data": PICTURE, "mime_type": "image/png"}),
            ] {
                let inbound = json!({"from": {"wa_id": wa_id}, "content": content});
                let told = controls::tell::<Value>(&self.simulator, "inbound", &inbound)?;
                ids.push(told["id"].as_str().context("a message has an id")?.to_owned());
            }
            // Who comes again after being erased is somebody new.
            self.until(&wa_id, || self.are_acknowledged(&ids, before).then_some(()))?;
            let contact =
                format!("SELECT contact_id::text FROM comms.identities WHERE external_id LIKE '%{wa_id}' LIMIT 1");
            let contact = self.sql.texts(&contact)?.pop().with_context(|| format!("{wa_id} is nobody"))?;
            let status = self.until(&wa_id, || {
                let path = format!("admin/contactos/{contact}?confirmar=borrar");
                let answer = self.ask(minreq::Method::Delete, &path, None, None);
                answer.map(|(status, _)| status).filter(|status| *status < 500)
            })?;
            // Who is asked again may have been erased before.
            anyhow::ensure!(status == 202 || status == 404, "{wa_id} cannot be erased: {status}");
            done.erased.extend(ids);
            // Each looks through everything: one after the other.
            while self.sql.texts(ERASED_ALL)?.is_empty() && self.goes_on(Duration::from_millis(300)) {}
        }
        Ok(done)
    }

    /// Whether every copy of what told of these was acknowledged.
    fn are_acknowledged(&self, ids: &[String], after: u64) -> bool {
        let Ok((hooks, _)) = controls::ledger(&self.simulator, "webhooks", after) else {
            return false;
        };
        ids.iter().all(|id| {
            let tells = |hook: &&Value| {
                let mut subjects = hook["subjects"].as_array().into_iter().flatten();
                subjects.any(|subject| subject["id"].as_str() == Some(id))
            };
            let of_it: Vec<&Value> = hooks.iter().filter(tells).collect();
            of_it.len() >= COPIES && of_it.iter().all(|hook| !hook["acked_at"].is_null())
        })
    }

    /// Puts mails into the mailbox.
    fn mails(&self) -> Result<Done> {
        let mut done = Done::default();
        while self.goes_on(Duration::from_millis(100)) {
            let id = mail_id(&done.mails.len().to_string());
            append(&self.mailbox, &id)?;
            done.mails.push(id);
        }
        Ok(done)
    }

    /// Has webhooks be old.
    fn housekeeping(&self) -> Result<Done> {
        while self.goes_on(Duration::from_millis(500)) {
            self.sql.execute(AGE)?;
        }
        Ok(Done::default())
    }

    /// Waits a moment; whether there is to be more.
    fn goes_on(&self, pause: Duration) -> bool {
        thread::sleep(pause);
        !self.stop.load(Ordering::Relaxed)
    }

    /// Asks until there is an answer.
    fn until<T>(&self, what: &str, ask: impl Fn() -> Option<T>) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask() {
                return Ok(answer);
            }
            if began.elapsed() > PATIENCE {
                bail!("{what}: no answer in {} s", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// One request: the status and what is said; nothing where no answer came.
    fn ask(&self, method: minreq::Method, path: &str, body: Option<&Value>, key: Option<&str>) -> Option<(i32, Value)> {
        let mut request = minreq::Request::new(method, format!("{}/{path}", self.api))
            .with_header("Authorization", format!("Bearer {}", self.token))
            .with_timeout(ANSWER);
        if let Some(body) = body {
            request = request.with_header("Content-Type", "application/json").with_body(body.to_string());
        }
        if let Some(key) = key {
            request = request.with_header("Idempotency-Key", key);
        }
        let answer = request.send().ok()?;
        Some((answer.status_code, serde_json::from_slice(answer.as_bytes()).unwrap_or_default()))
    }
}

fn append(file: &Path, line: &str) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file).context("the mailbox")?;
    file.write_all(format!("{line}\n").as_bytes()).context("the mailbox")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_end_as_it_has_to_is_seen() {
        let sends = "soak withdrawn 0\tcanceled\t0\t\nsoak withdrawn 1\taccepted\t0\twamid\nsoak late 3\texpired\t0\t\nsoak x-1\tread\t0\tw";
        assert_eq!(misplaced(sends), ["soak withdrawn 1 is accepted, not canceled"]);
    }
}
