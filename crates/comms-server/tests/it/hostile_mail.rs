//! Mails that want to be too much: too deep, too large, larger once they are read, or something else than they seem. The benches use
//! them as well.

/// What each of them wants, and its bytes.
pub fn hostile_mails() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("messages within one another", nested_messages(50_000)),
        ("parts within one another", nested_parts(2_000)),
        ("many parts", many_parts(20_000)),
        ("500 KB of nested div", nested_divs(100_000)),
        ("headers within headers", injected_headers()),
        ("more than it was once it is read", unfolding(3_000_000)),
        ("charsets that there are not", strange_charsets()),
        ("an archive that unfolds", archive()),
        ("a file of 30 MB", large_file(29 * 1024 * 1024)),
    ]
}

const SENDER: &str = "From: Eva <eva@example.net>\r\nTo: ventas@example.org\r\nMIME-Version: 1.0\r\n";

fn nested_messages(levels: usize) -> Vec<u8> {
    let head = format!("{SENDER}Subject: mensajes\r\n");
    let levels = "Content-Type: message/rfc822\r\n\r\n".repeat(levels);
    format!("{head}{levels}Subject: x\r\n\r\nhola").into_bytes()
}

fn nested_parts(levels: usize) -> Vec<u8> {
    let mut raw = format!("{SENDER}Subject: partes\r\n");
    for level in 0..levels {
        raw += &format!("Content-Type: multipart/mixed; boundary=B{level}\r\n\r\n--B{level}\r\n");
    }
    raw += "Content-Type: text/plain\r\n\r\nhola\r\n";
    raw.into_bytes()
}

fn many_parts(count: usize) -> Vec<u8> {
    let mut raw = format!("{SENDER}Subject: muchas partes\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n");
    for part in 0..count {
        raw += &format!(
            "--B\r\nContent-Type: application/pdf; name={part}.pdf\r\nContent-Disposition: attachment\r\n\r\n{part}\r\n"
        );
    }
    raw += "--B--\r\n";
    raw.into_bytes()
}

fn nested_divs(count: usize) -> Vec<u8> {
    let html = "<div>".repeat(count);
    format!("{SENDER}Subject: cajas\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}hola\r\n").into_bytes()
}

/// Line breaks hidden in words, names and parameters.
fn injected_headers() -> Vec<u8> {
    "From: =?utf-8?q?Eva=0D=0ABcc:_otra=40example.com?= <eva@example.net>\r\nTo: ventas@example.org\r\n\
     Subject: =?utf-8?q?hola=0D=0ABcc:_otra=40example.com=0D=0A=0D=0Ady=C3=A1?=\r\n\
     Message-ID: <a@example.net>\rBcc: otra@example.com\r\nX-\u{0}: a\r\n\
     MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nhola\r\n--B\r\nContent-Type: text/plain\r\n\
     Content-Disposition: attachment; filename=\"=?utf-8?q?..=2F..=2Fetc=2Fpasswd=0D=0AX:_y?=\"\r\n\r\nx\r\n--B--\r\n"
        .into()
}

/// A byte of this charset becomes three of UTF-8.
fn unfolding(bytes: usize) -> Vec<u8> {
    let mut raw =
        format!("{SENDER}Subject: crece\r\nContent-Type: text/plain; charset=windows-1252\r\n\r\n").into_bytes();
    raw.resize(raw.len() + bytes, 0x80);
    raw
}

fn strange_charsets() -> Vec<u8> {
    let mut raw = format!(
        "{SENDER}Subject: =?x-none?B?////?= =?utf-16?Q?=FE=FF=D8=00?= =?utf-8?B?w7E?=\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    )
    .into_bytes();
    for charset in ["x-none", "utf-16", "utf-7", "\"utf-8\0\"", "ISO-2022-JP", ""] {
        raw.extend_from_slice(format!("--B\r\nContent-Type: text/plain; charset={charset}\r\n\r\n").as_bytes());
        raw.extend_from_slice(b"\xff\xfe\xd8\x00\xc3\x28+AGEAAA-\x1b$B\r\n");
    }
    raw.extend_from_slice(b"--B--\r\n");
    raw
}

/// The head of an archive that says it holds four gigabytes: nobody here opens archives.
fn archive() -> Vec<u8> {
    format!(
        "{SENDER}Subject: archivo\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nvea\r\n--B\r\n\
         Content-Type: application/zip; name=todo.zip\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         UEsDBC0AAAAIAAAAAAAAAAAA//////////8EAAAAYS50eHQ=\r\n--B--\r\n"
    )
    .into_bytes()
}

fn large_file(bytes: usize) -> Vec<u8> {
    let mut raw = format!(
        "{SENDER}Subject: grande\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nvea\r\n--B\r\n\
         Content-Type: video/mp4; name=v.mp4\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    let line = [&[b'A'; 76][..], b"\r\n"].concat();
    while raw.len() < bytes {
        raw.extend_from_slice(&line);
    }
    raw.extend_from_slice(b"--B--\r\n");
    raw
}
