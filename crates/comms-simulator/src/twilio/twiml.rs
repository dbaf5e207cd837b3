//! Reads TwiML.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

use super::hooks::Reply;

/// The document is not XML.
const PARSE: i64 = 12100;
/// The document is not TwiML.
const SCHEMA: i64 = 12200;
/// The content type is not one of TwiML.
const CONTENT_TYPE: i64 = 12300;

/// One element of a document, with its attributes and what stands within it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    Element(Element),
}

/// What an answer to a webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Nothing, which is allowed.
    Empty,
    /// Plain words: they are sent or read out.
    Words(String),
    /// TwiML: the verbs in their order.
    Verbs(Vec<Element>),
}

impl Answered {
    /// Reads an answer, or tells Twilio's code for what is wrong with it.
    pub(crate) fn of(reply: &Reply) -> Result<Self, i64> {
        let text = std::str::from_utf8(&reply.body).map_err(|_| PARSE)?.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(Self::Empty);
        }
        let media_type = reply.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "text/xml" | "application/xml" | "text/html" => Ok(Self::Verbs(parse(text)?)),
            "text/plain" => Ok(Self::Words(text.to_owned())),
            _ => Err(CONTENT_TYPE),
        }
    }
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }

    /// A whole number, `usual` where it is not there or not one.
    pub(crate) fn number(&self, name: &str, usual: u32) -> u32 {
        self.attribute(name).and_then(|value| value.trim().parse().ok()).unwrap_or(usual)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The words directly inside, blanks at the ends taken off.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            if let Node::Text(words) = node {
                text.push_str(words);
            }
        }
        text.trim().to_owned()
    }

    /// All words inside, those of children too.
    pub(crate) fn all_text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            match node {
                Node::Text(words) => text.push_str(words),
                Node::Element(element) => text.push_str(&element.all_text()),
            }
        }
        text.trim().to_owned()
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }
}

/// The verbs of a document.
pub(crate) fn parse(text: &str) -> Result<Vec<Element>, i64> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|_| PARSE)? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let element = element(&start)?;
                push(&mut open, Node::Element(element))?;
            }
            Event::End(_) => {
                let closed = open.pop().ok_or(PARSE)?;
                push(&mut open, Node::Element(closed))?;
            }
            Event::Text(text) => push(&mut open, Node::Text(text.xml10_content().map_err(|_| PARSE)?.into_owned()))?,
            Event::CData(text) => push(&mut open, Node::Text(text.decode().map_err(|_| PARSE)?.into_owned()))?,
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|_| PARSE)?;
                let character = reference.resolve_char_ref().map_err(|_| PARSE)?.map(String::from);
                let text = character.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                push(&mut open, Node::Text(text.ok_or(PARSE)?))?;
            }
            // A document type could name entities that are not there.
            Event::DocType(_) => return Err(PARSE),
            Event::Eof => break,
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
        }
    }
    let document = match open.as_slice() {
        [document] => document,
        _ => return Err(PARSE),
    };
    if !document.text().is_empty() {
        return Err(PARSE);
    }
    let mut roots = document.elements();
    match (roots.next(), roots.next()) {
        (Some(root), None) if root.name == "Response" => Ok(root.elements().cloned().collect()),
        (None, _) | (_, Some(_)) => Err(PARSE),
        _ => Err(SCHEMA),
    }
}

/// Words to be read out.
pub(crate) fn say(words: String) -> Vec<Element> {
    vec![Element { name: "Say".to_owned(), attributes: Vec::new(), children: vec![Node::Text(words)] }]
}

fn push(open: &mut [Element], node: Node) -> Result<(), i64> {
    open.last_mut().ok_or(PARSE)?.children.push(node);
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element, i64> {
    let name = String::from_utf8(start.name().as_ref().to_vec()).map_err(|_| PARSE)?;
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| PARSE)?;
        let name = String::from_utf8(attribute.key.as_ref().to_vec()).map_err(|_| PARSE)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| PARSE)?.into_owned();
        attributes.push((name, value));
    }
    Ok(Element { name, attributes, children: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_in_order_with_its_entities() {
        let verbs = parse(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><Response>\n <Say voice=\"alice\">a &amp; b&#x20AC;<![CDATA[<c>]]></Say>\
             <Dial callerId='+1&quot;'><Number>+34 </Number></Dial></Response>\n",
        )
        .unwrap();
        assert_eq!(verbs.len(), 2);
        assert_eq!((verbs[0].text().as_str(), verbs[0].attribute("voice")), ("a & b€<c>", Some("alice")));
        assert_eq!(verbs[1].attribute("callerId"), Some("+1\""));
        assert_eq!(verbs[1].elements().next().map(Element::text).as_deref(), Some("+34"));
    }

    #[test]
    fn what_is_no_twiml_is_told_by_code() {
        for (text, code) in [
            ("<Response>", PARSE),
            ("<Response></Respons>", PARSE),
            ("<Response/><Response/>", PARSE),
            ("words", PARSE),
            ("<Response>&unknown;</Response>", PARSE),
            ("<!DOCTYPE a><Response/>", PARSE),
            ("<html/>", SCHEMA),
        ] {
            assert_eq!(parse(text), Err(code), "{text}");
        }
        assert_eq!(parse("<Response/>"), Ok(Vec::new()));
    }
}
