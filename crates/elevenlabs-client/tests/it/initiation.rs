//! What an agent is told when a conversation begins.

use comms_http::ErrorKind;
use elevenlabs_client::ClientData;
use serde_json::json;

#[test]
fn the_first_message_of_a_text_conversation() {
    let data = ClientData::new()
        .user("cust_42")
        .first_message("")
        .language("es")
        .text_only()
        .variable("channel", "whatsapp")
        .variable("prior_calls", 2)
        .variable("vip", true)
        .client_events(["agent_response", "ping"])
        .source("omnichannel-rs", "0.1.0");
    assert_eq!(
        data.frame().unwrap(),
        json!({
            "type": "conversation_initiation_client_data",
            "user_id": "cust_42",
            "conversation_config_override": {
                "agent": {"first_message": "", "language": "es"},
                "conversation": {"text_only": true, "client_events": ["agent_response", "ping"]},
            },
            "dynamic_variables": {"channel": "whatsapp", "prior_calls": 2, "vip": true},
            "source_info": {"source": "omnichannel-rs", "version": "0.1.0"},
        })
    );
    assert_eq!(ClientData::new().frame().unwrap(), json!({"type": "conversation_initiation_client_data"}));
}

#[test]
fn a_variable_that_would_end_the_conversation_is_refused_before() {
    let wrong = [
        ClientData::new().variable("system__time", "now"),
        ClientData::new().variable(" ", "a"),
        ClientData::new().variable("list", json!(["a"])),
        ClientData::new().variable("object", json!({})),
        ClientData::new().variable("nothing", json!(null)),
    ];
    for data in wrong {
        let error = data.frame().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.field_name().unwrap().starts_with("dynamic_variables"), "{error:?}");
    }
}

#[test]
fn values_are_not_shown() {
    let data = ClientData::new().variable("secret__token", "an-invented-token").variable("name", "Ana").user("Ana");
    let shown = format!("{data:?}");
    assert!(shown.contains("secret__token") && !shown.contains("invented") && !shown.contains("Ana"), "{shown}");
}

#[test]
fn what_is_read_is_written_again() {
    let recorded = json!({
        "conversation_config_override": {"agent": {"prompt": {"prompt": "x"}}, "tts": {"voice_id": "v"}, "turn": null},
        "dynamic_variables": {"a": 1},
        "starting_workflow_node_id": "n1",
    });
    let read: ClientData = serde_json::from_value(recorded.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), recorded);
}
