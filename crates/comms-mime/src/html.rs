//! HTML of strangers: made safe to be shown, or made into text.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ammonia::{Builder, UrlRelative};
use html5ever::tokenizer::Tag;

use crate::tokens::{self, Listener, attribute, is_void};

/// The longest HTML that is made safe, in bytes. What is longer is shown as its text.
pub const LONGEST: usize = 512 * 1024;
/// How deep elements may stand in one another. Beyond it the work grows with the square of the depth.
pub const DEEPEST: usize = 200;
/// What misnested formatting may multiply to: each open `<b>` is made anew in each paragraph.
const MOST_WORK: usize = 300_000;
/// The longest text that is made of HTML, in bytes.
const LONGEST_TEXT: usize = 1024 * 1024;

/// How HTML is shown.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// Whether images come from the network. Each tells its sender that, when and where the message was read.
    pub remote_images: bool,
    /// Where the images of the message itself are: their `cid` → address.
    pub inline_images: HashMap<String, String>,
}

/// HTML that is safe to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Safe {
    /// The HTML. No script, no style, no form, no address but http, https, mailto and tel; links open elsewhere and tell nothing.
    pub html: String,
    /// How many images of the network were left out.
    pub blocked_images: usize,
    /// Whether it was too long or too deep, and stands here as its text.
    pub reduced: bool,
}

/// Makes HTML safe.
///
/// ```
/// use comms_mime::html::{Show, sanitize};
///
/// let safe = sanitize(r#"<p onclick="steal()">Hola<script>steal()</script><img src="https://track.example/1.gif"></p>"#, &Show::default());
/// assert_eq!(safe.html, "<p>Hola<img></p>");
/// assert_eq!(safe.blocked_images, 1);
/// ```
#[must_use]
pub fn sanitize(html: &str, show: &Show) -> Safe {
    if html.len() > LONGEST || !is_bounded(html) {
        let text = to_text(html);
        let html = format!("<p>{}</p>", ammonia::clean_text(&text).replace("&#10;", "<br>").replace('\n', "<br>"));
        return Safe { html, blocked_images: 0, reduced: true };
    }
    let blocked = Arc::new(AtomicUsize::new(0));
    let cleaned = builder(show, blocked.clone()).clean(html).to_string();
    Safe { html: cleaned, blocked_images: blocked.load(Ordering::Relaxed), reduced: false }
}

fn builder(show: &Show, blocked: Arc<AtomicUsize>) -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["font", "u", "s", "big", "section", "main"])
        .rm_tags(["map", "area"])
        .add_tag_attributes("font", ["color", "size", "face"])
        .add_tag_attributes("table", ["border", "cellpadding", "cellspacing", "width"])
        .add_tag_attributes("td", ["width", "valign", "bgcolor"])
        .clean_content_tags(HashSet::from([
            "script", "style", "head", "title", "noscript", "template", "svg", "math", "iframe", "object", "textarea",
            "select", "noembed", "noframes", "xmp",
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    let (remote, inline) = (show.remote_images, show.inline_images.clone());
    builder.attribute_filter(move |element, name, value| match (element, name) {
        ("img", "src") => match value.trim().strip_prefix("cid:") {
            Some(id) => inline.get(id.trim_matches(['<', '>'])).cloned().map(Cow::Owned),
            None if remote => Some(Cow::Borrowed(value)),
            None => {
                blocked.fetch_add(1, Ordering::Relaxed);
                None
            }
        },
        // Addresses of the message itself are for images alone.
        ("a", "href") if value.trim_start().to_ascii_lowercase().starts_with("cid:") => None,
        ("blockquote" | "q" | "del" | "ins", "cite") => None,
        _ => Some(Cow::Borrowed(value)),
    });
    builder
}

/// The text of HTML: lines for blocks, dashes for items, nothing of what is hidden. It ends at a tag of thousands of attributes.
///
/// ```
/// assert_eq!(
///     comms_mime::html::to_text("<div style='display:none'>vea</div><p>Hola,<br>Ana</p><ul><li>uno<li>dos</ul>"),
///     "Hola,\nAna\n\n- uno\n- dos"
/// );
/// ```
#[must_use]
pub fn to_text(html: &str) -> String {
    let text = tokens::read(html, Text::default()).0.out;
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        if line.trim().is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        out.push_str(line);
        empty = 0;
    }
    out
}

/// Whether a tree of it stays small, judged without building one: never too low, where tags do not match rather too high.
fn is_bounded(html: &str) -> bool {
    let (depth, bounded) = tokens::read(html, Depth::default());
    bounded && depth.deepest <= DEEPEST && depth.work <= MOST_WORK
}

#[derive(Default)]
struct Depth {
    open: Vec<String>,
    /// Formatting elements by name: how many are open.
    formatting: HashMap<String, usize>,
    deepest: usize,
    work: usize,
}

/// What the next of its kind ends by itself.
fn ends_itself(name: &str) -> bool {
    matches!(
        name,
        "p" | "li"
            | "dt"
            | "dd"
            | "td"
            | "th"
            | "tr"
            | "thead"
            | "tbody"
            | "tfoot"
            | "option"
            | "optgroup"
            | "colgroup"
    )
}

fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

impl Listener for Depth {
    fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let formatting: usize = self.formatting.values().sum();
        self.work = self.work.saturating_add(formatting);
        if is_formatting(name) {
            *self.formatting.entry(name.to_owned()).or_default() += 1;
        }
        // A foreign element may close itself, an HTML one may not.
        if is_void(name) {
            return;
        }
        let same = |open: &String| match name {
            "td" | "th" => matches!(open.as_str(), "td" | "th"),
            "dt" | "dd" => matches!(open.as_str(), "dt" | "dd"),
            _ => ends_itself(name) && open == name,
        };
        if name == "tr" && self.open.last().is_some_and(|open| matches!(open.as_str(), "td" | "th")) {
            self.open.pop();
        }
        if self.open.last().is_some_and(same) {
            self.open.pop();
        }
        if self.open.len() <= DEEPEST {
            self.open.push(name.to_owned());
        }
        self.deepest = self.deepest.max(self.open.len());
    }

    fn end(&mut self, name: &str) {
        if let Some(count) = self.formatting.get_mut(name) {
            *count = count.saturating_sub(1);
        }
        // What ends by itself may be left open within what ends now; anything else stays open, which counts too high at worst.
        let innermost = self.open.iter().rposition(|open| open == name || !ends_itself(open));
        if let Some(at) = innermost.filter(|at| self.open[*at] == name) {
            self.open.truncate(at);
        }
    }

    fn text(&mut self, _text: &str) {}
}

