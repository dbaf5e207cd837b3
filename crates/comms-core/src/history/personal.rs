//! What of a document is one person's, where others are in it too: found by the addresses and ids that it names.
//!
//! Providers put many people into one webhook, as elements of lists. What is somebody's is the innermost element that names them
//! by a value of its own; a sentence of somebody else that mentions a number is the other's.

use std::collections::HashSet;

use serde_json::Value;
use url::form_urlencoded;

use super::keeping::Subject;

/// Before an address in Twilio's parameters.
const PREFIXES: [&str; 4] = ["whatsapp:", "sms:", "tel:", "messenger:"];

/// The longest value that is read as a list of e-mail addresses.
const LONGEST_LIST: usize = 64 * 1024;

/// By what one person is named.
#[derive(Debug)]
pub(super) struct Names(HashSet<String>);

/// What is left of a raw webhook.
#[derive(Debug, PartialEq)]
pub(super) enum Redacted {
    /// Nothing of theirs was in it.
    Untouched,
    /// What was theirs is taken out.
    Body(Vec<u8>),
    /// It was theirs alone.
    Nothing,
}

impl Names {
    pub(super) fn of(subject: &Subject) -> Self {
        let addresses = subject.addresses.iter().map(|address| plain(address).to_owned());
        let ids = subject.contacts.iter().chain(&subject.conversations).map(ToString::to_string);
        let all = addresses.chain(subject.provider_ids.iter().cloned()).chain(ids);
        let mut names: HashSet<String> = all.filter(|name| !name.is_empty()).collect();
        // Nobody writes an e-mail address in one way only.
        let lower: Vec<String> =
            names.iter().filter(|name| name.contains('@')).map(|name| name.to_lowercase()).collect();
        names.extend(lower);
        Self(names)
    }

    /// Whether this value, as a whole, names them. A list of e-mail addresses, with or without names, names each of them.
    pub(super) fn is(&self, value: &str) -> bool {
        let value = value.trim();
        self.0.contains(value) || self.0.contains(plain(value)) || self.among_mailboxes(value)
    }

    fn among_mailboxes(&self, value: &str) -> bool {
        // A text that mentions an address is no list of them.
        if !value.contains('@') || value.len() > LONGEST_LIST || value.contains('\n') {
            return false;
        }
        value.split([',', ';']).any(|one| {
            let inner = one.rsplit_once('<').map_or(one, |(_, rest)| rest.trim_end().trim_end_matches('>'));
            let inner = inner.trim().trim_matches(['"', '\'']);
            !inner.contains(char::is_whitespace) && self.0.contains(inner.to_lowercase().as_str())
        })
    }

