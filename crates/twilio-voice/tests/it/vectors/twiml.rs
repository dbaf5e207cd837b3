//! Documents that Twilio's own library for Node.js wrote, and the list of elements that it was made from.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use twilio_voice::twiml::{self, Element, LanguageTag, Region, RingTone, Row, Voice};

use super::{cases, file, report};

#[derive(Deserialize)]
struct Documents {
    cases: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    name: String,
    kind: String,
    tree: Tree,
    expected_xml_node: String,
}

/// A neutral tree. Text has no tag.
#[derive(Deserialize)]
struct Tree {
    tag: Option<String>,
    text: Option<String>,
    #[serde(default)]
    attrs: Attributes,
    #[serde(default)]
    children: Vec<Tree>,
}

/// In the order of the file, which a map of `serde_json` does not keep.
#[derive(Default)]
struct Attributes(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Attributes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Attributes, M::Error> {
                let mut attributes = Vec::new();
                while let Some(attribute) = map.next_entry()? {
                    attributes.push(attribute);
                }
                Ok(Attributes(attributes))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Tree {
    fn element(&self) -> Element {
        let start = Element::new(self.tag.clone().unwrap());
        // An attribute that is null is not there.
        let attributes = self.attrs.0.iter().filter(|(_, value)| !value.is_null());
        let start = attributes.fold(start, |it, (name, value)| it.set(name.clone(), attribute(value)));
        self.children.iter().fold(start, |element, child| match &child.text {
            Some(text) => element.text(text),
            None => element.with(child.element()),
        })
    }
}

/// A value is text, a number, a flag or a list.
fn attribute(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(attribute).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[test]
fn documents() {
    let Some(Documents { cases }) = file("twiml_vectors.json") else { return };
    report("TwiML documents", cases.iter().map(|case| (&*case.name, case)), |case| {
        let (xml, wanted) = (case.tree.element().to_xml(), &case.expected_xml_node);
        if xml == *wanted { Ok(()) } else { Err(format!("wanted {wanted}, wrote {xml}")) }
    });
}

/// Every part of a document can be written with a builder: the row has its place and its attributes.
#[test]
fn documents_can_be_built() {
    let Some(Documents { cases }) = file("twiml_vectors.json") else { return };
    let cases = cases.iter().map(|case| (&*case.name, case)).filter(|(name, _)| *name != "generic-unknown-verb");
    report("TwiML documents with builders", cases, |case| {
        let root = if case.kind == "voice" { "VoiceResponse" } else { "MessagingResponse" };
        case.tree.children.iter().try_for_each(|child| buildable(root, child))
    });
}

fn buildable(parent: &str, node: &Tree) -> Result<(), String> {
    let Some(tag) = node.tag.as_deref() else { return Ok(()) };
    let row = row(tag).ok_or_else(|| format!("no builder for {tag}"))?;
    if !row.parents.contains(&parent) {
        return Err(format!("{tag} may not stand in {parent}"));
    }
    for (name, _) in &node.attrs.0 {
        if !row.attributes.iter().any(|(known, _, _)| known == name) {
            return Err(format!("{tag} has no {name}"));
        }
    }
    node.children.iter().try_for_each(|child| match &child.text {
        Some(text) if !row.text && !text.is_empty() => Err(format!("{tag} has no text")),
        _ => buildable(&type_of(tag), child),
    })
}

fn row(tag: &str) -> Option<&'static Row> {
    twiml::ROWS.iter().copied().flatten().find(|row| row.tag == tag)
}

/// The builder of an element: SSML writes its names small.
fn type_of(tag: &str) -> String {
    let words = tag.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

#[test]
fn illegal_characters() {
    let Some(vectors) = file::<Value>("twiml_illegal_char_vectors.json") else { return };
    report("TwiML illegal characters", cases(&vectors), |case| {
        let points = case["codepoints"].as_array().unwrap().iter();
        let characters = points.map(|point| char::from_u32(u32::try_from(point.as_u64().unwrap()).unwrap()).unwrap());
        let raw: String = characters.collect();
        // Where their library passes it on and the result is well-formed, ours is the same; else the character is left out.
        let forbidden = case["node_error"].is_string() || case["python_output_well_formed"] == false;
        let kept = if forbidden { "ab".to_owned() } else { raw.clone() };
        let (made, wanted) = if case["where"] == "text" {
            (Element::new("Say").text(raw), format!("<Say>{kept}</Say>"))
        } else {
            (Element::new("Gather").set("hints", raw), format!("<Gather hints=\"{}\"/>", kept.replace('\t', "&#x9;")))
        };
        let xml = made.to_xml();
        if xml.ends_with(&wanted) { Ok(()) } else { Err(format!("wanted {wanted:?}, wrote {xml:?}")) }
    });
}

#[test]
fn every_element_and_attribute_has_a_builder() {
    let Some(schema) = file::<Value>("twiml_schema.json") else { return };
    let groups = schema["elements"].as_object().unwrap();
    let elements =
        groups.iter().flat_map(|(root, elements)| elements.as_object().unwrap().iter().map(move |it| (root, it)));
    let cases: Vec<Value> = elements
        .map(|(root, (tag, element))| serde_json::json!({ "name": tag, "root": root, "element": element }))
        .collect();
    let listed = cases.iter().filter_map(|case| case["name"].as_str());
    let known = twiml::ROWS.iter().copied().flatten().map(|row| row.tag);
    let unlisted: Vec<_> = known.filter(|tag| !listed.clone().any(|listed| listed == *tag)).collect();
    assert!(unlisted.is_empty(), "Twilio does not list {unlisted:?}");
    let cases = cases.iter().map(|case| (case["name"].as_str().unwrap(), case));
    report("TwiML elements", cases, |case| {
        declared(case).and_then(|row| attributes(row, &case["element"]["attributes"]))
    });
}

fn declared(case: &Value) -> Result<&'static Row, String> {
    let (tag, element) = (case["name"].as_str().unwrap(), &case["element"]);
    let row = row(tag).ok_or("no builder")?;
    if row.text != element["text"].is_string() {
        return Err("text".into());
    }
    for parent in element["parents"].as_array().unwrap() {
        let parent = match parent.as_str().unwrap() {
            "Response" => case["root"].as_str().unwrap(),
            other => other.strip_prefix("Ssml").unwrap_or(other),
        };
        if !row.parents.contains(&parent) {
            return Err(format!("may not stand in {parent}"));
        }
    }
    Ok(row)
}

fn attributes(row: &Row, listed: &Value) -> Result<(), String> {
    let listed = listed.as_object().unwrap();
    if let Some((extra, _, _)) = row.attributes.iter().find(|(name, _, _)| !listed.contains_key(*name)) {
        return Err(format!("{extra} is not listed"));
    }
    listed.iter().try_for_each(|(name, attribute)| {
        let (_, kind, of) = row.attributes.iter().find(|(known, _, _)| known == name).ok_or(format!("no {name}"))?;
        let wanted = match attribute["type"].as_str().unwrap() {
            "string" if *of == "Method" => "one",
            "string" => "text",
            "boolean" => "flag",
            "number" => "number",
            "array of number" => "numbers",
            "enum" => "one",
            "array of enum" => "many",
            other => return Err(format!("{name} is {other}")),
        };
        if *kind != wanted {
            return Err(format!("{name} is {kind}, not {wanted}"));
        }
        let values = attribute["values"].as_array().into_iter().flatten();
        values.into_iter().map(self::attribute).try_for_each(|value| match known(of, &value) {
            true => Ok(()),
            false => Err(format!("{of} has no {value}")),
        })
    })
}

/// Whether the type of an attribute has a name of its own for a value.
fn known(of: &str, value: &str) -> bool {
    macro_rules! open_enums {
        ($($path:path),* $(,)?) => {
            $({
                use $path as Type;
                if stringify!($path).rsplit("::").next().map(str::trim) == Some(of) {
                    return !matches!(Type::from(value), Type::Other(_));
                }
            })*
        };
    }
    open_enums!(
        twiml::Beep,
        twiml::CallEvent,
        twiml::Channels,
        twiml::ConferenceEvent,
        twiml::ConferenceRecord,
        twiml::ConversationEvent,
        twiml::ConversationRecord,
        twiml::DialEvent,
        twiml::DialRecord,
        twiml::GatherInput,
        twiml::JitterBuffer,
        twiml::MediaTrack,
        twiml::Method,
        twiml::RecordingEvent,
        twiml::RecordingTrack,
        twiml::RejectReason,
        twiml::Trim,
        twiml::pay::BankAccountType,
        twiml::pay::CardType,
        twiml::pay::PayInput,
        twiml::pay::PaymentMethod,
        twiml::pay::PromptError,
        twiml::pay::PromptStep,
        twiml::pay::TokenType,
        twiml::ssml::BreakStrength,
        twiml::ssml::DateFormat,
        twiml::ssml::EmphasisLevel,
        twiml::ssml::InterpretAs,
        twiml::ssml::PhonemeAlphabet,
    );
    match of {
        "LanguageTag" => LanguageTag::KNOWN.contains(&LanguageTag::from(value)),
        "Region" => Region::KNOWN.contains(&Region::from(value)),
        "RingTone" => RingTone::KNOWN.contains(&RingTone::from(value)),
        "Voice" => match value.split_once('.') {
            Some(("Polly", name)) => Voice::polly(name).as_str() == value,
            Some(("Google", name)) => Voice::google(name).as_str() == value,
            _ => Voice::KNOWN.contains(&Voice::from(value)),
        },
        _ => false,
    }
}
