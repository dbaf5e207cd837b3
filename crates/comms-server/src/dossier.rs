//! Everything that is stored of one person, as a ZIP that is made while it is read: JSON Lines for each kind of row, and the
//! files themselves.

use std::io::{self, Write};

use bytes::Bytes;
use comms_core::{
    OrganizationId,
    history::{DossierPart, Subject},
};
use comms_engine::{BlobError, Engine};
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::{runtime::Handle, sync::mpsc};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Rows that are read at once.
const PAGE: u16 = 200;
/// Pieces that wait for whoever reads: what one dossier takes of memory, beside a page.
const PIECES: usize = 8;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// Characters of a file's own name that are kept.
const LONGEST_NAME: usize = 80;

const ABOUT: &str = "Datos personales de un contacto.\n\n\
    Cada archivo .jsonl tiene un registro por línea, con todas sus columnas: contactos, identidades (direcciones), \
    conversaciones, hilos (de correo), lecturas, notas, mensajes, comunicaciones (la tabla compartida), estados, salida (lo que espera), \
    descartados, adjuntos, bajas (no desea mensajes), novedades, eventos, webhooks (lo recibido del proveedor; de cada uno, \
    solo lo que es de esta persona). La carpeta archivos tiene los adjuntos.\n";

/// The name of a part in the archive.
const fn name(part: DossierPart) -> &'static str {
    match part {
        DossierPart::Contacts => "contactos.jsonl",
        DossierPart::Identities => "identidades.jsonl",
        DossierPart::Conversations => "conversaciones.jsonl",
        DossierPart::Threads => "hilos.jsonl",
        DossierPart::Reads => "lecturas.jsonl",
        DossierPart::Notes => "notas.jsonl",
        DossierPart::Messages => "mensajes.jsonl",
        DossierPart::Comunicaciones => "comunicaciones.jsonl",
        DossierPart::Statuses => "estados.jsonl",
        DossierPart::Outbox => "salida.jsonl",
        DossierPart::Discards => "descartados.jsonl",
        DossierPart::Attachments => "adjuntos.jsonl",
        DossierPart::OptOuts => "bajas.jsonl",
        DossierPart::Continuations => "llamadas_continuadas.jsonl",
        DossierPart::AgentTurns => "respuestas_agente.jsonl",
        DossierPart::AgentMessages => "mensajes_agente.jsonl",
        DossierPart::ImportedMessages => "mensajes_importados.jsonl",
        DossierPart::Updates => "novedades.jsonl",
        DossierPart::Events => "eventos.jsonl",
        DossierPart::Webhooks => "webhooks.jsonl",
        _ => "otros.jsonl",
    }
}

/// The archive, piece by piece. One that breaks off ends with an error: half an archive is never taken for a whole one.
pub fn archive(
    engine: Engine,
    organization: OrganizationId,
    subject: Subject,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(PIECES);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut writer = Writer { engine, organization, subject, runtime };
        let pieces = Pieces { sender: sender.clone(), piece: Vec::with_capacity(PIECE) };
        if let Err(error) = writer.write(pieces) {
            tracing::warn!(error = &error as &dyn std::error::Error, "a dossier broke off");
            // Whoever read it may have gone.
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}

struct Writer {
    engine: Engine,
    organization: OrganizationId,
    subject: Subject,
    runtime: Handle,
}

type Archive = ZipWriter<zip::write::StreamWriter<Pieces>>;

impl Writer {
    fn write(&mut self, pieces: Pieces) -> io::Result<()> {
        let mut archive = ZipWriter::new_stream(pieces);
        begin(&mut archive, "LEEME.txt")?;
        archive.write_all(ABOUT.as_bytes())?;
        for part in DossierPart::ALL {
            begin(&mut archive, name(part))?;
            self.each(part, |row| {
                serde_json::to_writer(&mut archive, &row)?;
                archive.write_all(b"\n")
            })?;
        }
        let mut files = Vec::new();
        self.each(DossierPart::Attachments, |row| {
            files.extend(row["blob_key"].as_str().map(|key| (file_name(&row), key.to_owned())));
            Ok(())
        })?;
        let mut missing = Vec::new();
        for (name, key) in files {
            if !self.file(&mut archive, &name, &key)? {
                missing.push(name);
            }
        }
        if !missing.is_empty() {
            begin(&mut archive, "archivos/FALTAN.txt")?;
            archive.write_all(missing.join("\n").as_bytes())?;
        }
        let mut pieces = archive.finish().map_err(io::Error::other)?.into_inner();
        pieces.flush()
    }

    /// Does this with every row of a part.
    fn each(&self, part: DossierPart, mut act: impl FnMut(Value) -> io::Result<()>) -> io::Result<()> {
        let mut after = None;
        loop {
            let asked = self.engine.repository().dossier(&self.subject, part, after.as_deref(), PAGE);
            let page = self.runtime.block_on(asked).map_err(io::Error::other)?;
            page.rows.into_iter().try_for_each(&mut act)?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Adds a file. Returns whether it is there.
    fn file(&self, archive: &mut Archive, name: &str, key: &str) -> io::Result<bool> {
        let Some(blobs) = self.engine.blobs() else {
            return Ok(false);
        };
        let mut blob = match self.runtime.block_on(blobs.open(&self.organization, key)) {
            Ok(blob) => blob,
            Err(BlobError::NotFound) => return Ok(false),
            Err(error) => return Err(io::Error::other(error)),
        };
        begin(archive, name)?;
        while let Some(piece) = self.runtime.block_on(blob.body.next()) {
            archive.write_all(&piece.map_err(io::Error::other)?)?;
        }
        Ok(true)
    }
}

fn begin(archive: &mut Archive, name: &str) -> io::Result<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    archive.start_file(name, options).map_err(io::Error::other)
}

/// Where a file is in the archive: its id, and of its own name what no system takes for a path.
fn file_name(row: &Value) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._- ".contains(c) { c } else { '_' };
    let own: String = row["filename"].as_str().unwrap_or_default().chars().map(plain).take(LONGEST_NAME).collect();
    let id = row["id"].as_str().unwrap_or_default();
    if own.is_empty() { format!("archivos/{id}") } else { format!("archivos/{id}-{own}") }
}

/// Collects what is written into pieces, and waits where they are not taken.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more");
        self.sender.blocking_send(Ok(piece.into())).map_err(gone)
    }
}
