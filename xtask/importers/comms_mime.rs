//! Writes a message and reads it again. No network, no domain model.

use comms_mime::{Incoming, Limits, Mailbox, Outgoing, html};

fn main() -> comms_mime::Result<()> {
    let built = Outgoing::new(Mailbox::new("ventas@example.org")?, "example.org")
        .to(Mailbox::new("ana@example.com")?)
        .subject("Presupuesto")
        .html("<p>Hola<script>no()</script></p>")
        .build(time::OffsetDateTime::UNIX_EPOCH)?;
    let message = Incoming::parse(&built.bytes, &Limits::default())?;
    let safe = html::sanitize(message.html.as_deref().unwrap_or_default(), &html::Show::default());
    assert_eq!(safe.html, "<p>Hola</p>");
    Ok(())
}
