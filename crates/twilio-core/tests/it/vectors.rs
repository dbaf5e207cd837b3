//! The collected signatures, webhooks, answers and codes of the folder that `COMMS_VECTORS` names: a judge from outside of the crate.

use std::{env, fs, path::PathBuf};

use comms_http::{ErrorKind, Failure, Outcome, WebhookRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use twilio_core::{
    Operation, Params,
    error::{self, Answer},
    webhook::{SIGNATURE_HEADER, Verifier},
};

use crate::support::{ACCOUNT, answer, client};

fn folder(kind: &str) -> Option<PathBuf> {
    let root = env::var_os("COMMS_VECTORS").map(|root| PathBuf::from(root).join("twilio"));
    if root.is_none() {
        println!("vectors twilio {kind}: skipped, COMMS_VECTORS is not set");
    }
    root
}

/// The cases of one file, and the folder.
fn cases(kind: &str, file: &str, list: &str) -> Option<(PathBuf, Vec<Value>)> {
    let folder = folder(kind)?;
    let whole: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
    // The list is called as it is called, or it is the only one.
    let cases = whole[list].as_array().or_else(|| whole.as_object()?.values().find_map(Value::as_array));
    Some((folder, cases.expect("the file holds no cases").clone()))
}

/// Prints one line, and fails with all that failed. `Ok(false)` = not a case of this crate.
fn run(kind: &str, cases: &[Value], name: &str, check: impl Fn(&Value) -> Result<bool, String>) {
    let (mut passed, mut others, mut failed) = (0, 0, Vec::new());
    for case in cases {
        match check(case) {
            Ok(true) => passed += 1,
            Ok(false) => others += 1,
            Err(reason) => failed.push(format!("{}: {reason}", case[name])),
        }
    }
    println!("vectors twilio {kind}: {passed}/{} ({others} that belong to other crates)", cases.len() - others);
    assert!(passed > 0 && failed.is_empty(), "{}", failed.join("\n"));
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

/// The request of a case, and a verifier with its token for the account that it names; without one where there is no token.
fn request(case: &Value, body: Vec<u8>, signature: &str) -> (WebhookRequest, comms_http::Result<Verifier>) {
    let mut request = WebhookRequest::post(text(case, "url"), body).header(SIGNATURE_HEADER, signature);
    request.method = Method::from_bytes(text(case, "method").as_bytes()).unwrap();
    if request.method == Method::GET {
        request.body.clear();
    }
    if let Some(content_type) = case["content_type"].as_str() {
        request = request.header("content-type", content_type);
    }
    let account = Params::of_request(&request).get("AccountSid").unwrap_or(ACCOUNT).to_owned();
    let verifier = Verifier::new(account, text(case, "auth_token"));
    (request, verifier)
}

#[test]
fn signatures() {
    let Some((_, cases)) = cases("signatures", "signature_vectors.json", "cases") else { return };
    run("signatures", &cases, "name", |case| {
        let (request, verifier) = request(case, text(case, "raw_body").into(), text(case, "signature"));
        if let (Some(pairs), "POST") = (case["params"].as_array(), request.method.as_str()) {
            let pairs = pairs.iter().map(|pair| (text_at(pair, 0), text_at(pair, 1)));
            let read = Params::of_request(&request);
            if !read.iter().eq(pairs.clone()) {
                return Err(format!("the form is read as {:?}", read.to_map()));
            }
        }
        let verdict = verifier.and_then(|verifier| verifier.verify(&request)).is_ok();
        let wanted = case["reference_strict"]["valid"].as_bool().or(case["expected_valid"].as_bool());
        if wanted == Some(verdict) { Ok(true) } else { Err(format!("wanted {wanted:?}, is {verdict}")) }
    });
}

fn text_at(pair: &Value, index: usize) -> &str {
    pair[index].as_str().unwrap_or_default()
}

#[test]
fn webhooks() {
    let Some((folder, cases)) = cases("webhooks", "webhooks/manifest.json", "files") else { return };
    run("webhooks", &cases, "file", |case| {
        let body = fs::read(folder.join("webhooks").join(text(case, "file"))).map_err(|error| error.to_string())?;
        let (request, verifier) = request(case, body.clone(), text(case, "x_twilio_signature"));
        let verifier = verifier.map_err(|error| error.to_string())?;
        let verified = verifier.verify(&request).map_err(|error| error.to_string())?;
        if let Some(wanted) = case["params"].as_object() {
            let read = verified.params().to_map();
            let lost: Vec<_> = wanted.iter().filter(|(name, value)| !says(&read, name, value)).collect();
            if !lost.is_empty() {
                return Err(format!("lost: {lost:?}"));
            }
        } else {
            verified.json::<Value>().map_err(|error| error.to_string())?;
        }
        // The same with one byte more, and to another address.
        let mut more = request.clone();
        more.body = [&request.body[..], b"&x=1"].concat().into();
        let mut elsewhere = request.clone();
        elsewhere.url.push_str("/x");
        let tampered = verifier.verify(&more).is_ok() && request.method != Method::GET;
        if tampered || verifier.verify(&elsewhere).is_ok() { Err("a changed one passes".into()) } else { Ok(true) }
    });
}

/// Whether a parameter is there with this value: alone, or among others where it is repeated.
fn says(read: &serde_json::Map<String, Value>, name: &str, value: &Value) -> bool {
    let Some(found) = read.get(name) else { return false };
    let among = |value: &Value| found.as_array().is_some_and(|all| all.contains(value));
    found == value
        || among(value)
        || value.as_array().is_some_and(|values| values.iter().all(|value| among(value) || found == value))
}

#[test]
fn answers() {
    let Some((folder, cases)) = cases("error answers", "rest/manifest.json", "files") else { return };
    run("error answers", &cases, "file", |case| {
        let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok()).ok_or("no status")?;
        let body = fs::read(folder.join("rest").join(text(case, "file"))).map_err(|error| error.to_string())?;
        if status < 300 {
            let unreadable = case["expect"]["json"] == Value::Bool(false) && status != 204;
            return if unreadable { refused_success(status, &body) } else { Ok(false) };
        }
        let error = classify(case, status, &body)?;
        let expect = &case["expect"];
        let code = expect["code"].as_i64().map(|code| code.to_string());
        let answer = Answer::of(&error).ok_or("no answer")?;
        if error.provider_code() != code.as_deref() || error.message().is_empty() {
            return Err(format!("wanted {code:?}: {error:?}"));
        }
        if expect["details"] == Value::Bool(true) && answer.details().is_none() {
            return Err("the details are lost".into());
        }
        if expect["retry_after_s"].as_u64()
            != error.wait().map(|wait| wait.as_secs()).filter(|_| has_retry_after(expect))
        {
            return Err(format!("waits {:?}", error.wait()));
        }
        let outcome =
            agrees(code.as_deref().and_then(|code| code.parse().ok()), text(expect, "retry"), error.outcome());
        let gateway = error.kind() == ErrorKind::Provider && error.outcome() == Outcome::Unknown;
        if outcome && (status < 500 || gateway) { Ok(true) } else { Err(format!("{error:?}")) }
    });
}

fn has_retry_after(expect: &Value) -> bool {
    !expect["retry_after_s"].is_null()
}

fn classify(case: &Value, status: u16, body: &[u8]) -> Result<comms_http::Error, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in case["response_headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        headers.insert(
            name,
            HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(|error| error.to_string())?,
        );
    }
    let status = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
    Ok(error::classify(&Failure { status, headers: &headers, body }))
}

