//! The search language, as far as it is played: terms that all must hold, `OR` between two, `-` before one. No brackets.

use time::{Date, OffsetDateTime, macros::format_description};

use super::mailbox::{Label, Mail};

/// A search that was read.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// One of each of these must hold.
    all: Vec<Vec<Term>>,
    /// Whether spam or trash were named, and so are searched.
    pub everywhere: bool,
}

#[derive(Debug)]
struct Term {
    not: bool,
    field: String,
    value: String,
}

impl Search {
    pub(crate) fn read(text: &str) -> Self {
        let mut search = Self::default();
        let mut or = false;
        for word in words(text) {
            if word == "OR" {
                or = true;
                continue;
            }
            let (not, word) = word.strip_prefix('-').map_or((false, word.as_str()), |rest| (true, rest));
            let (field, value) = match word.split_once(':') {
                Some((field, value)) if !field.is_empty() => (field.to_lowercase(), value.trim_matches('"')),
                _ => (String::new(), word.trim_matches('"')),
            };
            let value = value.trim_matches(|c| c == '(' || c == ')').to_lowercase();
            if field == "in" && ["anywhere", "trash", "spam"].contains(&value.as_str()) {
                search.everywhere = true;
            }
            let term = Term { not, field, value };
            match search.all.last_mut().filter(|_| or) {
                Some(group) => group.push(term),
                None => search.all.push(vec![term]),
            }
            or = false;
        }
        search
    }

    pub(crate) fn finds(&self, mail: &Mail, labels: &[Label]) -> bool {
        self.all.iter().all(|group| group.iter().any(|term| term.holds(mail, labels) != term.not))
    }
}

impl Term {
    fn holds(&self, mail: &Mail, labels: &[Label]) -> bool {
        let value = self.value.as_str();
        let header = |name: &str| mail.entity.header(name).is_some_and(|text| text.to_lowercase().contains(value));
        match self.field.as_str() {
            "from" | "to" | "cc" | "bcc" | "subject" => header(&self.field),
            "rfc822msgid" => {
                let wanted = value.trim_start_matches('<').trim_end_matches('>');
                mail.message_id().is_some_and(|id| id.eq_ignore_ascii_case(wanted))
            }
            "label" => self.is_labelled(mail, labels),
            "in" => value == "anywhere" || mail.has(&folder(value)),
            "is" => match value {
                "read" => !mail.has("UNREAD"),
                value => mail.has(&value.to_uppercase()),
            },
            "has" => value == "attachment" && mail.entity.has_files(),
            "filename" => mail.entity.leaves().iter().any(|leaf| leaf.filename.to_lowercase().contains(value)),
            "after" | "newer" => instant(value).is_some_and(|at| mail.internal_ms >= at),
            "before" | "older" => instant(value).is_some_and(|at| mail.internal_ms < at),
            "larger" => size(value).is_some_and(|size| mail.raw.len() > size),
            "smaller" => size(value).is_some_and(|size| mail.raw.len() < size),
            "" => {
                ["Subject", "From", "To", "Cc"].into_iter().any(header)
                    || mail.entity.text().to_lowercase().contains(value)
            }
            _ => false,
        }
    }

    fn is_labelled(&self, mail: &Mail, labels: &[Label]) -> bool {
        let same = |name: &str| name.to_lowercase().replace([' ', '/'], "-") == self.value.replace([' ', '/'], "-");
        mail.labels.iter().any(|id| same(id) || labels.iter().any(|label| label.id == *id && same(&label.name)))
    }
}

/// Words with what stands in double quotes kept together.
fn words(text: &str) -> Vec<String> {
    let (mut found, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '}' => continue,
            c if c.is_whitespace() && !quoted => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

fn folder(name: &str) -> String {
    match name {
        "drafts" | "draft" => "DRAFT".to_owned(),
        name => name.to_uppercase(),
    }
}

/// Seconds since 1970, or a day, which begins at midnight in California (taken as UTC-8 all the year).
fn instant(value: &str) -> Option<i64> {
    const CALIFORNIA: i64 = 8 * 3_600;
    if let Ok(seconds) = value.parse::<i64>()
        && value.len() > 4
    {
        return Some(seconds * 1_000);
    }
    let day =
        Date::parse(&value.replace('/', "-"), format_description!("[year]-[month padding:none]-[day padding:none]"));
    let start = OffsetDateTime::new_utc(day.ok()?, time::Time::MIDNIGHT);
    Some((start.unix_timestamp() + CALIFORNIA) * 1_000)
}

fn size(value: &str) -> Option<usize> {
    let (digits, factor) = match value.strip_suffix(['k', 'm']) {
        Some(digits) if value.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (value, 1),
    };
    Some(digits.parse::<usize>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str) -> bool {
        let raw = "From: Ana <ana@example.com>\r\nTo: bo@example.org\r\nSubject: Piso en venta\r\nMessage-ID: <a@b>\r\n\r\nHola";
        let at = OffsetDateTime::from_unix_timestamp(1_780_000_000).unwrap();
        let mail = Mail::new("1", "1", raw.as_bytes().to_vec().into(), &["INBOX", "UNREAD"], at);
        Search::read(query).finds(&mail, &[])
    }

    #[test]
    fn terms_are_read() {
        for query in [
            "",
            "from:ana",
            "from:ana to:bo@example.org",
            "subject:\"piso en venta\"",
            "rfc822msgid:a@b",
            "rfc822msgid:<a@b>",
            "in:inbox is:unread",
            "label:inbox",
            "-in:sent",
            "hola",
            "is:starred OR is:unread",
            "after:1779999999",
            "before:2026/12/1",
            "{from:carla from:ana} OR hola",
            "smaller:1k",
        ] {
            assert!(finds(query) || query.starts_with('{'), "{query}");
        }
        for query in
            ["from:carla", "in:sent", "-in:inbox", "is:read", "has:attachment", "after:1780000001", "larger:1k", "x:y"]
        {
            assert!(!finds(query), "{query}");
        }
    }
}
