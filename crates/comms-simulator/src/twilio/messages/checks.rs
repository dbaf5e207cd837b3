//! What Twilio checks before it takes a message.

use time::{Duration, OffsetDateTime};

use super::{
    super::{
        Request, Twilio,
        config::{Account, ContentTemplate},
        dates::When,
        error::TwilioError,
        ids,
    },
    create::Outgoing,
    template,
};

/// Characters of a body.
const MAX_BODY: usize = 1_600;
/// Files of a message.
const MAX_FILES: usize = 10;
/// How far ahead a message may be scheduled.
const SCHEDULE: (Duration, Duration) = (Duration::seconds(300), Duration::days(35));
/// The longest validity, in seconds.
const MAX_VALIDITY: i64 = 36_000;

/// The message that a request asks for.
pub(crate) fn outgoing(twilio: &Twilio, request: &Request<'_>) -> Result<Outgoing, TwilioError> {
    let (params, account) = (&request.params, &request.account);
    let to = params.get("To").ok_or_else(|| TwilioError::new(21604))?;
    let service = match params.get("MessagingServiceSid") {
        Some(sid) => Some(account.service(sid).ok_or_else(|| TwilioError::new(21701))?),
        None => None,
    };
    let given = params.owned("From");
    if given.is_none() && service.is_none() {
        return Err(TwilioError::new(21603));
    }
    let files: Vec<String> = params.all("MediaUrl").into_iter().map(str::to_owned).collect();
    let content = content(twilio, request)?;
    let body = match &content {
        Some(content) => template::words(content, params.get("ContentVariables"))?,
        None => params.get("Body").unwrap_or_default().to_owned(),
    };
    if body.is_empty() && files.is_empty() {
        return Err(TwilioError::new(21602));
    }
    recipient(to)?;
    let chosen = match (&given, service) {
        (Some(from), _) => {
            sender(account, from, to)?;
            from.clone()
        }
        (None, Some(service)) => from_pool(&service.senders, to)?,
        (None, None) => return Err(TwilioError::new(21603)),
    };
    limits(&body, &files, params.number("ValidityPeriod", i64::MIN, i64::MAX)?)?;
    let scheduled_for = schedule(request, service.is_some())?;
    let named = params.owned("StatusCallback");
    let of_application = params.get("ApplicationSid").and_then(|sid| account.application(sid));
    Ok(Outgoing {
        account: account.clone(),
        to: to.to_owned(),
        is_from_known: given.is_some(),
        from: chosen,
        service_sid: service.map(|service| service.sid.clone()),
        body,
        files,
        approval: content.map(|content| twilio.approval(&content)),
        direction: "outbound-api",
        status_callback: named
            .or_else(|| of_application?.message_status_callback.clone())
            .or_else(|| service?.status_callback.clone()),
        scheduled_for,
    })
}

/// Whether a person can be written to at all.
pub(crate) fn recipient(to: &str) -> Result<(), TwilioError> {
    let invalid = || TwilioError::new(21211).message(format!("The 'To' number {to} is not a valid phone number."));
    if let Some(person) = to.strip_prefix("whatsapp:") {
        let known = ids::is_e164(person) || ids::is_user_id(person);
        return if known { Ok(()) } else { Err(invalid()) };
    }
    // The numbers of https://www.twilio.com/docs/iam/test-credentials
    match to {
        "+15005550001" => Err(invalid()),
        "+15005550002" => Err(TwilioError::new(21612)
            .message(format!("The 'To' phone number: {to}, is not currently reachable using the 'From' phone number"))),
        "+15005550003" => Err(TwilioError::new(21408).message(format!(
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"
        ))),
        "+15005550004" => Err(TwilioError::new(21610)),
        "+15005550009" => Err(TwilioError::new(21614).message(format!("To number: {to}, is not a mobile number"))),
        _ if ids::is_e164(to) => Ok(()),
        _ => Err(invalid()),
    }
}

