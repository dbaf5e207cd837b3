//! The history as it grows, a line for each change.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stdout},
};

use serde_json::Value;

/// What was printed already.
#[derive(Debug)]
pub(super) struct Table {
    seen: BTreeMap<String, String>,
    coloured: bool,
}

impl Table {
    pub(super) fn new() -> Self {
        println!("  {:<12}  {:<11} {:<9} {:<13} contenido", "hora", "", "canal", "estado");
        println!("  {:─<12}  {:─<11} {:─<9} {:─<13} {:─<44}", "", "", "", "", "");
        Self { seen: BTreeMap::new(), coloured: stdout().is_terminal() }
    }

    /// Prints the rows that are new or in another state. `rows` is newest first, as the API gives it.
    pub(super) fn update(&mut self, rows: &[Value], now: &str) {
        for row in rows.iter().rev() {
            let word = |name: &str| row[name].as_str().unwrap_or_default();
            let files = row["adjuntos"].as_array();
            let mut files = files.into_iter().flatten().filter_map(|file| file["estado"].as_str());
            let file = files.next_back().map(|state| format!(" [foto: {state}]")).unwrap_or_default();
            let state = format!("{}{file}", word("estado"));
            let id = word("mensaje_id").to_owned();
            if self.seen.get(&id) == Some(&state) {
                continue;
            }
            let arrow = if word("direccion") == "entrante" { "← cliente" } else { "→ vendedor" };
            println!(
                "  {now:<12}  {arrow:<11} {:<9} {} {}{file}",
                word("canal"),
                self.painted(word("estado")),
                word("contenido"),
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
            "fallido" => 31,
            "leido" => 34,
            "entregado" => 32,
            "recibido" => 35,
            _ => 33,
        };
        format!("\u{1b}[{colour}m{padded}\u{1b}[0m")
    }
}
