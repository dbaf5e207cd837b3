//! The program: `serve` and `sign`.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use comms_http::{Secret, signature};
use comms_simulator::sendgrid::WEBHOOK_KEY;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use crate::support::World;

const PROGRAM: &str = env!("CARGO_BIN_EXE_comms-simulator");

/// A child that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sign(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("sign")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn it_serves_on_the_port_it_names() {
    let mut child = Running(
        Command::new(PROGRAM)
            .args(["serve", "--port", "0", "--access-token", "EAAMine", "--app-secret", "mine"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let world = World::new(|_| ());
    let config: serde_json::Value =
        world.client.get(format!("{url}/_simulator/config")).send().await.unwrap().json().await.unwrap();
    assert_eq!(config["meta"]["app"]["secret"], "mine");
    assert!(config["meta"]["tokens"].to_string().contains("EAAMine"));
}

#[test]
fn it_signs_a_document_from_anywhere() {
    let document = r#"{"text":"it's"}"#;
    let hash = signature::hmac_sha256_hex(&Secret::from("s3cret"), document.as_bytes());
    let expected = format!(
        "curl -X POST 'http://localhost:3000/hook' -H 'Content-Type: application/json' \
         -H 'X-Hub-Signature-256: sha256={hash}' --data-raw '{{\"text\":\"it'\\''s\"}}'\n"
    );
    for (source, input) in [("-", document), (document, "")] {
        let arguments = ["--url", "http://localhost:3000/hook", "--app-secret", "s3cret", "--json", source];
        let output = sign(&arguments, input);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

#[test]
fn it_signs_a_form_and_refuses_half_a_call() {
    let url = ["--url", "http://localhost:3000/hook"];
    let output =
        sign(&[&url[..], &["--app-secret", "s3cret", "--form", "From=+34 600", "--form", "Body=a&b"]].concat(), "");
    let hash = signature::hmac_sha256_hex(&Secret::from("s3cret"), b"From=%2B34+600&Body=a%26b");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&hash) && text.contains("--data-raw 'From=%2B34+600&Body=a%26b'"), "{text}");
    assert!(!sign(&[&url[..], &["--app-secret", "s"]].concat(), "").status.success(), "no body");
    assert!(!sign(&[&url[..], &["--json", "{}"]].concat(), "").status.success(), "no key");
}

#[test]
fn it_signs_as_elevenlabs_and_as_sendgrid() {
    let document = r#"{"event_type": "speech.completed", "id": "123456"}"#;
    let base = ["--url", "http://localhost:3000/webhook/elevenlabs", "--time", "1600000000", "--json", document];
    let output = sign(&[&base[..], &["--elevenlabs-secret", "test_secret"]].concat(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "t=1600000000,v0=f8a0d1dc33ee963cb54d2f31514555995e93313c9d2042c030adbb82b87fae13";
    assert!(text.contains(&format!("-H 'ElevenLabs-Signature: {expected}'")), "{text}");
    let output = sign(&[&base[..], &["--provider", "sendgrid"]].concat(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("X-Twilio-Email-Event-Webhook-Timestamp: 1600000000"), "{text}");
    let other = [&base[..], &["--provider", "meta", "--elevenlabs-secret", "s"]].concat();
    assert!(!sign(&other, "").status.success(), "a key of another provider");
    assert!(!sign(&[&base[..], &["--sendgrid-key", "none"]].concat(), "").status.success(), "a key that is none");
}

#[test]
fn it_signs_as_twilio() {
    let url = "http://localhost:3000/webhook/sms?account=a";
    let base = ["--url", url, "--provider", "twilio", "--auth-token", "s3cret"];
    let output = sign(&[&base[..], &["--form", "To=+34 600", "--form", "Body=it's"]].concat(), "");
    let signature = |data: String| signature::hmac_sha1_base64(&Secret::from("s3cret"), data.as_bytes());
    let expected = format!(
        "curl -X POST '{url}' -H 'Content-Type: application/x-www-form-urlencoded' \
         -H 'X-Twilio-Signature: {}' --data-raw 'To=%2B34+600&Body=it%27s'\n",
        signature(format!("{url}Bodyit'sTo+34 600"))
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    let output = sign(&[&base[..], &["--json", "{}"]].concat(), "");
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let text = String::from_utf8(output.stdout).unwrap();
    let address = format!("{url}&bodySHA256={hash}");
    assert!(text.contains(&format!("'{address}'")) && text.contains(&signature(address)), "{text}");
    assert!(!sign(&["--url", url, "--provider", "meta", "--auth-token", "s", "--form", "a=b"], "").status.success());
}

#[test]
fn what_it_signs_as_sendgrid_verifies_with_the_key_that_is_shown() {
    let base = ["--url", "http://localhost:3000/mail", "--provider", "sendgrid", "--json", "-"];
    // SendGrid ends its document with a line break of two characters, and signs it too.
    let document = "[{\"event\":\"delivered\",\"reason\":\"it's\"}]\r\n";
    let output = sign(&base, document);
    let call = String::from_utf8(output.stdout).unwrap();
    let value = |header: &str| {
        let (_, rest) = call.split_once(&format!("'X-Twilio-Email-Event-Webhook-{header}: ")).unwrap();
        rest.split_once('\'').unwrap().0.to_owned()
    };
    assert!(call.ends_with("--data-raw '[{\"event\":\"delivered\",\"reason\":\"it'\\''s\"}]\r\n'\n"), "{call}");
    let (time, signature) = (value("Timestamp"), STANDARD.decode(value("Signature")).unwrap());
    let key = STANDARD.decode(WEBHOOK_KEY).unwrap();
    // The point is what the key ends with.
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key[key.len() - 65..]);
    key.verify(format!("{time}{document}").as_bytes(), &signature).unwrap();
    assert!(key.verify(format!("{time}{}", document.trim_end()).as_bytes(), &signature).is_err());
}
