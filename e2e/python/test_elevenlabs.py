"""ElevenLabs' own SDK for Python: it takes the simulator for ElevenLabs, verifies its webhooks, and makes the very requests of our client."""

import json
import os
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qsl, urlsplit

import httpx
from elevenlabs import (
    ConversationInitiationClientDataRequestInput as ClientData,
    OutboundCallRecipient,
    TelephonyCallConfigInput,
    WebhookHmacSettings,
)
from elevenlabs.client import ElevenLabs
from elevenlabs.conversational_ai.conversation import Conversation, ConversationInitiationData
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import BadRequestError

SIMULATOR = os.environ["SIMULATOR_URL"]
KEY = os.environ["ELEVENLABS_API_KEY"]
AGENT = os.environ["ELEVENLABS_AGENT_ID"]
NUMBER = os.environ["ELEVENLABS_PHONE_NUMBER_ID"]
CALLS = os.environ["ELEVENLABS_CALLS"]
PERSON = "+15550001111"

TEST_AGENT = "agent_0000test0000agent0000000001"
CONVERSATION = "conv_0000test0000conv0000000001"
BATCH = "btcal_test1"

# What is enough of an answer for every call.
ANSWER = {
    "conversation_id": CONVERSATION,
    "agent_id": TEST_AGENT,
    "status": "done",
    "signed_url": "wss://example.org/",
    "token": "t",
    "id": BATCH,
    "webhook_id": "wh_test",
    "success": True,
    "message": "Success",
    "message_count": 0,
    "note": "",
    "conversations": [],
    "agents": [],
    "batch_calls": [],
    "items": [],
    "transcript": [],
    "has_more": False,
}