    /// Whether the document names them anywhere.
    pub(super) fn in_document(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is(text),
            Value::Number(number) => self.is(&number.to_string()),
            Value::Array(items) => items.iter().any(|item| self.in_document(item)),
            Value::Object(fields) => fields.values().any(|field| self.in_document(field)),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// The document without what is theirs; `None` where it is theirs as a whole.
    pub(super) fn without(&self, value: Value) -> Option<Value> {
        match value {
            Value::Array(items) => {
                Some(Value::Array(items.into_iter().filter_map(|item| self.without(item)).collect()))
            }
            Value::Object(fields) => {
                let rest = fields.into_iter().map(|(name, field)| Some((name, self.without(field)?)));
                rest.collect::<Option<_>>().map(Value::Object)
            }
            other => (!self.in_document(&other)).then_some(other),
        }
    }

    /// What of the document is theirs, with what it stands in; `None` where nothing is.
    pub(super) fn only(&self, value: &Value) -> Option<Value> {
        if self.without(value.clone()).is_none() {
            return Some(value.clone());
        }
        match value {
            Value::Array(items) => {
                let theirs: Vec<Value> = items.iter().filter_map(|item| self.only(item)).collect();
                (!theirs.is_empty()).then_some(Value::Array(theirs))
            }
            Value::Object(fields) => {
                let mut found = false;
                let mut rest = serde_json::Map::new();
                for (name, field) in fields {
                    match (self.only(field), field) {
                        (Some(theirs), _) => {
                            found = true;
                            rest.insert(name.clone(), theirs);
                        }
                        // Lists of others stay out; what else there is says where the rest stood.
                        (None, Value::Array(_) | Value::Object(_)) => {}
                        (None, plain) => {
                            rest.insert(name.clone(), plain.clone());
                        }
                    }
                }
                found.then_some(Value::Object(rest))
            }
            _ => None,
        }
    }

    /// What is left of a raw webhook.
    pub(super) fn redact(&self, url: &str, body: &[u8]) -> Redacted {
        if self.in_url(url) {
            return Redacted::Nothing;
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(document) if !self.in_document(&document) => Redacted::Untouched,
            Ok(document) => {
                self.without(document).map_or(Redacted::Nothing, |rest| Redacted::Body(rest.to_string().into_bytes()))
            }
            Err(_) if self.in_form(body) || self.in_parts(body) => Redacted::Nothing,
            Err(_) => Redacted::Untouched,
        }
    }

    /// What of a raw webhook is theirs, to be shown to them.
    pub(super) fn extract(&self, url: &str, body: &[u8]) -> Option<Value> {
        match serde_json::from_slice::<Value>(body) {
            Ok(document) => self.only(&document).or_else(|| self.in_url(url).then_some(document)),
            Err(_) if self.in_parts(body) => Some(Value::String(String::from_utf8_lossy(body).into_owned())),
            Err(_) if self.in_form(body) || self.in_url(url) => {
                let pairs = form_urlencoded::parse(body);
                Some(Value::Array(pairs.map(|(name, value)| serde_json::json!([name, value])).collect()))
            }
            Err(_) => None,
        }
    }

    fn in_form(&self, body: &[u8]) -> bool {
        form_urlencoded::parse(body).any(|(_, value)| self.is(&value))
    }

    /// A form of parts is one e-mail, raw or in pieces: whoever it names anywhere has a part in it. Taken from them it is only the raw copy
    /// that goes; the message of another stays.
    fn in_parts(&self, body: &[u8]) -> bool {
        if !body.starts_with(b"--") {
            return false;
        }
        let text = String::from_utf8_lossy(body).to_lowercase();
        let of_address = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
        text.split(|c: char| !of_address(c)).any(|word| {
            let word = word.trim_matches('.');
            word.contains('@') && self.0.contains(word)
        })
    }

    fn in_url(&self, url: &str) -> bool {
        url.split_once('?').is_some_and(|(_, query)| self.in_form(query.as_bytes()))
    }
}

/// An address without what providers put before it.
fn plain(address: &str) -> &str {
    let address = PREFIXES.iter().find_map(|prefix| address.strip_prefix(prefix)).unwrap_or(address);
    // Form decoding makes a blank of a plus that was not encoded.
    address.trim_start().trim_start_matches('+')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn ana() -> Names {
        Names::of(&Subject {
            addresses: vec!["+5215512345678".to_owned(), "ana@example.com".to_owned()],
            provider_ids: vec!["wamid.A".to_owned()],
            ..Subject::default()
        })
    }

    #[test]
    fn the_neighbours_in_a_webhook_stay() {
        let document = json!({"entry": [{"id": "1", "changes": [{"value": {
            "contacts": [{"wa_id": "5215512345678", "profile": {"name": "Ana"}}, {"wa_id": "34600000000"}],
            "messages": [{"from": "5215512345678", "text": {"body": "hola"}}, {"from": "34600000000", "text": {"body": "buenas"}}],
            "statuses": [{"id": "wamid.A"}, {"id": "wamid.B"}],
        }}]}]});
        let rest = ana().without(document.clone()).unwrap();
        let value = &rest["entry"][0]["changes"][0]["value"];
        assert_eq!(value["messages"], json!([{"from": "34600000000", "text": {"body": "buenas"}}]));
        assert_eq!(value["contacts"], json!([{"wa_id": "34600000000"}]));
        assert_eq!(value["statuses"], json!([{"id": "wamid.B"}]));
        let theirs = ana().only(&document).unwrap().to_string();
        assert!(theirs.contains("hola") && theirs.contains("wamid.A"));
        assert!(!theirs.contains("buenas") && !theirs.contains("wamid.B") && !theirs.contains("34600000000"));
    }

    #[test]
    fn a_thread_of_theirs_goes_as_a_whole() {
        let document = json!({"threads": [{"id": "5215512345678", "messages": [{"from": "1", "text": "hola"}]}]});
        assert_eq!(ana().without(document), Some(json!({"threads": []})));
    }

    #[test]
    fn forms_are_theirs_where_a_value_is() {
        let names = ana();
        for form in ["From=whatsapp%3A%2B5215512345678&Body=hola", "From=+5215512345678", "MessageSid=wamid.A"] {
            assert_eq!(names.redact("https://x.example/", form.as_bytes()), Redacted::Nothing, "{form}");
        }
        let other = "From=%2B52155123456789&Body=call+5215512345678+please";
        assert_eq!(names.redact("https://x.example/", other.as_bytes()), Redacted::Untouched);
        assert_eq!(names.redact("https://x.example/?To=%2B5215512345678", b"a=b"), Redacted::Nothing);
    }

    #[test]
    fn mailboxes_are_known_in_every_way_of_writing_them() {
        let names = ana();
        for value in ["ANA@Example.com", "Ana <ana@example.com>", "Luis <l@example.org>, \"Ana\" <Ana@example.com>"] {
            assert!(names.in_document(&json!({"to": value})), "{value}");
        }
        for value in
            ["mariana@example.com", "ask ana@example.com, please", "ana@example.com.mx", "hola\nana@example.com"]
        {
            assert!(!names.in_document(&json!({"text": value})), "{value}");
        }
        let events =
            json!([{"email": "Ana@example.com", "event": "open"}, {"email": "luis@example.com", "event": "open"}]);
        assert_eq!(names.without(events), Some(json!([{"email": "luis@example.com", "event": "open"}])));
    }

    #[test]
    fn a_mail_in_parts_is_theirs_where_it_names_them() {
        let mail =
            |from: &str| format!("--x\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n{from}\r\n--x--\r\n");
        let theirs = mail("Ana <ANA@example.com>.");
        assert_eq!(ana().redact("https://x.example/", theirs.as_bytes()), Redacted::Nothing);
        assert!(ana().extract("https://x.example/", theirs.as_bytes()).is_some());
        let other = mail("Mariana <mariana@example.com>");
        assert_eq!(ana().redact("https://x.example/", other.as_bytes()), Redacted::Untouched);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!("5215512345678")),
            Just(json!("whatsapp:+5215512345678")),
            Just(json!("wamid.A")),
            "[a-c]{0,3}".prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(json!(5_215_512_345_678_u64)),
        ];
        leaf.prop_recursive(5, 48, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_of_theirs_is_left_and_nothing_else_is_taken(document in document()) {
            let names = ana();
            match names.without(document.clone()) {
                Some(rest) => {
                    prop_assert!(!names.in_document(&rest));
                    prop_assert_eq!(names.without(rest.clone()), Some(rest));
                    if !names.in_document(&document) {
                        prop_assert_eq!(names.without(document.clone()), Some(document.clone()));
                    }
                }
                None => prop_assert!(names.in_document(&document)),
            }
            prop_assert_eq!(names.only(&document).is_some(), names.in_document(&document));
        }
    }
}
