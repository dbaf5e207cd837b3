use std::time::Duration;

use comms_core::{Content, Status, Template, TemplateSummary, history::RecipientState};
use comms_engine::{Code, EngineError};

use crate::{
    fake_channel::person,
    scene::{Scene, content, scene, text},
};

const DAY: Duration = Duration::from_secs(86_400);

fn with_window() -> Scene {
    let scene = scene();
    scene.desk.set(|behaviour| {
        behaviour.window = Some(DAY);
        behaviour.templates = Some(vec![summary("aviso", "UTILITY"), summary("oferta", "MARKETING")]);
    });
    scene
}

fn summary(name: &str, category: &str) -> TemplateSummary {
    TemplateSummary {
        name: name.to_owned(),
        language: "es".to_owned(),
        category: category.to_owned(),
        body: "Hola {{1}}".to_owned(),
        variables: Vec::new(),
    }
}

fn template(name: &str) -> Content {
    Content::Template(Template { name: name.to_owned(), language: "es".to_owned(), ..Template::default() })
}

impl Scene {
    fn knows(&self, state: RecipientState) {
        let address = person().value().to_owned();
        self.store.state().recipients.insert(address, state);
    }

    fn wrote(&self, ago: Duration) {
        use comms_core::Clock;
        self.knows(RecipientState { last_inbound_at: Some(self.clock.now() - ago), ..RecipientState::default() });
    }

    fn opted_out(&self, scope: &str) {
        self.knows(RecipientState { opted_out: vec![scope.to_owned()], ..RecipientState::default() });
    }
}

#[tokio::test]
async fn free_text_may_be_sent_until_the_window_ends_and_not_a_moment_longer() {
    let second = Duration::from_secs(1);
    for (ago, open) in [(second, true), (DAY - second, true), (DAY, false), (DAY + second, false)] {
        let scene = with_window();
        scene.wrote(ago);
        let code = scene.engine.send(text("hola")).await.err().map(|error| error.code());
        assert_eq!(code, (!open).then_some(Code::WindowClosed), "{ago:?} ago");
    }
}

#[tokio::test]
async fn outside_of_the_window_the_refusal_names_the_templates_that_can_be_sent() {
    let scene = with_window();
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    let EngineError::WindowClosed { last_inbound_at, templates } = error else {
        panic!("{error:?}");
    };
    assert_eq!(last_inbound_at, None, "they never wrote: the window was never open");
    assert_eq!(templates.len(), 2);
    assert!(scene.store.state().messages.is_empty());
    assert_eq!(scene.desk.inner.requests(), 0);
}

#[tokio::test]
async fn a_template_may_be_sent_at_any_time() {
    let scene = with_window();
    let sent = scene.engine.send(content(template("aviso"))).await.unwrap();
    assert_eq!(sent.status, Status::Accepted);
}

#[tokio::test]
async fn a_channel_without_window_takes_text_from_the_first_word() {
    let scene = scene();
    assert_eq!(scene.engine.send(text("hola")).await.unwrap().status, Status::Accepted);
}

#[tokio::test]
async fn who_opted_out_of_everything_is_not_written_to() {
    let scene = with_window();
    scene.opted_out("all");
    for content in [Content::text("hola"), template("aviso")] {
        let error = scene.engine.send(crate::scene::content(content)).await.unwrap_err();
        assert_eq!(error.code(), Code::OptedOut);
    }
    assert!(scene.store.state().messages.is_empty());
}

#[tokio::test]
async fn who_opted_out_of_marketing_still_gets_what_is_not_marketing() {
    let scene = with_window();
    scene.opted_out("marketing_messages");
    let sent = scene.engine.send(content(template("aviso"))).await.unwrap();
    assert_eq!(sent.status, Status::Accepted);
    let error = scene.engine.send(content(template("oferta"))).await.unwrap_err();
    assert_eq!(error.code(), Code::OptedOut);
}

#[tokio::test]
async fn templates_are_kept_for_a_while_and_forgotten_when_the_account_changes() {
    let scene = with_window();
    let listed = |scene: &Scene| scene.calls().iter().filter(|call| *call == "templates").count();
    let list = async |scene: &Scene| {
        let organization = "north".into();
        let channel = comms_core::ChannelKind::WebChat;
        let templates = scene.engine.templates(&organization, &crate::scene::user(), channel, None).await;
        templates.unwrap().len()
    };
    assert_eq!((list(&scene).await, list(&scene).await), (2, 2));
    assert_eq!(listed(&scene), 1);

    scene.clock.advance(scene.engine.settings().templates_ttl);
    list(&scene).await;
    assert_eq!(listed(&scene), 1, "the list was old");

    let changed = comms_core::Event {
        kind: comms_core::EventKind::Changed(comms_core::Change {
            field: "message_template_status_update".to_owned(),
            value: serde_json::json!({"event": "APPROVED"}),
        }),
        ..crate::scene::text_event("memory:desk", "c1")
    };
    let webhook = scene.desk.inner.webhook(&[changed]).unwrap();
    scene.engine.receive("memory", webhook).await.unwrap();
    list(&scene).await;
    assert_eq!(listed(&scene), 1, "the account changed");
}

#[tokio::test]
async fn a_refusal_does_not_fail_for_want_of_templates() {
    let scene = scene();
    scene.desk.set(|behaviour| behaviour.window = Some(DAY));
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::WindowClosed);
    let error = scene
        .engine
        .templates(&"north".into(), &crate::scene::user(), comms_core::ChannelKind::WebChat, None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedContent);
}
