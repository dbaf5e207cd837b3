//! TwiML: nothing leaves its place, and the builders make the tree that they promise.

use proptest::{collection::vec, prelude::*};
use quick_xml::{Reader, events::Event};
use twilio_voice::twiml::{
    CallEvent, Client, Conference, Connect, ConversationRelay, Dial, DialRecord, Element, Gather, GatherInput, Header,
    Headers, Language, LanguageTag, MediaTrack, MessagingResponse, Method, Node, Number, Parameter, Pause, Pay, Play,
    Prompt, Record, Redirect, Region, Say, Sip, Start, Stream, Uri, Voice, VoiceResponse,
    messaging::{Body, Media, Message},
    pay::{CardType, PromptStep},
    ssml::{Break, Emphasis, EmphasisLevel, Lang, Prosody},
};

const PROLOGUE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

#[test]
fn a_browser_call_rings_at_a_number() {
    let dial = Dial::new().caller_id("+15005550006").answer_on_bridge(true).time_limit(600).with(
        Number::new("+34600000000")
            .status_callback("https://example.com/voice?account=a&message=1")
            .status_callback_event(["initiated", "ringing", "answered", "completed"])
            .status_callback_method(Method::Post),
    );
    assert_eq!(
        VoiceResponse::new().dial(dial).to_xml(),
        format!(
            "{PROLOGUE}<Response><Dial callerId=\"+15005550006\" answerOnBridge=\"true\" timeLimit=\"600\">\
             <Number statusCallback=\"https://example.com/voice?account=a&amp;message=1\" \
             statusCallbackEvent=\"initiated ringing answered completed\" statusCallbackMethod=\"POST\">\
             +34600000000</Number></Dial></Response>"
        )
    );
}

#[test]
fn documents_without_content() {
    assert_eq!(VoiceResponse::new().to_xml(), twilio_voice::twiml::EMPTY);
    assert_eq!(MessagingResponse::new().to_xml(), twilio_voice::twiml::EMPTY);
    let empty = MessagingResponse::new().message("").to_xml();
    assert_eq!(empty, format!("{PROLOGUE}<Response><Message/></Response>"));
    let set_to_nothing = VoiceResponse::new().record(Record::new().finish_on_key("")).to_xml();
    assert_eq!(set_to_nothing, format!("{PROLOGUE}<Response><Record finishOnKey=\"\"/></Response>"));
}

/// A builder and the tree that it has to make.
fn pairs() -> Vec<(Element, Element)> {
    let raw = Element::new;
    vec![
        (
            Dial::number("+15550100").record(DialRecord::FromAnswerDual).timeout(20).into(),
            raw("Dial").set("record", "record-from-answer-dual").set("timeout", "20").text("+15550100"),
        ),
        (
            Gather::new().input([GatherInput::Speech]).language("es-ES").num_digits(1).with(Say::new("?")).into(),
            raw("Gather")
                .set("input", "speech")
                .set("language", "es-ES")
                .set("numDigits", "1")
                .with(raw("Say").text("?")),
        ),
        (
            Client::default().url("/x").with(Parameter::new("lead", "7")).into(),
            raw("Client").set("url", "/x").with(raw("Parameter").set("name", "lead").set("value", "7")),
        ),
        (
            Conference::new("room").muted(false).region(Region::IE1).wait_url("").into(),
            raw("Conference").set("muted", "false").set("region", "ie1").set("waitUrl", "").text("room"),
        ),
        (
            Sip::default()
                .with(Uri::new("sip:a@example.com"))
                .with(Headers::new().with(Header::new("X-A", "1")))
                .into(),
            raw("Sip")
                .with(raw("Uri").text("sip:a@example.com"))
                .with(raw("Headers").with(raw("Header").set("name", "X-A").set("value", "1"))),
        ),
        (
            Connect::new()
                .with(ConversationRelay::new().speech_timeout("auto").with(Language::new().code("sv-SE")))
                .into(),
            raw("Connect")
                .with(raw("ConversationRelay").set("speechtimeout", "auto").with(raw("Language").set("code", "sv-SE"))),
        ),
        (
            Start::new().with(Stream::new().url("wss://example.com").track(MediaTrack::Both)).into(),
            raw("Start").with(raw("Stream").set("url", "wss://example.com").set("track", "both_tracks")),
        ),
        (
            Pay::new().valid_card_types([CardType::Visa, CardType::Amex]).with(prompt()).into(),
            raw("Pay").set("validCardTypes", "visa amex").with(
                raw("Prompt").set("for", "security-code").set("attempt", "1 2").with(raw("Pause").set("length", "0")),
            ),
        ),
        (Play::default().digits("ww1").repeat(0).into(), raw("Play").set("digits", "ww1").set("loop", "0")),
        (
            Message::default().sender("+15005550006").with(Body::new("b")).with(Media::new("u")).into(),
            raw("Message").set("from", "+15005550006").with(raw("Body").text("b")).with(raw("Media").text("u")),
        ),
        (Redirect::new("/next").method("GET").into(), raw("Redirect").set("method", "GET").text("/next")),
    ]
}

