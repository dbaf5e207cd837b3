//! Media of messages: the list, the redirect to the store of files, the files.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use comms_http::{Secret, signature};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::double::{Answer, Call};

use super::{
    Answered, Request, Twilio,
    dates::{self, When},
    error::TwilioError,
    ids, paging,
};

/// How long a link to a file can be used, in seconds.
const LINK_LIFE: i64 = 14_400;

/// The files that are kept, oldest first.
#[derive(Default)]
pub(crate) struct MediaStore {
    files: HashMap<String, Media>,
    order: VecDeque<String>,
    bytes: usize,
}

#[derive(Clone)]
pub(crate) struct Media {
    pub sid: String,
    pub account_sid: String,
    pub message_sid: String,
    pub content_type: String,
    pub data: Bytes,
    pub created_at: OffsetDateTime,
}

impl MediaStore {
    fn insert(&mut self, file: Media, capacity: usize) {
        self.bytes += file.data.len();
        self.order.push_back(file.sid.clone());
        self.files.insert(file.sid.clone(), file);
        while self.bytes > capacity && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.drop_file(&oldest);
        }
    }

    fn remove(&mut self, sid: &str) {
        self.order.retain(|kept| kept != sid);
        self.drop_file(sid);
    }

    fn drop_file(&mut self, sid: &str) {
        if let Some(file) = self.files.remove(sid) {
            self.bytes -= file.data.len();
        }
    }

    /// The files of a message in the order they came.
    pub(crate) fn of_message(&self, message_sid: &str) -> Vec<&Media> {
        let files = self.order.iter().filter_map(|sid| self.files.get(sid));
        files.filter(|file| file.message_sid == message_sid).collect()
    }
}

impl Twilio {
    /// Keeps a file of a message; returns its SID.
    pub(crate) fn store_media(&self, account_sid: &str, message_sid: &str, content_type: &str, data: Bytes) -> String {
        let sid = ids::sid(self.core(), "ME");
        let capacity = self.settings().twilio.media_capacity;
        let file = Media {
            sid: sid.clone(),
            account_sid: account_sid.to_owned(),
            message_sid: message_sid.to_owned(),
            content_type: content_type.to_owned(),
            data,
            created_at: self.core().now(),
        };
        self.state(|state| state.media.insert(file, capacity));
        sid
    }

    /// The address of a file as webhooks name it.
    pub(crate) fn media_url(&self, account_sid: &str, message_sid: &str, sid: &str) -> String {
        let base = self.core().public_url();
        format!("{base}/2010-04-01/Accounts/{account_sid}/Messages/{message_sid}/Media/{sid}")
    }

    fn file(&self, request: &Request<'_>) -> Result<Media, TwilioError> {
        let (message, sid) = (request.id(0), request.id(1));
        let found = self.state(|state| state.media.files.get(sid).cloned());
        found
            .filter(|file| file.message_sid == message && file.account_sid == request.account.sid)
            .ok_or_else(|| request.not_found())
    }

    fn link_signature(&self, sid: &str, expires: &str) -> String {
        signature::hmac_sha256_hex(&Secret::from("links of the simulator"), format!("{sid} {expires}").as_bytes())
    }
}

impl Media {
    fn view(&self) -> Value {
        let base = format!("/2010-04-01/Accounts/{}/Messages/{}/Media", self.account_sid, self.message_sid);
        json!({
            "account_sid": self.account_sid,
            "content_type": self.content_type,
            "date_created": dates::rfc2822(self.created_at),
            "date_updated": dates::rfc2822(self.created_at),
            "parent_sid": self.message_sid,
            "sid": self.sid,
            "uri": format!("{base}/{}.json", self.sid),
        })
    }
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let message = request.id(0);
    let day = request.params.get("DateCreated").and_then(When::parse);
    let rows = twilio.state(|state| {
        let known = state.messages.get(message).filter(|found| found.account_sid == request.account.sid);
        known.map(|_| {
            let files = state.media.of_message(message).into_iter();
            files.filter(|file| day.is_none_or(|day| day.is(file.created_at))).map(Media::view).collect()
        })
    });
    paging::page(request, "media_list", rows.ok_or_else(|| request.not_found())?)
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &twilio.file(request)?.view()))
}

pub(crate) fn delete(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let file = twilio.file(request)?;
    twilio.state(|state| state.media.remove(&file.sid));
    Ok(no_content())
}

/// Sends the caller to the store of files, as Twilio does.
pub(crate) fn redirect(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let file = twilio.file(request)?;
    let expires = (request.call.now.unix_timestamp() + LINK_LIFE).to_string();
    let hash = twilio.link_signature(&file.sid, &expires);
    let base = twilio.core().public_url();
    let target = format!("{base}/twilio-media/{}?Expires={expires}&Signature={hash}", file.sid);
    let mut answer = Answer::bytes("text/plain", Bytes::new()).header("Location", target);
    answer.status = 302;
    Ok(answer)
}

/// The file itself. The store is not Twilio's API: credentials have no business there.
pub(crate) fn download(twilio: &Twilio, request: &Request<'_>) -> Answered {
    if has_credentials(request.call) {
        twilio.violation("twilio.cdn", "credentials were sent to the store of files");
    }
    let sid = request.id(0);
    let expires = request.params.get("Expires").unwrap_or_default();
    let genuine = signature::constant_time_eq(
        request.params.get("Signature").unwrap_or_default(),
        &twilio.link_signature(sid, expires),
    );
    let alive = expires.parse().is_ok_and(|end: i64| request.call.now.unix_timestamp() < end);
    let file = twilio.state(|state| state.media.files.get(sid).cloned());
    match file {
        Some(file) if genuine && alive => Ok(Answer::bytes(&file.content_type, file.data)),
        _ => {
            let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code></Error>";
            Ok(Answer { status: 403, ..Answer::bytes("application/xml", body.into()) })
        }
    }
}

pub(crate) fn no_content() -> Answer {
    Answer { status: 204, ..Answer::bytes("text/plain", Bytes::new()) }
}

fn has_credentials(call: &Call) -> bool {
    call.headers.contains_key("authorization")
}
