//! A form with files, by its bytes.
//!
//! Written here, since each field has a charset of its own that stands in another field: what reads a form makes texts of its fields, or
//! gives all of it up for one that is broken. Here whatever can be read is, and what cannot is told.

use bytes::Bytes;

use crate::limits::INBOUND_FIELDS;

/// One part of the form: what it is called, and its bytes as they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) bytes: Bytes,
}

/// The fields, and what is wrong with the form.
pub(super) fn fields(content_type: &str, body: &Bytes) -> Result<(Vec<Field>, Option<String>), String> {
    let boundary = boundary(content_type).or_else(|| first_line(body)).ok_or("the form has no boundary")?;
    let mark = [b"--", boundary.as_slice()].concat();
    let mut fields = Vec::new();
    let mut at = delimiter(body, &mark, 0).map(|found| found.after).ok_or("the form has no field")?;
    loop {
        // Two dashes behind the boundary: the end.
        if body[at..].starts_with(b"--") {
            return Ok((fields, None));
        }
        let start = line_end(body, at);
        let Some(next) = delimiter(body, &mark, start) else {
            fields.extend(field(body.slice(start..)));
            return Ok((fields, Some("the form breaks off".to_owned())));
        };
        fields.extend(field(body.slice(start..next.before.max(start))));
        if fields.len() >= INBOUND_FIELDS {
            return Ok((fields, Some(format!("more than {INBOUND_FIELDS} fields"))));
        }
        at = next.after;
    }
}

/// A place where the boundary stands: the line break before it belongs to it.
struct Delimiter {
    before: usize,
    after: usize,
}

/// The next boundary that begins a line and ends there: one within a line is a part of what somebody wrote.
fn delimiter(body: &[u8], mark: &[u8], from: usize) -> Option<Delimiter> {
    let mut from = from;
    loop {
        let at = from + find(body.get(from..)?, mark)?;
        let after = at + mark.len();
        let begins = at == 0 || body[at - 1] == b'\n';
        let ends = matches!(body.get(after..), Some([] | [b'\r' | b'\n' | b' ' | b'\t', ..] | [b'-', b'-', ..]));
        if begins && ends {
            let line = body[..at].strip_suffix(b"\n").unwrap_or(&body[..at]);
            let before = line.strip_suffix(b"\r").unwrap_or(line).len();
            return Some(Delimiter { before, after });
        }
        from = after;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    loop {
        let at = from + haystack.get(from..)?.iter().position(|byte| byte == first)?;
        if haystack[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where the line at `at` ends, its line break included.
fn line_end(body: &[u8], at: usize) -> usize {
    body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |found| at + found + 1)
}

/// A field of its headers and its value; `None` for one without a name.
fn field(part: Bytes) -> Option<Field> {
    let mut field = Field::default();
    let mut at = 0;
    loop {
        let end = line_end(&part, at);
        let line = String::from_utf8_lossy(&part[at..end]).trim_end_matches(['\r', '\n']).to_owned();
        let ended = at == end;
        at = end;
        if line.is_empty() || ended {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                field.name = parameter(value, "name").unwrap_or_default();
                field.filename = parameter(value, "filename");
            }
            "content-type" => field.content_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    field.bytes = part.slice(at..);
    (!field.name.is_empty()).then_some(field)
}

/// `name="value"` behind a semicolon; a backslash before a quotation mark belongs to the value.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (_, behind) = rest.split_once(';')?;
        let (name, value) = behind.split_once('=')?;
        let (value, after) = value_of(value.trim_start());
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' if chars.peek().is_some_and(|(_, next)| matches!(next, '"' | '\\')) => {
                value.extend(chars.next().map(|(_, next)| next));
            }
            _ => value.push(c),
        }
    }
    (value, "")
}

fn boundary(content_type: &str) -> Option<Vec<u8>> {
    parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty()).map(String::into_bytes)
}

/// What the first line of a form without a boundary says.
fn first_line(body: &[u8]) -> Option<Vec<u8>> {
    const LONGEST: usize = 200;
    let line = body[..line_end(body, 0)].trim_ascii_end().strip_prefix(b"--")?;
    (!line.is_empty() && line.len() <= LONGEST).then(|| line.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Vec<Field>, Option<String>) {
        fields("multipart/form-data; boundary=\"x y\"", &Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    #[test]
    fn a_boundary_within_a_line_is_a_part_of_the_value() {
        let body = "--x y\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na --x y b\r\n--x yz\r\n--x y--\r\n";
        let (fields, problem) = read(body);
        assert_eq!((fields.len(), problem), (1, None));
        assert_eq!(fields[0].bytes, "a --x y b\r\n--x yz");
    }

    #[test]
    fn quotation_marks_and_paths_of_names_are_kept() {
        let body =
            "--x y\r\nContent-Disposition: form-data; name=\"a;b\"; filename=\"x\\\"y\\\\z;.txt\"\r\n\r\n\r\n--x y--";
        let (fields, _) = read(body);
        assert_eq!(fields[0].name, "a;b");
        assert_eq!(fields[0].filename.as_deref(), Some("x\"y\\z;.txt"));
        assert!(fields[0].bytes.is_empty());
    }

    #[test]
    fn a_form_that_breaks_off_gives_what_is_there() {
        let (fields, problem) = read(
            "--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x y\r\nContent-Disposition: form-data; name=b\r\n\r\n2",
        );
        let values: Vec<_> = fields.iter().map(|field| (field.name.as_str(), &field.bytes[..])).collect();
        assert_eq!(values, [("a", &b"1"[..]), ("b", b"2")]);
        assert!(problem.is_some());
    }
}