/// A success that is a page: the client says that it cannot be read, and that Twilio may have acted.
fn refused_success(status: u16, body: &[u8]) -> Result<bool, String> {
    let (client, _) = client([answer(status, body)]);
    let request = client.request(Method::GET, &["Messages.json"]).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    match runtime.block_on(client.json::<Value>(Operation::repeatable("messages.list"), request)) {
        Err(error) if error.kind() == ErrorKind::Decode && error.outcome() == Outcome::Unknown => Ok(true),
        other => Err(format!("{other:?}")),
    }
}

/// Codes whose collection advises to repeat, and of which nothing proves that the message was not taken.
const MAY_HAVE_ACTED: [i64; 4] = [30_410, 63_009, 63_010, 63_012];

/// Whether an outcome is what the collection says of repeating.
fn agrees(code: Option<i64>, retry: &str, outcome: Outcome) -> bool {
    match retry {
        "safe" | "later" | "later_daily" => match code {
            Some(code) if MAY_HAVE_ACTED.contains(&code) => outcome == Outcome::Unknown,
            _ => outcome == Outcome::NotSent,
        },
        "get_only" | "once" => outcome == Outcome::Unknown,
        "never" | "never_as_is" | "refresh_token" => outcome == Outcome::Rejected,
        // Not a request of ours, or not said.
        _ => true,
    }
}

#[test]
fn codes() {
    let Some((_, cases)) = cases("error codes", "error_codes_subset.json", "codes") else { return };
    run("error codes", &cases, "code", |case| {
        let code = case["code"].as_i64().ok_or("no code")?;
        let (kind, outcome) = error::classify_code(code);
        let listed = (kind, outcome) != (ErrorKind::Provider, Outcome::Unknown);
        let theirs = matches!(text(case, "category"), "server" | "unknown" | "channel_server" | "provider_timeout");
        if !listed && !theirs && code != 31_000 {
            return Err("not in the table".into());
        }
        let category = match text(case, "category") {
            "token" => kind == ErrorKind::Unauthenticated,
            "auth" => matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Config),
            "opt_out" => kind == ErrorKind::OptedOut,
            "whatsapp_window" => kind == ErrorKind::WindowClosed,
            "webhook" | "twiml" | "permission" | "compliance" | "account" => kind == ErrorKind::Config,
            "rate_limited" | "daily_limit" | "queue_full" | "carrier_limit" => kind == ErrorKind::RateLimited,
            "unreachable" => kind == ErrorKind::InvalidRecipient,
            _ => true,
        };
        if category && agrees(Some(code), text(case, "retry"), outcome) {
            Ok(true)
        } else {
            Err(format!("{} {}: {kind:?} {outcome:?}", text(case, "category"), text(case, "retry")))
        }
    });
}