#[derive(Default)]
struct Text {
    out: String,
    /// Within what is not shown: the element, and how many of its name are open.
    hidden: Option<(String, usize)>,
    preformatted: usize,
}

impl Text {
    fn push(&mut self, text: &str) {
        if self.out.len() < LONGEST_TEXT {
            self.out.push_str(text);
        }
    }

    fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.push("\n");
        }
    }
}

/// What begins a line.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tr"
            | "ul"
    )
}

/// What has an empty line around it.
fn is_paragraph(name: &str) -> bool {
    matches!(name, "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table" | "blockquote" | "pre")
}

fn is_hidden(tag: &Tag) -> bool {
    if matches!(
        &*tag.name,
        "script"
            | "style"
            | "title"
            | "template"
            | "noscript"
            | "svg"
            | "math"
            | "iframe"
            | "object"
            | "textarea"
            | "select"
    ) {
        return true;
    }
    let style = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    attribute(tag, "hidden").is_some()
        || ["display:none", "visibility:hidden", "mso-hide:all"].iter().any(|hidden| style.contains(hidden))
}

impl Listener for Text {
    fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if let Some((hidden, open)) = &mut self.hidden {
            *open += usize::from(hidden == name);
            return;
        }
        if !is_void(name) && is_hidden(tag) {
            self.hidden = Some((name.to_owned(), 1));
            return;
        }
        if is_block(name) {
            self.line();
        }
        if is_paragraph(name) {
            self.push("\n");
        }
        match name {
            "br" => self.push("\n"),
            "li" => self.push("- "),
            "td" | "th" if !self.out.ends_with('\n') => self.push(" "),
            "pre" => self.preformatted += 1,
            "img" => {
                let alternative = attribute(tag, "alt").unwrap_or_default().trim().to_owned();
                self.push(&alternative);
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((hidden, open)) = &mut self.hidden {
            if hidden == name {
                *open -= 1;
                if *open == 0 {
                    self.hidden = None;
                }
            }
            return;
        }
        if is_block(name) {
            self.line();
        }
        match name {
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            "p" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.push("\n"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        if self.preformatted > 0 {
            self.push(text);
            return;
        }
        for character in text.chars() {
            // A space that does not break stays one, but never makes a line by itself.
            let space = character.is_whitespace() || character == '\u{a0}';
            if !space {
                let mut buffer = [0; 4];
                self.push(character.encode_utf8(&mut buffer));
            } else if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                self.push(" ");
            }
        }
    }
}
