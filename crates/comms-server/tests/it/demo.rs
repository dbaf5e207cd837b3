//! The demo is run as anyone runs it.

use std::process::Command;

#[test]
fn the_whole_story_happens() {
    let output = Command::new(env!("CARGO_BIN_EXE_comms-server")).arg("--once").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // Where each thing ends. What it passes through may come and go between two looks at the history, so it is the story
    // itself that counts the stored events and fails where one is missing.
    let states = ["recibido", "leido", "completada", "no_contestada", "fallido"];
    let counted = [
        "sus 5 eventos de estado",
        "una sola fila de 42 s",
        "un hilo, una conversación",
        "entregado y abierto",
        "rebota",
        "una sola respuesta del agente",
    ];
    let contents = ["[foto: disponible]", "STOP", "(llamada) 0:42 min", "(llamada) [grabación: disponible]"];
    for shown in states.into_iter().chain(counted).chain(contents) {
        assert!(text.contains(shown), "no {shown} in:\n{text}");
    }
}

#[test]
fn serve_refuses_to_start_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_comms-server"))
        .arg("serve")
        .current_dir(&folder)
        .env_clear()
        .env("PORT", "0")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("JWT_SECRET"), "{text}");
}
