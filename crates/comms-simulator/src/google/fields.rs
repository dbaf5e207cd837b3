//! Partial answers: `fields=id,payload(headers,parts/body),messages/id`.

use serde_json::{Map, Value};

/// What of a document is wanted.
#[derive(Debug, Default)]
struct Mask(Vec<(String, Option<Mask>)>);

/// The wanted part of `value`; `None` where the mask cannot be read.
pub(crate) fn select(mask: &str, value: &Value) -> Option<Value> {
    let mut rest = mask;
    let mask = Mask::read(&mut rest, 0)?;
    rest.is_empty().then(|| mask.apply(value))
}

impl Mask {
    fn read(rest: &mut &str, depth: usize) -> Option<Self> {
        const DEEPEST: usize = 32;
        if depth > DEEPEST {
            return None;
        }
        let mut mask = Self::default();
        loop {
            let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.trim().is_empty() {
                return None;
            }
            *rest = after;
            let below = if let Some(after) = rest.strip_prefix('/') {
                *rest = after;
                Some(Self::read_one(rest, depth + 1)?)
            } else if let Some(after) = rest.strip_prefix('(') {
                *rest = after;
                let below = Self::read(rest, depth + 1)?;
                *rest = rest.strip_prefix(')')?;
                Some(below)
            } else {
                None
            };
            mask.0.push((name.trim().to_owned(), below));
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(mask),
            }
        }
    }

    /// What follows a slash: one name, with what is below it.
    fn read_one(rest: &mut &str, depth: usize) -> Option<Self> {
        let end = rest.find([',', ')']).unwrap_or(rest.len());
        // A bracket right here belongs to the name, so that it is read together with it.
        let end = rest.find('(').filter(|open| *open < end).map_or(end, |open| open + closing(&rest[open..]));
        let (mut one, after) = rest.split_at(end.min(rest.len()));
        let mask = Self::read(&mut one, depth)?;
        *rest = after;
        one.is_empty().then_some(mask)
    }

    fn apply(&self, value: &Value) -> Value {
        match value {
            Value::Array(list) => Value::Array(list.iter().map(|one| self.apply(one)).collect()),
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, below) in &self.0 {
                    for (key, inner) in object.iter().filter(|(key, _)| name == "*" || *key == name) {
                        kept.insert(
                            key.clone(),
                            below.as_ref().map_or_else(|| inner.clone(), |mask| mask.apply(inner)),
                        );
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

/// The length of what the bracket at the beginning encloses, brackets included.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return place + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mask_keeps_what_it_names() {
        let value = json!({"id": "1", "threadId": "2", "payload": {"headers": [{"name": "a", "value": "b"}], "mimeType": "x"},
            "messages": [{"id": "3", "raw": "r"}]});
        for (mask, expected) in [
            ("id,threadId", json!({"id": "1", "threadId": "2"})),
            ("payload(headers(name))", json!({"payload": {"headers": [{"name": "a"}]}})),
            ("payload/headers/value,id", json!({"payload": {"headers": [{"value": "b"}]}, "id": "1"})),
            ("payload/headers(name,value)", json!({"payload": {"headers": [{"name": "a", "value": "b"}]}})),
            ("messages(id),nothing", json!({"messages": [{"id": "3"}]})),
            ("*", value.clone()),
        ] {
            assert_eq!(select(mask, &value), Some(expected), "{mask}");
        }
        for broken in ["", "a(", "a)", "a(b", "a,,b", "/a"] {
            assert_eq!(select(broken, &value), None, "{broken}");
        }
    }
}
