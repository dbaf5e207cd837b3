//! What somebody wrote, apart from what they quote.

use comms_mime::{split_html, split_text};
use proptest::prelude::*;

#[test]
fn a_reply_ends_where_the_quotation_begins() {
    for heading in [
        "On Mon, 1 Jun 2026 at 09:00, Ana Pérez <ana@example.org> wrote:",
        "El lun, 1 jun 2026 a las 9:00, Ana Pérez\n<ana@example.org> escribió:",
        "Le lun. 1 juin 2026 à 09:00, Ana <ana@example.org> a écrit :",
        "Am Mo., 1. Juni 2026 um 09:00 Uhr schrieb Ana <ana@example.org>:",
        "Am 01.06.2026 um 09:00 schrieb:",
        "Em seg., 1 de jun. de 2026 às 09:00, Ana <ana@example.org> escreveu:",
        "Il giorno lun 1 giu 2026 alle ore 09:00 Ana <ana@example.org> ha scritto:",
        "Op ma 1 jun 2026 om 09:00 schreef Ana <ana@example.org>:",
        "30 апр. 2025 г. в 15:19, Ana <ana@example.org>:",
        "---- On Wed, 10 Feb 2021 14:02:50 +0530 ana@example.org wrote ----",
        "Fra: Ana\nSendt: 1. juni 2026\nTil: Bo\nEmne: Hej",
        "-----Original Message-----",
        "----- Mensaje original -----",
        "-------- Mensagem original --------",
        "De: Ana <ana@example.org>\nEnviado: lunes, 1 de junio de 2026 9:00\nPara: Bo\nAsunto: Hola",
        "*From:* Ana\n*Sent:* Monday\n*To:* Bo\n*Subject:* Hello",
    ] {
        let reply = split_text(&format!("Mañana a las 10.\nGracias.\n\n{heading}\n\n> ¿Cuándo?\n> Ana\n"));
        assert_eq!(reply.text, "Mañana a las 10.\nGracias.", "{heading}");
        assert!(reply.quoted.unwrap().contains("¿Cuándo?"), "{heading}");
    }
}

#[test]
fn what_only_looks_like_a_quotation_stays() {
    for text in [
        "As I wrote: no.",
        "From: my point of view it is fine.\nThanks",
        "He wrote:\n\nnothing",
        "De: acuerdo",
        "La temperatura es > 30 grados",
        "> todo citado",
        "--\nsólo la firma",
        "",
        "On the other hand, I agree.\nYes.",
    ] {
        let reply = split_text(text);
        assert_eq!(reply.text, text.trim(), "{text}");
        assert_eq!(reply.quoted, None, "{text}");
    }
}

#[test]
fn answers_below_and_between_the_lines_stay() {
    let below = split_text("El lun, 1 jun 2026, Ana <a@example.org> escribió:\n> ¿Cuándo?\n\nMañana.");
    assert_eq!(below.text, "Mañana.");
    let between = split_text("> ¿Cuándo?\nMañana.\n> ¿Dónde?\nAquí.");
    assert_eq!(between.text, "> ¿Cuándo?\nMañana.\n> ¿Dónde?\nAquí.");
    let trailing = split_text("Sí.\n\n> ¿Seguro?\n> Ana");
    assert_eq!((trailing.text.as_str(), trailing.quoted.as_deref()), ("Sí.", Some("> ¿Seguro?\n> Ana")));
}

#[test]
fn a_signature_is_known_by_its_mark() {
    let reply = split_text("Sí.\n\n-- \nAna Pérez\n+34 600 000 000\n\nOn 1 Jun 2026, Bo wrote:\n> ?");
    assert_eq!((reply.text.as_str(), reply.signature.as_deref()), ("Sí.", Some("Ana Pérez\n+34 600 000 000")));
    let phone = split_text("Sí.\n\nEnviado desde mi iPhone");
    assert_eq!((phone.text.as_str(), phone.signature.as_deref()), ("Sí.", Some("Enviado desde mi iPhone")));
    assert_eq!(split_text("Sent from my house").text, "Sent from my house");
}

#[test]
fn html_is_cut_where_a_program_begins_to_quote() {
    for quotation in [
        "<div class=\"gmail_quote gmail_quote_container\"><div>El lun",
        "<BLOCKQUOTE type=\"cite\">x",
        "<hr><div id=\"divRplyFwdMsg\" dir=\"ltr\">",
        "<div id=\"appendonsend\"></div>",
        "<div class=\"moz-cite-prefix\">",
    ] {
        let html = format!("<div>Mañana.</div>{quotation}>¿Cuándo?</div>");
        let (own, quoted) = split_html(&html);
        assert!(quoted && own.starts_with("<div>Mañana.</div>") && !own.contains("¿Cuándo?"), "{own}");
    }
    // Nothing would be left: somebody forwards without a word.
    let html = "<div><div class=\"gmail_quote\">todo</div></div>";
    assert_eq!(split_html(html), (html.into(), false));
}

proptest! {
    #[test]
    fn nothing_is_lost_and_something_is_left(text in "(?s)([a-zñ>:@0-9 -]{0,12}\n){0,12}") {
        let reply = split_text(&text);
        prop_assert_eq!(reply.text.is_empty(), text.trim().is_empty());
        let words = |text: &str| text.split_whitespace().map(str::len).sum::<usize>();
        let parts = [Some(reply.text.as_str()), reply.signature.as_deref(), reply.quoted.as_deref()];
        let kept: usize = parts.into_iter().flatten().map(words).sum();
        // The mark of the signature is the only thing that goes.
        prop_assert!(kept + 3 >= words(&text), "{reply:?}");
    }
}
