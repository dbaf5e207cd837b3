//! A call is placed, or changed, over the API.

use crate::double::Answer;

use super::{
    super::{Answered, Request, Twilio, config::Hook, error::TwilioError, ids, params::Params},
    Call, Order, Origin, Run, Source,
    fields::Reporter,
    recorder::Target,
};

/// Characters of `Twiml`.
const MAX_TWIML: usize = 4_000;
/// Seconds that a call may ring.
const MAX_TIMEOUT: i64 = 600;

pub(crate) fn create(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let (params, account) = (&request.params, &request.account);
    let to = params.get("To").ok_or_else(|| TwilioError::new(21201))?;
    let from = params.get("CallerId").or_else(|| params.get("From")).ok_or_else(|| TwilioError::new(21213))?;
    check_to(to)?;
    check_from(request, from, to)?;
    let timeout = params.number("Timeout", 1, MAX_TIMEOUT)?.unwrap_or(60);
    let time_limit = params.number("TimeLimit", 1, 86_400)?;
    let (source, reporter) = instructions(request)?;
    let mut call = Call::new(twilio, &account.sid, from, to, "outbound-api");
    call.application_sid = params.owned("ApplicationSid");
    let answer = call.view();
    twilio.state(|state| state.calls.insert(&call.sid, call.clone()));
    if account.test {
        return Ok(Answer::json(201, &answer));
    }
    let script = twilio.settings().twilio.contact(to).call;
    let origin = Origin::Api(Box::new(super::run::Placed {
        timeout: u32::try_from(timeout).unwrap_or(60),
        time_limit: time_limit.and_then(|seconds| u32::try_from(seconds).ok()),
        detection: detection(params),
        recording: params.is_true("Record").then(|| Target::of_request(params)),
        channels: if params.get("RecordingChannels") == Some("dual") { 2 } else { 1 },
    }));
    Run::start(twilio, account, call, script, reporter, origin, source);
    Ok(Answer::json(201, &answer))
}

/// Hangs up, cancels, or sends a call to another document.
pub(crate) fn update(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let call = twilio.call_of(request)?;
    let params = &request.params;
    let refused = |words: &str| Err(TwilioError::new(21220).message(format!("Unable to update record. {words}")));
    if let Some(status) = params.get("Status") {
        let status = match status {
            "completed" => "completed",
            "canceled" => "canceled",
            _ => return Err(TwilioError::new(20001).message("Status must be canceled or completed")),
        };
        if call.is_over() {
            return refused("Call is not in-progress. Cannot redirect.");
        }
        let waits = matches!(call.status.as_str(), "queued" | "initiated" | "ringing");
        if waits || status == "completed" {
            let status = if waits { "canceled" } else { status };
            twilio.instruct(&call.sid, Order::HangUp { after: 0, status });
            let changed = twilio.change_call(&call.sid, |call| call.status = status.to_owned());
            return Ok(Answer::json(200, &changed.unwrap_or(call).view()));
        }
    }
    if params.get("Url").is_some() || params.get("Twiml").is_some() {
        if call.status != "in-progress" {
            return refused("Call is not in-progress. Cannot redirect.");
        }
        twilio.instruct(&call.sid, Order::Redirect(source(params)?));
    }
    let known = twilio.state(|state| state.calls.get(&call.sid).cloned());
    Ok(Answer::json(200, &known.unwrap_or(call).view()))
}

fn check_to(to: &str) -> Result<(), TwilioError> {
    let invalid = || TwilioError::new(21211).message(format!("Invalid 'To' Phone Number: {to}"));
    let forbidden = |words: &str| {
        TwilioError::new(21215).message(format!(
            "{words} {to}. Perhaps you need to enable some international permissions: \
             https://www.twilio.com/console/voice/calls/geo-permissions/low-risk"
        ))
    };
    // The numbers of https://www.twilio.com/docs/iam/test-credentials
    match to {
        "+15005550001" => Err(invalid()),
        "+15005550002" => Err(TwilioError::new(21214).message(format!("'To' phone number cannot be reached: {to}"))),
        "+15005550003" => Err(forbidden("Account not authorized to call")),
        "+15005550004" => Err(TwilioError::new(21216).message(format!("Account not allowed to call {to}"))),
        _ if ids::is_e164(to) || to.starts_with("client:") || to.starts_with("sip:") => Ok(()),
        _ => Err(invalid()),
    }
}

fn check_from(request: &Request<'_>, from: &str, to: &str) -> Result<(), TwilioError> {
    let invalid = || TwilioError::new(21212).message(format!("Invalid From Number (caller ID): {from}"));
    if from == "+15005550001" {
        return Err(invalid());
    }
    let is_client = to.starts_with("client:");
    let is_address = ids::is_e164(from) || (is_client && from.starts_with("client:"));
    if !is_address {
        return Err(invalid());
    }
    if !is_client && !request.account.may_show(from) {
        return Err(
            TwilioError::new(21210).message(format!("Source number {from} is not yet verified for your account"))
        );
    }
    Ok(())
}

/// Where the call asks what to do, and where it reports.
fn instructions(request: &Request<'_>) -> Result<(Source, Reporter), TwilioError> {
    let (params, account) = (&request.params, &request.account);
    if let Some(sid) = params.get("ApplicationSid") {
        let application = account.application(sid).ok_or_else(|| TwilioError::new(21218))?;
        if application.voice.url.is_none() {
            return Err(TwilioError::new(21205));
        }
        let reporter =
            Reporter::completed(application.status_callback.clone(), application.status_callback_method.clone());
        return Ok((Source::hook(&application.voice, Vec::new()), reporter));
    }
    let events = params.all("StatusCallbackEvent").into_iter().flat_map(str::split_whitespace);
    let reporter = Reporter::new(
        params.owned("StatusCallback"),
        params.owned("StatusCallbackMethod"),
        events.map(str::to_owned).collect(),
    );
    Ok((source(params)?, reporter))
}

fn source(params: &Params) -> Result<Source, TwilioError> {
    if let Some(url) = params.get("Url") {
        if url::Url::parse(url).is_err() {
            return Err(TwilioError::new(21205).message(format!("Url is not a valid URL: {url}")));
        }
        let hook = Hook {
            url: Some(url.to_owned()),
            method: params.owned("Method"),
            fallback_url: params.owned("FallbackUrl"),
            fallback_method: params.owned("FallbackMethod"),
        };
        return Ok(Source::hook(&hook, Vec::new()));
    }
    let words = params.get("Twiml").ok_or_else(|| TwilioError::new(21205))?;
    if words.chars().count() > MAX_TWIML {
        return Err(TwilioError::new(20001).message("Twiml must be at most 4000 characters"));
    }
    Ok(Source::Words(words.to_owned()))
}

/// Whether machines are looked for, and where that is told when it is not waited for.
fn detection(params: &Params) -> Option<Option<Target>> {
    params.get("MachineDetection")?;
    let later = params.is_true("AsyncAmd");
    Some(later.then(|| Target {
        url: params.owned("AsyncAmdStatusCallback"),
        method: params.owned("AsyncAmdStatusCallbackMethod"),
        events: Vec::new(),
    }))
}