/// Whether an account may write to `to` from this sender.
pub(crate) fn sender(account: &Account, from: &str, to: &str) -> Result<(), TwilioError> {
    let mismatch =
        || TwilioError::new(21910).message("Invalid From and To pair. From and To should be of the same channel");
    if let Some(number) = from.strip_prefix("whatsapp:") {
        if account.whatsapp_sender(number).is_none() {
            return Err(TwilioError::new(63007));
        }
        return if to.starts_with("whatsapp:") { Ok(()) } else { Err(mismatch()) };
    }
    if to.starts_with("whatsapp:") {
        return Err(mismatch());
    }
    let foreign = || {
        TwilioError::new(21606).message(format!(
            "The 'From' phone number {from} is not a valid, message-capable Twilio phone number for this destination."
        ))
    };
    match from {
        "+15005550001" => {
            return Err(
                TwilioError::new(21212).message(format!("The 'From' number {from} is not a valid phone number."))
            );
        }
        "+15005550007" => return Err(foreign()),
        "+15005550008" => {
            return Err(TwilioError::new(21611)
                .message(format!("This From number {from} has exceeded the maximum number of queued messages")));
        }
        _ => {}
    }
    if from == to {
        return Err(TwilioError::new(21266).message(format!("'To' and 'From' number cannot be the same: {to}")));
    }
    if account.number(from).is_some_and(|number| number.sms_enabled) {
        return Ok(());
    }
    if !from.starts_with('+') && ids::is_alphanumeric_sender(from) {
        // North America has no alphanumeric senders.
        return if to.starts_with("+1") { Err(foreign()) } else { Ok(()) };
    }
    if ids::is_e164(from) {
        return Err(foreign());
    }
    Err(TwilioError::new(21212).message(format!(
        "The 'From' number {from} is not a valid phone number, shortcode, or alphanumeric sender ID."
    )))
}

fn from_pool(senders: &[String], to: &str) -> Result<String, TwilioError> {
    let whatsapp = to.starts_with("whatsapp:");
    let mut fitting = senders.iter().filter(|sender| sender.starts_with("whatsapp:") == whatsapp);
    fitting.next().cloned().ok_or_else(|| TwilioError::new(21704))
}

fn content(twilio: &Twilio, request: &Request<'_>) -> Result<Option<ContentTemplate>, TwilioError> {
    let Some(sid) = request.params.get("ContentSid") else {
        return Ok(None);
    };
    let found = twilio.contents_of(&request.account).into_iter().find(|content| content.sid == sid);
    found.map(Some).ok_or_else(|| TwilioError::new(21655))
}

fn limits(body: &str, files: &[String], validity: Option<i64>) -> Result<(), TwilioError> {
    if body.chars().count() > MAX_BODY {
        return Err(TwilioError::new(21617));
    }
    if files.len() > MAX_FILES {
        return Err(TwilioError::new(21623));
    }
    let is_address = |file: &String| {
        url::Url::parse(file).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    if !files.iter().all(is_address) {
        return Err(TwilioError::new(21620));
    }
    match validity {
        Some(seconds) if !(1..=MAX_VALIDITY).contains(&seconds) => Err(TwilioError::new(21624)),
        _ => Ok(()),
    }
}

fn schedule(request: &Request<'_>, has_service: bool) -> Result<Option<OffsetDateTime>, TwilioError> {
    let params = &request.params;
    let Some(kind) = params.get("ScheduleType") else {
        return match params.get("SendAt") {
            Some(_) => Err(TwilioError::new(35112).message("ScheduleType is missing")),
            None => Ok(None),
        };
    };
    if kind != "fixed" {
        return Err(TwilioError::new(35113).message("ScheduleType is not valid"));
    }
    if !has_service {
        return Err(TwilioError::new(35118));
    }
    let text = params.get("SendAt").ok_or_else(|| TwilioError::new(35111))?;
    let at = When::moment(text).ok_or_else(|| TwilioError::new(35114))?;
    let ahead = at - request.call.now;
    if ahead <= SCHEDULE.0 || ahead > SCHEDULE.1 {
        return Err(TwilioError::new(35114));
    }
    Ok(Some(at))
}
