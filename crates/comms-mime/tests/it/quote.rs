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
        "El 1/6/26 a las 9:00, Ana Pérez escribió:",
        "El lun., 1 de junio de 2026 09:00, Ana Pérez\n(<ana@example.org>) escribió lo siguiente:",
        "El dl., 1 de juny 2026 a les 9:00, Ana <ana@example.org> va escriure:",
        "Em 01/06/2026 09:00, Ana escreveu:",
        "No dia 1 de junho de 2026 às 09:00, Ana\n<ana@example.org> escreveu:",
        "Le 1 juin 2026 à 09:00, Ana <ana@example.org> a écrit\u{a0}:",
        "Ana <ana@example.org> schrieb am Mo., 1. Juni 2026,\n09:00:",
        "ср, 30 апр. 2025\u{202f}г. в 15:19, Ana <ana@example.org>:",
        "Wednesday, 17 November 2021, 3:32 PM +0300 from Ana <ana@example.org>:",
        "________________________________\nDe: Ana <ana@example.org>\nEnviado: lunes, 1 de junio de 2026 9:00\nPara: Bo\nAsunto: Hola",
        "De: Ana [mailto:ana@example.org]\nEnviado el: lunes, 1 de junio de 2026 9:00\nPara: Bo\nAsunto: Hola",
        "De\u{a0}: Ana <ana@example.org>\nEnvoyé\u{a0}: lundi 1 juin 2026\nÀ\u{a0}: Bo\nObjet\u{a0}: Bonjour",
        "De: Ana <ana@example.org>\nEnviada em: segunda-feira, 1 de junho de 2026\nPara: Bo\nAssunto: Olá",
        "Von: Ana <ana@example.org>\nGesendet: Montag, 1. Juni 2026\nAn: Bo\nBetreff: Hallo",
        "-----Mensaje original-----\nDe: Ana <ana@example.org>\nEnviado: lunes\nPara: Bo\nAsunto: Hola",
        "-----Ursprüngliche Nachricht-----",
        "-------- Message d'origine --------",
        "---------- Forwarded message ---------\nDe: Ana <ana@example.org>\nDate: lun, 1 jun 2026\nSubject: Hola\nTo: Bo",
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
        "Quiero viajar:\nDe: Madrid\nA: Barcelona\nFecha: 3 de mayo\n\nGracias",
        "A las 9 Juan nos escribió:\nque no.",
        "Quedamos a las 10:30, avisa a\nAna <ana@example.org>:\nque traiga las llaves.",
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
    let above = split_text(
        "Hola.\n\nVale, gracias\nEl lun, 1 jun 2026 a las 9:00, Ana\n<a@example.org> escribió:\n> ¿Cuándo?\n",
    );
    assert_eq!(above.text, "Hola.\n\nVale, gracias");
    for inline in [
        "Hola:\n\nEl lun, 1 jun 2026, Ana <a@example.org> escribió:\n> ¿Cuándo?\nMañana.\n> ¿Dónde?\nAquí.",
        "El lun, 1 jun 2026, Ana <a@example.org> escribió:\n> ¿Cuándo?\n\nMañana.\n\n> ¿Dónde?",
        "> ¿Cuándo?\nMañana.\n> ¿Dónde?",
    ] {
        let reply = split_text(inline);
        assert_eq!((reply.text.as_str(), reply.quoted), (inline, None));
    }
    // Older mails within the quotation, with the headings of theirs and with broken lines, are no answers.
    let older = split_text(
        "Sí.\n\nOn 1 Jun 2026, Bo <b@example.org> wrote:\n> A line that is as long as a program lets it be, and so was broken off\nhere.\n> Bo\n\n\
         On 31 May 2026, Ana <a@example.org> wrote:\n>> Well?\n\n-- \nAna",
    );
    assert_eq!((older.text.as_str(), older.signature.as_deref()), ("Sí.", Some("Ana")));
    assert!(older.quoted.unwrap().ends_with(">> Well?"));
    // Below an unmarked quotation nobody knows where it ends.
    let unmarked =
        split_text("Sí.\n\n-----Original Message-----\nFrom: Bo\nSent: x\nTo: Ana\nSubject: y\n\nHola\n> uno\ndos");
    assert_eq!(unmarked.text, "Sí.");
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
    for program in [
        "Enviado desde mi iPhone",
        "Enviado do meu telemóvel",
        "Envoyé de mon iPhone",
        "Von meinem iPhone gesendet",
        "Obtener Outlook para Android<https://aka.ms/x>",
        "Sent from Mail for Windows",
    ] {
        let reply = split_text(&format!("Vale.\n\n{program}\n\nEl 1 jun 2026, Ana escribió:\n> ?"));
        assert_eq!((reply.text.as_str(), reply.signature.as_deref()), ("Vale.", Some(program)));
    }
}

