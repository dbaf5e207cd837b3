//! HTML as a stream of tokens: in linear time, without a tree that could grow deep.

use std::cell::{Cell, RefCell};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

/// Is told of each tag and text.
pub(crate) trait Listener {
    fn start(&mut self, tag: &Tag);
    fn end(&mut self, name: &str);
    fn text(&mut self, text: &str);
}

/// How much is read at a time, in bytes, before it is looked whether that ends a tag.
const PIECE: usize = 1024;
/// What may separate attributes within one tag. The tokenizer compares each attribute with all before it.
const MOST_SEPARATORS: usize = 3_000;

/// Reads `html` and tells `listener`. False where it ended within a tag of thousands of attributes: nothing after that is read.
pub(crate) fn read<L: Listener>(html: &str, listener: L) -> (L, bool) {
    let sink = Sink { listener: RefCell::new(listener), tokens: Cell::new(0) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let (mut rest, mut separators) = (html, 0);
    let mut bounded = true;
    while !rest.is_empty() && bounded {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        rest = after;
        let before = tokenizer.sink.tokens.get();
        queue.push_back(StrTendril::from_slice(piece));
        // A script stops the tokenizer once; it goes on where it stopped.
        while !queue.is_empty() {
            let _ = tokenizer.feed(&queue);
        }
        let found = piece.bytes().filter(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'')).count();
        separators = if tokenizer.sink.tokens.get() == before { separators + found } else { found };
        bounded = separators <= MOST_SEPARATORS;
    }
    if bounded {
        tokenizer.end();
    }
    (tokenizer.sink.listener.into_inner(), bounded)
}

/// Elements without content.
pub(crate) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// The value of an attribute.
pub(crate) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

struct Sink<L> {
    listener: RefCell<L>,
    tokens: Cell<usize>,
}

impl<L: Listener> TokenSink for Sink<L> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut listener = self.listener.borrow_mut();
        // Errors are told in the middle of a tag; all else is told at its end.
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => listener.end(&tag.name),
            Token::TagToken(tag) => {
                listener.start(&tag);
                // What stands in these is no HTML.
                match &*tag.name {
                    "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                        return TokenSinkResult::RawData(RawKind::Rawtext);
                    }
                    "title" | "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => {}
                }
            }
            Token::CharacterTokens(text) => listener.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
