//! Each payload as a mail, and what `comms-mime` makes of it: the words that a page shows as words, and the HTML that it shows as HTML.
//!
//! Reads one JSON text per line, in which `RUN` stands for a call of the judge; writes one JSON object per line. It is made for a
//! browser as the judge (`cargo xtask e2e hostile`).

use std::{
    env, fs,
    io::{self, Write as _},
};

use anyhow::{Context as _, Result};
use comms_mime::{
    Incoming, Limits,
    html::{Show, sanitize},
};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let path = env::args().nth(1).context("the file of payloads is missing")?;
    let mut out = io::stdout().lock();
    for (number, line) in fs::read_to_string(path)?.lines().enumerate() {
        let payload: String =
            serde_json::from_str(line).with_context(|| format!("line {} is no JSON text", number + 1))?;
        let payload = payload.replace("RUN", &format!("top.hit({number})"));
        writeln!(out, "{}", shown(&payload)?)?;
    }
    Ok(())
}

/// What a page has to show of a mail that carries the payload wherever it can.
fn shown(payload: &str) -> Result<Value> {
    let message = Incoming::parse(mail(payload).as_bytes(), &Limits::default())?;
    let html = message.html.as_deref().unwrap_or_default();
    let name = message.from.as_ref().and_then(|from| from.name()).unwrap_or_default();
    Ok(json!({
        "payload": payload,
        "subject": message.subject,
        "name": name,
        "file": message.files.first().map(|file| file.name.as_str()).unwrap_or_default(),
        "text": message.text,
        "html": sanitize(html, &Show::default()).html,
        "unsafe": html,
    }))
}

fn mail(payload: &str) -> String {
    let word = encoded_word(payload);
    let percent: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    [
        &format!("From: {word} <eva@example.org>"),
        "To: ana@example.com",
        &format!("Subject: {word}"),
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=B",
        "",
        "--B",
        "Content-Type: multipart/alternative; boundary=A",
        "",
        "--A",
        "Content-Type: text/plain; charset=utf-8",
        "",
        payload,
        "--A",
        "Content-Type: text/html; charset=utf-8",
        "",
        &format!("<p>Hola</p>{payload}"),
        "--A--",
        "--B",
        "Content-Type: application/pdf",
        &format!("Content-Disposition: attachment; filename*=utf-8''{percent}"),
        "",
        "x",
        "--B--",
        "",
    ]
    .join("\r\n")
}

/// RFC 2047, by its letters.
fn encoded_word(text: &str) -> String {
    let letters: String = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    format!("=?utf-8?Q?{letters}?=")
}
