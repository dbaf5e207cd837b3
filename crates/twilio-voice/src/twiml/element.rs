//! The tree below the builders, and how it becomes XML. Byte for byte what Twilio's own library for Node.js writes.

use std::{borrow::Cow, fmt};

/// The declaration in front of every document.
const PROLOGUE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// An element of any name: what every builder makes, and the way out where Twilio has an element that this version does not know.
///
/// Nothing that is put in leaves its place: texts and values are escaped when the document is written, and a name keeps only
/// what a name may hold. Characters that XML forbids even when they are escaped (NUL and most controls, U+FFFE, U+FFFF) are
/// left out, since Twilio answers a document that holds one with error 12100 and ends the call.
///
/// ```
/// use twilio_voice::twiml::{Element, VoiceResponse};
///
/// let news = Element::new("Hologram").set("size", "large").text("<3");
/// let xml = VoiceResponse::new().with(news).to_xml();
/// assert!(xml.ends_with(r#"<Response><Hologram size="large">&lt;3</Hologram></Response>"#));
/// ```
///
/// `Debug` shows names only: texts and values are what people said, their numbers and their passwords.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Element {
    tag: Cow<'static, str>,
    attributes: Vec<(Cow<'static, str>, String)>,
    children: Vec<Node>,
}

/// What stands inside of an element.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text as it reads, not yet escaped.
    Text(String),
}

/// What may stand inside of `Parent`.
///
/// An [`Element`] of any name may stand anywhere.
#[diagnostic::on_unimplemented(message = "`{Self}` may not stand inside of `{Parent}`")]
pub trait Child<Parent>: Into<Element> {}

impl<Parent> Child<Parent> for Element {}

impl Element {
    /// An element of this name, without attributes and children.
    ///
    /// Characters that may not stand in a name are left out: it consists of letters of any script, digits, `_`, `-`, `.` and `:`,
    /// and starts with a letter or `_`. Where nothing is left, the name is `_`.
    ///
    /// *See [XML 1.0/Names](https://www.w3.org/TR/xml/#NT-Name)*
    pub fn new(tag: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name(tag.into()))
    }

    /// An element of a name that needs no check.
    pub(super) const fn named(tag: Cow<'static, str>) -> Self {
        Self { tag, attributes: Vec::new(), children: Vec::new() }
    }

    /// Sets an attribute. Attributes keep the order in which they were first set; set again, one takes the new value.
    ///
    /// The name is cleaned as that of an element is.
    pub fn set(mut self, attribute: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.put(name(attribute.into()), value.into());
        self
    }

    /// Sets an attribute of a name that needs no check.
    pub(super) fn put(&mut self, attribute: Cow<'static, str>, value: String) {
        match self.attributes.iter_mut().find(|(known, _)| *known == attribute) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((attribute, value)),
        }
    }

    /// Adds a child behind the others.
    pub fn with(mut self, child: impl Into<Self>) -> Self {
        self.push(Node::Element(child.into()));
        self
    }

    /// Adds text behind the other children. An empty text is none.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.push(Node::Text(text.into()));
        self
    }

    pub(super) fn push(&mut self, node: Node) {
        self.children.push(node);
    }

    /// The element's name, as in `Dial`.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Names and values in their order.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The children in document order.
    #[must_use]
    pub fn children(&self) -> &[Node] {
        &self.children
    }

    /// A document with this element as its root: declaration and element, with nothing between them or behind.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = PROLOGUE.to_owned();
        self.write(&mut xml);
        xml
    }

    fn write(&self, xml: &mut String) {
        xml.push('<');
        xml.push_str(&self.tag);
        for (name, value) in &self.attributes {
            xml.push(' ');
            xml.push_str(name);
            xml.push_str("=\"");
            escape_value(value, xml);
            xml.push('"');
        }
        xml.push('>');
        let start = xml.len();
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(xml),
                Node::Text(text) => escape_text(text, xml),
            }
        }
        if xml.len() == start {
            xml.pop();
            xml.push_str("/>");
        } else {
            xml.push_str("</");
            xml.push_str(&self.tag);
            xml.push('>');
        }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attributes().map(|(name, _)| name).collect();
        f.debug_struct("Element")
            .field("tag", &self.tag)
            .field("attributes", &names)
            .field("children", &self.children)
            .finish()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(element) => element.fmt(f),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

/// What of `raw` may be a name. A colon, which XML lets start one, belongs between a prefix and a name.
fn name(raw: Cow<'static, str>) -> Cow<'static, str> {
    if raw.starts_with(starts_name) && raw.chars().all(in_name) {
        return raw;
    }
    let kept: String = raw.chars().skip_while(|character| !starts_name(*character)).filter(|it| in_name(*it)).collect();
    if kept.is_empty() { Cow::Borrowed("_") } else { Cow::Owned(kept) }
}

fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | 'a'..='z' | '_' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn in_name(character: char) -> bool {
    starts_name(character)
        || matches!(character,
            '-' | '.' | ':' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}')
}

fn escape_text(text: &str, xml: &mut String) {
    for character in text.chars().filter(|character| is_legal(*character)) {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // A parser would read it as a line feed.
            '\r' => xml.push_str("&#xD;"),
            other => xml.push(other),
        }
    }
}

fn escape_value(value: &str, xml: &mut String) {
    for character in value.chars().filter(|character| is_legal(*character)) {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '"' => xml.push_str("&quot;"),
            // A parser would read these three as spaces.
            '\t' => xml.push_str("&#x9;"),
            '\n' => xml.push_str("&#xA;"),
            '\r' => xml.push_str("&#xD;"),
            other => xml.push(other),
        }
    }
}

/// Whether a character may stand in a document at all.
///
/// *See [XML 1.0/Characters](https://www.w3.org/TR/xml/#charsets)*
fn is_legal(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
