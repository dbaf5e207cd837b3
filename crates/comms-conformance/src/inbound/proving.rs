//! Who sent it: no event without a proof.

use comms_core::{ErrorKind, ExposeSecret, WebhookRequest};
use http::HeaderValue;

use super::{InboundHarness, Key, accepted, greeting, receive, said};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

pub(super) async fn a_signed_webhook_is_read(harness: &dyn InboundHarness) -> Verdict {
    let batch = accepted(harness, &greeting(harness))?;
    ensure_eq!(said(harness, &batch), ["hola"], "the messages");
    ensure_eq!(batch.problem, None, "the problem");
    Ok(())
}

pub(super) async fn both_secrets_of_a_rotation_are_accepted(harness: &dyn InboundHarness) -> Verdict {
    for key in [Key::Current, Key::Next] {
        let batch = accepted(harness, &harness.sign(harness.texts(&["hola"]), key))?;
        ensure_eq!(said(harness, &batch), ["hola"], "the messages under the {key:?} secret");
    }
    Ok(())
}

pub(super) async fn a_strange_secret_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let request = harness.sign(harness.texts(&["hola"]), Key::Strange);
    refused(harness, &request, "signed with another secret")
}

pub(super) async fn an_unsigned_webhook_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let mut request = greeting(harness);
    request.headers.remove(harness.signature_header());
    refused(harness, &request, "without signature")
}

pub(super) async fn every_changed_character_of_the_signature_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let request = greeting(harness);
    let signature = signature(harness, &request)?;
    for (at, c) in signature.char_indices() {
        let other = if c == '0' { '1' } else { '0' };
        let mut changed = signature.clone();
        changed.replace_range(at..at + c.len_utf8(), other.encode_utf8(&mut [0; 4]));
        let request = resigned(harness, &request, &changed)?;
        refused(harness, &request, &format!("whose signature differs at {at}"))?;
    }
    Ok(())
}

pub(super) async fn every_shortened_signature_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let request = greeting(harness);
    let signature = signature(harness, &request)?;
    // Every length, so the odd ones too.
    for length in 0..signature.len() {
        let request = resigned(harness, &request, &signature[..length])?;
        refused(harness, &request, &format!("with {length} characters of its signature"))?;
    }
    Ok(())
}

pub(super) async fn a_lengthened_signature_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let request = greeting(harness);
    let signature = signature(harness, &request)?;
    for more in ["0", "00", "="] {
        let request = resigned(harness, &request, &format!("{signature}{more}"))?;
        refused(harness, &request, &format!("with {more:?} after its signature"))?;
    }
    Ok(())
}

pub(super) async fn a_signature_given_twice_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let mut request = greeting(harness);
    let right = signature(harness, &request)?;
    for (second, what) in [(right.as_str(), "the right"), ("0000", "a wrong")] {
        request.headers.append(harness.signature_header(), HeaderValue::from_str(second)?);
        refused(harness, &request, &format!("with {what} signature as a second"))?;
    }
    Ok(())
}

pub(super) async fn every_changed_byte_of_the_body_is_refused(harness: &dyn InboundHarness) -> Verdict {
    let request = greeting(harness);
    for at in 0..request.body.len() {
        let mut body = request.body.to_vec();
        body[at] ^= 1;
        let mut changed = request.clone();
        changed.body = body.into();
        refused(harness, &changed, &format!("whose body differs at {at}"))?;
    }
    let mut longer = request.clone();
    longer.body = [&request.body[..], b"\n"].concat().into();
    refused(harness, &longer, "with a line break after its body")
}

pub(super) async fn a_refusal_reveals_neither_secret_nor_signature(harness: &dyn InboundHarness) -> Verdict {
    let right = greeting(harness);
    let mut hidden = vec![signature(harness, &right)?];
    let secrets = harness.secrets();
    hidden.extend(secrets.iter().map(|s| s.expose_secret().to_owned()));
    let mut unsigned = right.clone();
    unsigned.headers.remove(harness.signature_header());
    for request in [unsigned, resigned(harness, &right, "0000")?] {
        let Err(error) = receive(harness, &request)? else {
            return Err(Violation::new("a wrong signature is accepted"));
        };
        let said = format!("{error}\n{error:?}\n{:?}", harness.inbound());
        for hidden in &hidden {
            ensure!(!said.contains(hidden.as_str()), "a refusal or the parser's Debug reveals a secret or a signature");
        }
    }
    Ok(())
}

fn refused(harness: &dyn InboundHarness, request: &WebhookRequest, what: &str) -> Verdict {
    match receive(harness, request)? {
        Ok(batch) => Err(Violation::new(format!("a webhook {what} gives {} events", batch.events.len()))),
        Err(error) => {
            ensure_eq!(error.kind(), ErrorKind::InvalidSignature, "the kind of error for a webhook {what}");
            Ok(())
        }
    }
}

fn signature(harness: &dyn InboundHarness, request: &WebhookRequest) -> Result<String, Violation> {
    request
        .header_str(harness.signature_header())
        .map(str::to_owned)
        .ok_or_else(|| Violation::new("the harness signs with another header than it names"))
}

/// The same webhook with another signature.
fn resigned(
    harness: &dyn InboundHarness,
    request: &WebhookRequest,
    signature: &str,
) -> Result<WebhookRequest, Violation> {
    let mut request = request.clone();
    let value = HeaderValue::from_str(signature)?;
    request.headers.insert(harness.signature_header(), value);
    Ok(request)
}