fn prompt() -> Prompt {
    Prompt::new().for_step(PromptStep::SecurityCode).attempt([1, 2]).with(Pause::new().length(0))
}

#[test]
fn builders_make_the_tree_that_they_promise() {
    for (typed, expected) in pairs() {
        assert_eq!(typed.to_xml(), expected.to_xml());
        assert_eq!(typed, expected);
    }
}

#[test]
fn text_and_elements_keep_their_order() {
    let say = Say::new("Before ")
        .voice(Voice::polly("Joanna"))
        .with(Break::new().strength("x-weak").time("100ms"))
        .text(" middle ")
        .with(
            Prosody::new("slow ")
                .rate("slow")
                .with(Emphasis::new("& strong").level(EmphasisLevel::Strong))
                .with(Lang::new("hola").language(LanguageTag::ES_ES)),
        )
        .text(" tail");
    assert!(VoiceResponse::new().say(say).to_xml().contains(
        "<Say voice=\"Polly.Joanna\">Before <break strength=\"x-weak\" time=\"100ms\"/> middle \
         <prosody rate=\"slow\">slow <emphasis level=\"strong\">&amp; strong</emphasis>\
         <lang xml:lang=\"es-ES\">hola</lang></prosody> tail</Say>"
    ));
}

#[test]
fn an_attribute_that_is_set_again_keeps_its_place() {
    let dial = Dial::new().timeout(1).action("/a").timeout(2).set("timeout", "3").set("brandNew", "<");
    let xml = VoiceResponse::new().dial(dial).to_xml();
    assert!(xml.contains("<Dial timeout=\"3\" action=\"/a\" brandNew=\"&lt;\"/>"), "{xml}");
}

#[test]
fn values_that_this_version_does_not_know_are_passed_on() {
    let dial = Dial::new()
        .record("from-the-moon")
        .with(Number::new("1").status_callback_event([CallEvent::Answered, CallEvent::from("abducted")]));
    let xml = VoiceResponse::new().dial(dial).to_xml();
    assert!(xml.contains("record=\"from-the-moon\"><Number statusCallbackEvent=\"answered abducted\">"), "{xml}");
}

#[test]
fn names_keep_only_what_a_name_may_hold() {
    for (raw, kept) in [
        ("Say", "Say"),
        ("xml:lang", "xml:lang"),
        ("a><b c=\"", "abc"),
        ("1-x", "x"),
        ("naïve é", "naïveé"),
        ("日本·語", "日本·語"),
        ("\u{301}a\u{301}×÷", "a\u{301}"),
        (":a", "a"),
        ("", "_"),
        ("\0 /", "_"),
    ] {
        assert_eq!(Element::new(raw).set(raw, "v").to_xml(), format!("{PROLOGUE}<{kept} {kept}=\"v\"/>"));
    }
}