#[test]
fn html_is_cut_where_a_program_begins_to_quote() {
    for quotation in [
        "<div class=\"gmail_quote gmail_quote_container\"><div>El lun",
        "<BLOCKQUOTE type=\"cite\">x",
        "<hr><div id=\"divRplyFwdMsg\" dir=\"ltr\">",
        "<div id=\"appendonsend\"></div>",
        "<div class=\"moz-cite-prefix\">",
        "<br><div>El 1 jun 2026, a las 9:00, Ana &lt;<a href=x>ana@example.org</a>&gt; escribió:</div><br><blockquote type=\"cite\">",
        "<p>26.06.2014, 14:41, \"Ana\" &lt;ana@example.org&gt;:</p><blockquote>",
        "<p><b><span>De:</span></b><span> Ana<br><b>Enviado:</b> lunes<br><b>Para:</b> Bo<br><b>Asunto:</b> Hola</span></p><p>",
    ] {
        let html = format!("<div>Mañana.</div>{quotation}>¿Cuándo?</div>");
        let (own, quoted) = split_html(&html);
        assert!(quoted && own.starts_with("<div>Mañana.</div>") && !own.contains("¿Cuándo?"), "{own}");
        assert_eq!(comms_mime::html::to_text(&own), "Mañana.", "the heading belongs to what is quoted");
    }
    // Nothing would be left: somebody forwards without a word.
    let html = "<div><div class=\"gmail_quote\">todo</div></div>";
    assert_eq!(split_html(html), (html.into(), false));
}

/// The kinds of lines that a mail is made of.
const LINES: [&str; 22] = [
    "",
    "Mañana.",
    "Vale, gracias",
    "¿Y dónde? A las 10:30",
    "> ¿Cuándo?",
    ">> ¿Seguro?",
    "> A line that is as long as a program lets it be, and so it was broken off",
    "here, where it goes on",
    "El lun, 1 jun 2026 a las 9:00, Ana <ana@example.org> escribió:",
    "El lun, 1 jun 2026 a las 9:00, Ana Pérez",
    "<ana@example.org> escribió:",
    "-----Mensaje original-----",
    "________________________________",
    "---------- Forwarded message ---------",
    "De: Ana <ana@example.org>",
    "Enviado: lunes, 1 de junio de 2026",
    "Para: Bo",
    "Asunto: Hola",
    "--",
    "—",
    "Enviado desde mi iPhone",
    "  Ana Pérez",
];

/// The lines that are not empty, in alphabetical order, without marks of signatures.
fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut lines: Vec<&str> = texts.into_iter().flat_map(str::lines).map(str::trim).collect();
    lines.retain(|line| !line.is_empty() && !matches!(*line, "--" | "—"));
    lines.sort_unstable();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What was written and what is quoted hold every line, each as often as it was there.
    #[test]
    fn no_line_is_lost_or_doubled(chosen in proptest::collection::vec(0..LINES.len(), 0..24)) {
        let text: Vec<&str> = chosen.into_iter().map(|line| LINES[line]).collect();
        let text = text.join("\n");
        let reply = split_text(&text);
        let parts = [Some(reply.text.as_str()), reply.signature.as_deref(), reply.quoted.as_deref()];
        prop_assert_eq!(lines(parts.into_iter().flatten()), lines([text.as_str()]), "{:?}", reply);
        prop_assert_eq!(reply.text.is_empty(), text.trim().is_empty());
    }

    #[test]
    fn nothing_is_lost_and_something_is_left(text in "(?s)([a-zñ>:@0-9 -]{0,12}\n){0,12}") {
        let reply = split_text(&text);
        prop_assert_eq!(reply.text.is_empty(), text.trim().is_empty());
        let parts = [Some(reply.text.as_str()), reply.signature.as_deref(), reply.quoted.as_deref()];
        prop_assert_eq!(lines(parts.into_iter().flatten()), lines([text.as_str()]), "{:?}", reply);
    }
}
