//! The history as it grows, a line for each change.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stdout},
};

use serde_json::Value;

use crate::cli::output::say;

/// What was printed already.
#[derive(Debug)]
pub(super) struct Table {
    seen: BTreeMap<String, String>,
    coloured: bool,
}

impl Table {
    pub(super) fn new() -> Self {
        say!("  {:<12}  {:<11} {:<13} {:<9} {:<13} contenido", "hora", "", "con", "canal", "estado");
        say!("  {:─<12}  {:─<11} {:─<13} {:─<9} {:─<13} {:─<44}", "", "", "", "", "", "");
        Self { seen: BTreeMap::new(), coloured: stdout().is_terminal() }
    }

    /// Prints the rows that are new or in another state. `rows` is newest first, as the API gives it.
    pub(super) fn update(&mut self, rows: &[Value], now: &str) {
        for row in rows.iter().rev() {
            let word = |name: &str| row[name].as_str().unwrap_or_default();
            let contents = contents(row);
            let state = format!("{} {contents}", word("estado"));
            let id = word("mensaje_id").to_owned();
            if self.seen.get(&id) == Some(&state) {
                continue;
            }
            let arrow = if word("direccion") == "entrante" { "← cliente" } else { "→ vendedor" };
            say!(
                "  {now:<12}  {arrow:<11} {:<13} {:<9} {} {contents}",
                word("destinatario"),
                word("canal"),
                self.painted(word("estado")),
            );
            self.seen.insert(id, state);
        }
    }

    fn painted(&self, state: &str) -> String {
        let padded = format!("{state:<13}");
        if !self.coloured {
            return padded;
        }
        let colour = match state {
            "fallido" | "fallida" | "no_contestada" => 31,
            "leido" => 34,
            "entregado" | "completada" => 32,
            "recibido" => 35,
            _ => 33,
        };
        format!("\u{1b}[{colour}m{padded}\u{1b}[0m")
    }
}

/// What a row says, how long the talk was, and how its file is.
fn contents(row: &Value) -> String {
    let text = row["contenido"].as_str().unwrap_or_default();
    let mut parts = vec![text.to_owned()];
    if row["canal"] == "voz" {
        parts.push("(llamada)".to_owned());
    }
    if let Some(seconds) = row["duracion_seg"].as_u64() {
        parts.push(format!("{}:{:02} min", seconds / 60, seconds % 60));
    }
    let files = row["adjuntos"].as_array();
    parts.extend(files.into_iter().flatten().next_back().map(file));
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn file(file: &Value) -> String {
    let what = match file["tipo"].as_str() {
        Some("image") => "foto",
        Some("audio" | "voice") => "grabación",
        _ => "archivo",
    };
    format!("[{what}: {}]", file["estado"].as_str().unwrap_or_default())
}