#[test]
fn debug_shows_structure_and_nothing_that_was_said() {
    let sip = Sip::new("sip:somebody@example.com").username("admin").password("hunter2");
    let shown = format!("{:?}", VoiceResponse::new().dial(Dial::number("+34600000000").with(sip)));
    assert!(shown.contains("password") && shown.contains("Dial"), "{shown}");
    for hidden in ["hunter2", "admin", "34600", "somebody"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

/// Reads a document back: one line for each thing that a parser of XML sees.
fn read_back(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut seen = Vec::new();
    let mut text = String::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Text(part) => text.push_str(&part.xml10_content().unwrap()),
            Event::GeneralRef(part) => match part.resolve_char_ref().unwrap() {
                Some(character) => text.push(character),
                None => text.push_str(quick_xml::escape::resolve_predefined_entity(&part.decode().unwrap()).unwrap()),
            },
            _ if !text.is_empty() => seen.push(format!("text {:?}", std::mem::take(&mut text))),
            _ => {}
        }
        match event {
            Event::End(_) => seen.push("close".into()),
            Event::Start(tag) => {
                seen.push(format!("open {}", String::from_utf8_lossy(tag.name().as_ref())));
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
                    seen.push(format!("{}={value:?}", String::from_utf8_lossy(attribute.key.as_ref())));
                }
            }
            Event::Eof => return seen,
            _ => {}
        }
    }
}

/// The same of the tree, with what XML forbids left out.
fn expected(element: &Element, seen: &mut Vec<String>) {
    seen.push(format!("open {}", element.tag()));
    seen.extend(element.attributes().map(|(name, value)| format!("{name}={:?}", legal(value))));
    let mut text = String::new();
    for child in element.children() {
        match child {
            Node::Text(part) => text.push_str(&legal(part)),
            Node::Element(element) => {
                if !text.is_empty() {
                    seen.push(format!("text {:?}", std::mem::take(&mut text)));
                }
                expected(element, seen);
            }
            _ => unreachable!("there are two kinds of nodes"),
        }
    }
    if !text.is_empty() {
        seen.push(format!("text {text:?}"));
    }
    seen.push("close".into());
}

fn legal(text: &str) -> String {
    let forbidden = |it: char| (it < ' ' && !"\t\r\n".contains(it)) || it == '\u{FFFE}' || it == '\u{FFFF}';
    text.chars().filter(|character| !forbidden(*character)).collect()
}

/// Text with much of what matters to XML.
fn wild() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[&<>\"'\\r\\n\\t \\x00-\\x1f\u{FFFD}-\u{FFFF}]",
        prop_oneof![Just("]]>"), Just("<![CDATA["), Just("&amp;"), Just("&#x0;"), Just("-->"), Just("<?xml ?>")]
            .prop_map(String::from),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn tree() -> impl Strategy<Value = Element> {
    let leaf = (wild(), wild(), wild()).prop_map(|(tag, name, value)| Element::new(tag).set(name, value));
    leaf.prop_recursive(4, 24, 4, |inner| {
        (wild(), wild(), vec((wild(), inner), 0..4)).prop_map(|(tag, value, children)| {
            let start = Element::new(tag).set("a", value.clone()).set("b", value);
            children.into_iter().fold(start, |element, (text, child)| element.text(text).with(child).text("."))
        })
    })
}

proptest! {
    #[test]
    fn a_parser_reads_what_was_put_in(tree in tree()) {
        let mut wanted = Vec::new();
        expected(&tree, &mut wanted);
        prop_assert_eq!(read_back(&tree.to_xml()), wanted);
    }

    #[test]
    fn builders_hold_what_they_are_given(text in wild(), value in wild(), number: u32, flag: bool) {
        let typed = Dial::number(text.clone())
            .action(value.clone())
            .record(value.as_str())
            .timeout(number)
            .sequential(flag)
            .with(Number::new(text.clone()).status_callback_event([value.as_str(), "ringing"]));
        let by_hand = Element::new("Dial")
            .text(text.clone())
            .set("action", value.clone())
            .set("record", value.clone())
            .set("timeout", number.to_string())
            .set("sequential", flag.to_string())
            .with(Element::new("Number").text(text).set("statusCallbackEvent", format!("{value} ringing")));
        prop_assert_eq!(Element::from(typed), by_hand);
    }
}