class Listener:
    """A server that keeps what it is sent."""

    def __init__(self) -> None:
        heard: Queue = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                heard.put((self.command, self.path, dict(self.headers.items()), body))
                twiml = self.path.endswith("/register-call")
                answer = json.dumps("<Response/>" if twiml else ANSWER).encode()
                self.send_response(200)
                self.send_header("Content-Type", "audio/mpeg" if self.path.endswith("/audio") else "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_DELETE = do_POST

            def log_message(self, *_) -> None:
                pass

        self.heard = heard
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def all(self) -> list:
        found = []
        while not self.heard.empty():
            found.append(self.heard.get())
        return found


def data() -> ClientData:
    return ClientData(
        user_id="cliente-42",
        conversation_config_override={
            "agent": {"first_message": "Hola, Ana", "language": "es"},
            "conversation": {"text_only": True},
        },
        dynamic_variables={"client_name": "Ana", "llamadas": 2, "vip": True},
        custom_llm_extra_body={"temperatura": 0.5},
        source_info={"source": "python_sdk", "version": "0.1.0"},
    )


def same_calls(client: ElevenLabs) -> None:
    """What examples/elevenlabs_calls.rs asks for, in its order, as ElevenLabs' own SDK asks for it."""
    agents = client.conversational_ai
    agents.conversations.list(
        cursor="cur_2",
        agent_id=TEST_AGENT,
        user_id="cliente 42",
        call_start_after_unix=1767225600,
        call_start_before_unix=1767312000,
        text_only=False,
        conversation_initiation_source="twilio",
        dynamic_variable_params=["client_id:eq:42", "zona:eq:sur"],
        exclude_statuses=["in-progress", "processing"],
        summary_mode="include",
        sort_direction="asc",
        page_size=50,
    )
    agents.conversations.get(CONVERSATION)
    agents.conversations.get_summary(CONVERSATION, max_messages=20)
    agents.conversations.get_summary(CONVERSATION)
    b"".join(agents.conversations.audio.get(CONVERSATION))
    agents.conversations.delete(CONVERSATION)
    agents.conversations.get_signed_url(agent_id=TEST_AGENT)
    agents.conversations.get_webrtc_token(agent_id=TEST_AGENT)
    agents.twilio.outbound_call(
        agent_id=TEST_AGENT,
        agent_phone_number_id="phnum_test",
        to_number=PERSON,
        conversation_initiation_client_data=data(),
        telephony_call_config=TelephonyCallConfigInput(ringing_timeout_secs=30),
    )
    agents.twilio.register_call(
        agent_id=TEST_AGENT,
        from_number=PERSON,
        to_number="+15550002222",
        direction="inbound",
        conversation_initiation_client_data=data(),
    )
    agents.whatsapp.outbound_message(
        whatsapp_phone_number_id="100000000000001",
        whatsapp_user_id="15550001111",
        template_name="call_follow_up",
        template_language_code="es",
        template_params=[{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}],
        agent_id=TEST_AGENT,
        conversation_initiation_client_data=data(),
    )
    agents.whatsapp_accounts.list()
    agents.batch_calls.create(
        call_name="Entregas",
        agent_id=TEST_AGENT,
        agent_phone_number_id="phnum_test",
        scheduled_time_unix=1767225600,
        timezone="Europe/Madrid",
        target_concurrency_limit=5,
        recipients=[
            OutboundCallRecipient(id="rcpt_1", phone_number=PERSON, conversation_initiation_client_data=data()),
            OutboundCallRecipient(phone_number="+15550003333"),
        ],
    )
    agents.batch_calls.list(limit=100, last_doc="doc_2")
    agents.batch_calls.get(BATCH)
    agents.batch_calls.cancel(BATCH)
    agents.batch_calls.retry(BATCH)
    agents.batch_calls.delete(BATCH)
    agents.agents.list(page_size=100, search="ana", cursor="cur_2")
    client.webhooks.create(
        settings=WebhookHmacSettings(name="llamadas", webhook_url="https://example.org/webhook/elevenlabs")
    )


def meaning(request: tuple) -> dict:
    """What a request says, however it is written: nothing stands for null."""
    method, path, headers, body = request
    parts = urlsplit(path)
    headers = {name.lower(): value for name, value in headers.items()}
    # Python writes yes and no in capitals.
    query = sorted((name, value.lower() if value in ("True", "False") else value) for name, value in parse_qsl(parts.query))
    content = without_nulls(json.loads(body)) if body else None
    return {
        "call": f"{method} {parts.path}",
        "query": query,
        "key": "xi-api-key" in headers,
        "body": content or None,
    }


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value


class ElevenLabsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.client = ElevenLabs(api_key=KEY, base_url=SIMULATOR)
        cls.agents = cls.client.conversational_ai

    def test_each_request_of_our_client_is_the_one_of_the_sdk(self) -> None:
        listener = Listener()
        self.addCleanup(listener.close)
        subprocess.run([CALLS], env=os.environ | {"ELEVENLABS_API_BASE": listener.url}, check=True)
        ours = [meaning(request) for request in listener.all()]
        same_calls(ElevenLabs(api_key="sk_an-invented-key", base_url=listener.url))
        theirs = [meaning(request) for request in listener.all()]
        self.assertEqual(len(ours), 20)
        self.maxDiff = None
        for our, their in zip(ours, theirs, strict=True):
            self.assertTrue(our["key"])
            self.assertEqual(our, their | {"key": True})

    def test_a_judge_that_passes_everything_would_be_noticed(self) -> None:
        request = ("GET", "/v1/convai/conversations?text_only=False&page_size=50", {"Xi-Api-Key": "k"}, b"")
        self.assertEqual(meaning(request), meaning((*request[:1], request[1].replace("False", "false"), *request[2:])))
        for other in ("/v1/convai/conversation", "/v1/convai/conversations?page_size=50"):
            self.assertNotEqual(meaning(request), meaning((request[0], other, *request[2:])))
        body = ("POST", "/v1/x", {}, b'{"a": 1, "b": null}')
        self.assertEqual(meaning(body), meaning((*body[:3], b'{"a": 1}')))
        self.assertNotEqual(meaning(body), meaning((*body[:3], b'{"a": "1"}')))

    def test_the_simulator_is_elevenlabs_to_the_sdk(self) -> None:
        self.assertIn(AGENT, [agent.agent_id for agent in self.agents.agents.list().agents])
        placed = self.agents.twilio.outbound_call(agent_id=AGENT, agent_phone_number_id=NUMBER, to_number=PERSON)
        self.assertTrue(placed.success and placed.call_sid)
        settle()
        call = self.agents.conversations.get(placed.conversation_id)
        self.assertEqual((call.status, call.metadata.phone_call.external_number), ("done", PERSON))
        summary = self.agents.conversations.get_summary(placed.conversation_id, max_messages=50)
        self.assertEqual(summary.transcript_summary, call.analysis.transcript_summary)
        listed = self.agents.conversations.list(agent_id=AGENT, page_size=100).conversations
        self.assertIn(placed.conversation_id, [item.conversation_id for item in listed])

    def test_a_batch_is_made_and_looked_at(self) -> None:
        made = self.agents.batch_calls.create(
            call_name="Entregas",
            agent_id=AGENT,
            agent_phone_number_id=NUMBER,
            recipients=[OutboundCallRecipient(phone_number=PERSON, conversation_initiation_client_data=data())],
        )
        settle()
        batch = self.agents.batch_calls.get(made.id)
        self.assertEqual((batch.status, batch.recipients[0].status), ("completed", "completed"))

    def test_the_sdk_verifies_a_webhook_and_refuses_a_changed_one(self) -> None:
        listener = Listener()
        self.addCleanup(listener.close)
        made = self.client.webhooks.create(settings=WebhookHmacSettings(name="llamadas", webhook_url=listener.url))
        placed = self.agents.twilio.outbound_call(agent_id=AGENT, agent_phone_number_id=NUMBER, to_number=PERSON)
        settle()
        told = listener.all()
        self.assertTrue(told)
        for _, _, headers, body in told:
            signature = {name.lower(): value for name, value in headers.items()}["elevenlabs-signature"]
            event = self.client.webhooks.construct_event(body.decode(), signature, made.webhook_secret)
            self.assertEqual(event["data"]["conversation_id"], placed.conversation_id)
            with self.assertRaises(BadRequestError):
                self.client.webhooks.construct_event(body.decode() + " ", signature, made.webhook_secret)

    def test_the_sdk_writes_with_an_agent_of_the_simulator(self) -> None:
        answers: Queue = Queue()
        config = ConversationInitiationData(
            conversation_config_override={"agent": {"first_message": ""}, "conversation": {"text_only": True}},
            dynamic_variables={"client_name": "Ana"},
        )
        conversation = Conversation(
            self.client,
            AGENT,
            requires_auth=True,
            config=config,
            callback_agent_response=answers.put,
        )
        conversation.start_session()
        self.addCleanup(conversation.end_session)
        for _ in range(100):
            if conversation._ws:
                break
            time.sleep(0.1)
        conversation.send_contextual_update("She chose Thursday.")
        conversation.send_user_message("¿A qué hora llega?")
        self.assertIn("«¿A qué hora llega?»", answers.get(timeout=20))

    def test_what_the_simulator_refuses_is_an_error_of_the_sdk(self) -> None:
        for client, ask, status in [
            (ElevenLabs(api_key="sk_another", base_url=SIMULATOR), AGENT, 401),
            (self.client, "agent_gone", 404),
        ]:
            with self.assertRaises(ApiError) as raised:
                client.conversational_ai.conversations.get_signed_url(agent_id=ask)
            self.assertEqual(raised.exception.status_code, status)


def settle() -> None:
    """Waits until every call has ended and was told of."""
    settled = httpx.get(f"{SIMULATOR}/_simulator/elevenlabs/settled", timeout=20)
    assert settled.json() == {"done": True}, settled.text


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
