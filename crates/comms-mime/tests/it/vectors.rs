//! Mails that others collected, malformed ones among them: each is read or refused within time, and what is read is what Python's
//! `email` reads, or the difference is listed with its cause.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use comms_mime::{
    Incoming, Limits,
    html::{Show, sanitize, to_text},
    split_html, split_text,
};
use serde_json::Value;

/// How long one mail may take, whatever it holds.
const HANG: Duration = Duration::from_secs(10);

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn mails() -> Vec<(String, Vec<u8>)> {
    let mut mails: Vec<_> = fs::read_dir(data("eml"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    mails.sort();
    mails
}

/// All that is done with a mail, on a thread that may hang alone.
fn read(raw: Vec<u8>) -> Option<Incoming> {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let message = Incoming::parse(&raw, &Limits::default()).ok();
        if let Some(message) = &message {
            let html = message.html.as_deref().unwrap_or_default();
            drop((sanitize(&split_html(html).0, &Show::default()), to_text(html), split_text(&message.text)));
        }
        // Nobody waits any more where it took too long.
        let _ = done.send(message);
    });
    wait.recv_timeout(HANG).expect("a mail hangs")
}

/// With what no reader sees taken away.
fn words(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ours(message: &Incoming, field: &str) -> Value {
    match field {
        "subject" => words(&message.subject).into(),
        "from" => message.from.as_ref().map(|from| from.address()).unwrap_or_default().into(),
        "text" => words(&message.text).into(),
        _ => {
            // Those are our names for files that have none.
            let named = message.files.iter().map(|file| file.name.as_str());
            let mut names: Vec<&str> = named.filter(|name| !["attachment", "message.eml"].contains(name)).collect();
            names.sort_unstable();
            names.into()
        }
    }
}

#[test]
fn every_mail_is_read_as_another_reader_reads_it_or_the_difference_is_listed() {
    let expected: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(&fs::read_to_string(data("eml.expected.json")).unwrap()).unwrap();
    let listed: BTreeSet<String> = fs::read_to_string(data("eml.deviations.txt"))
        .unwrap()
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(':').next().unwrap().trim().to_owned())
        .collect();
    let mails = mails();
    assert_eq!(mails.len(), expected.len());
    let mut found = BTreeSet::new();
    let mut fields = 0;
    for (name, raw) in mails {
        let Some(message) = read(raw) else {
            found.insert(format!("{name} refused"));
            continue;
        };
        for (field, theirs) in &expected[&name] {
            fields += 1;
            let ours = ours(&message, field);
            if ours != *theirs {
                println!("{name} {field}\n  ours   {ours}\n  theirs {theirs}");
                found.insert(format!("{name} {field}"));
            }
        }
    }
    println!("{} of {fields} fields as Python reads them", fields - found.len());
    let fresh: Vec<_> = found.difference(&listed).collect();
    let mended: Vec<_> = listed.difference(&found).collect();
    assert!(fresh.is_empty() && mended.is_empty(), "not listed: {fresh:#?}\nlisted and no more: {mended:#?}");
}

#[test]
fn a_mail_of_thirty_megabytes_is_read_and_a_longer_one_refused() {
    let mut raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nvea\r\n--B\r\n\
        Content-Type: video/mp4; name=v.mp4\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    let line = [&[b'A'; 76][..], b"\r\n"].concat();
    while raw.len() < 30_000_000 {
        raw.extend_from_slice(&line);
    }
    raw.extend_from_slice(b"--B--\r\n");
    let message = Incoming::parse(&raw, &Limits::default()).unwrap();
    assert_eq!((message.text.as_str(), message.files[0].name.as_str()), ("vea", "v.mp4"));
    assert!(message.files[0].bytes.len() > 21_000_000);
    let mut limits = Limits::default();
    limits.bytes = raw.len() - 1;
    assert!(Incoming::parse(&raw, &limits).is_err());
}

#[test]
fn what_unfolds_to_more_than_it_was_is_cut() {
    // Three bytes of base64 or of an entity never become more than they were; a charset may turn one byte into three.
    let mut raw = b"From: a@b.example\r\nContent-Type: text/html; charset=windows-1252\r\n\r\n".to_vec();
    raw.resize(3_000_000, 0x80);
    let message = Incoming::parse(&raw, &Limits::default()).unwrap();
    assert!(message.text.len() <= Limits::default().text, "{}", message.text.len());
    // An archive is a file like another: nobody opens it.
    let zip = "From: a@b.example\r\nContent-Type: application/zip; name=bomb.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQ=\r\n";
    let message = Incoming::parse(zip.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((message.files.len(), &message.files[0].bytes[..4]), (1, &b"PK\x03\x04"[..]));
}
