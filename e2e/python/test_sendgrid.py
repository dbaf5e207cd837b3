"""SendGrid's own client for Python takes the simulator for SendGrid: mails, what becomes of them, mail that comes."""

import base64
import json
import os
import queue
import sys
import threading
import time
import unittest
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from python_http_client.exceptions import BadRequestsError, ForbiddenError, NotFoundError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader
from sendgrid.helpers.inbound.config import Config
from sendgrid.helpers.inbound.parse import Parse
from sendgrid.helpers.mail import (
    Asm, Attachment, BatchId, Category, CustomArg, Disposition, FileContent, FileName, FileType, GroupId, GroupsToDisplay, Header, Mail, MailSettings,
    SandBoxMode, SendAt, To,
)
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

SIMULATOR = os.environ["SIMULATOR_URL"]
KEY = "SG.simulated-api-key"
WEBHOOK_KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQYrjXtfZAjuuLqVCHSp2gAywtX1lw8xTDI11uTaWp+dxi+PFpfMJCkwnaWKuPZRTr5CNp/1shNbghJB+P+luNg=="
SIGNATURE = EventWebhookHeader.SIGNATURE.lower()
TIMESTAMP = EventWebhookHeader.TIMESTAMP.lower()
SENDER = "ventas@example.org"
ANA = "ana@example.com"
DOMAIN = "entrada.example.org"
TEMPLATE = "d-00000000000000000000000000000001"
GROUP = 7


def control(path: str, body=None) -> dict:
    answer = httpx.post(f"{SIMULATOR}/_simulator/{path}", json={} if body is None else body)
    answer.raise_for_status()
    return answer.json()


class Receiver(BaseHTTPRequestHandler):
    """Where webhooks go."""

    posts: queue.Queue = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_) -> None:
        """Says nothing."""


def mail() -> Mail:
    return Mail(from_email=SENDER, to_emails=ANA, subject="Presupuesto ñ", plain_text_content="Hola", html_content="<p>Hola</p>")


class SendgridTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.web = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.web.shutdown()

    def setUp(self) -> None:
        control("reset")
        control("config", {"sendgrid": {"event_url": self.url("events"), "parse": []}})
        while not Receiver.posts.empty():
            Receiver.posts.get_nowait()
        self.sendgrid = SendGridAPIClient(KEY, host=SIMULATOR)
        self.client = self.sendgrid.client

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.web.server_port}/{path}"

    def test_a_mail_goes_out_and_its_events_verify(self) -> None:
        control("sendgrid/recipients", {"email": ANA, "outcome": "opened"})
        whole = mail()
        whole.add_category(Category("ofertas"))
        whole.add_custom_arg(CustomArg("pedido", "A-1001"))
        whole.add_header(Header("X-Campaign", "otono"))
        file = base64.b64encode(b"%PDF-1.4").decode()
        whole.attachment = Attachment(FileContent(file), FileName("a.pdf"), FileType("application/pdf"), Disposition("attachment"))
        whole.asm = Asm(GroupId(GROUP), GroupsToDisplay([GROUP]))
        sent = self.sendgrid.send(whole)
        self.assertEqual(sent.status_code, 202)
        told = self.events(["processed", "delivered", "open"])
        for event in told.values():
            self.assertEqual((event["email"], event["pedido"], event["category"]), (ANA, "A-1001", "ofertas"))
            self.assertTrue(event["sg_message_id"].startswith(sent.headers["X-Message-Id"]))
        self.assertEqual(self.violations(), [])

    def test_what_was_changed_does_not_verify(self) -> None:
        self.sendgrid.send(mail())
        headers, body = Receiver.posts.get(timeout=10)
        self.assertTrue(self.verifies(headers, body))
        self.assertFalse(self.verifies(headers, body.replace(ANA.encode(), b"eva@example.com")))
        self.assertFalse(self.verifies(headers, body.strip()), "the line break at the end is signed, too")
        later = headers | {TIMESTAMP: str(int(headers[TIMESTAMP]) + 1)}
        self.assertFalse(self.verifies(later, body))

    def test_a_bounce_is_told_and_suppresses(self) -> None:
        control("sendgrid/recipients", {"email": ANA, "outcome": "bounced"})
        self.sendgrid.send(mail())
        bounced = self.events(["processed", "bounce"])["bounce"]
        self.assertEqual((bounced["type"], bounced["status"]), ("bounce", "5.1.1"))
        held = self.client.suppression.bounces.get()
        self.assertEqual([one["email"] for one in json.loads(held.body)], [ANA])
        self.sendgrid.send(mail())
        self.assertEqual(self.events(["dropped"])["dropped"]["reason"], "Bounced Address")
        self.assertEqual(self.client.suppression.bounces._(ANA).delete().status_code, 204)
        with self.assertRaises(NotFoundError):
            self.client.suppression.bounces._(ANA).delete()

    def test_the_sandbox_sends_nothing(self) -> None:
        quiet = mail()
        quiet.mail_settings = MailSettings(sandbox_mode=SandBoxMode(True))
        self.assertEqual(self.sendgrid.send(quiet).status_code, 200)
        httpx.get(f"{SIMULATOR}/_simulator/sendgrid/settled").raise_for_status()
        self.assertTrue(Receiver.posts.empty())

    def test_a_template_goes_to_several_each_with_their_own(self) -> None:
        people = [To(f"{name}@example.com", dynamic_template_data={"nombre": name}) for name in ("ana", "luis")]
        several = Mail(from_email=SENDER, to_emails=people, is_multiple=True)
        several.template_id = TEMPLATE
        self.assertEqual(self.sendgrid.send(several).status_code, 202)
        listed = self.client.templates.get(query_params={"generations": "dynamic", "page_size": 10})
        self.assertIn(TEMPLATE, [one["id"] for one in json.loads(listed.body)["result"]])
        made = json.loads(self.client.templates.post(request_body={"name": "nueva", "generation": "dynamic"}).body)
        version = {"name": "una", "subject": "{{asunto}}", "html_content": "<p>{{nombre}}</p>", "active": 1}
        versions = self.client.templates._(made["id"]).versions
        made_version = json.loads(versions.post(request_body=version).body)
        self.assertEqual(versions._(made_version["id"]).activate.post().status_code, 200)
        self.assertEqual(self.client.templates._(made["id"]).delete().status_code, 204)

    def test_a_scheduled_mail_is_withdrawn(self) -> None:
        batch = json.loads(self.client.mail.batch.post().body)["batch_id"]
        self.assertEqual(self.client.mail.batch._(batch).get().status_code, 200)
        later = mail()
        later.batch_id, later.send_at = BatchId(batch), SendAt(int(time.time()) + 3600)
        self.assertEqual(self.sendgrid.send(later).status_code, 202)
        stopped = self.client.user.scheduled_sends.post(request_body={"batch_id": batch, "status": "cancel"})
        self.assertEqual(stopped.status_code, 201)
        self.assertEqual(control("sendgrid/release")["sent"], 0)

    def test_who_leaves_a_group_or_everything_is_left_alone(self) -> None:
        self.client.asm.suppressions._("global").post(request_body={"recipient_emails": [ANA]})
        self.sendgrid.send(mail())
        self.assertEqual(self.events(["dropped"])["dropped"]["reason"], "Unsubscribed Address")
        groups = json.loads(self.client.asm.groups.get().body)
        self.assertEqual([group["id"] for group in groups], [GROUP])
        members = self.client.asm.groups._(GROUP).suppressions
        members.post(request_body={"recipient_emails": ["luis@example.com"]})
        self.assertEqual(json.loads(members.get().body), ["luis@example.com"])

    def test_refusals_are_errors_with_sendgrids_words(self) -> None:
        with self.assertRaises(UnauthorizedError):
            SendGridAPIClient("SG.another-key", host=SIMULATOR).send(mail())
        with self.assertRaises(ForbiddenError) as refused:
            self.sendgrid.send(Mail(from_email="x@other.example", to_emails=ANA, subject="a", plain_text_content="b"))
        self.assertEqual(refused.exception.to_dict["errors"][0]["field"], "from")
        with self.assertRaises(BadRequestsError) as refused:
            self.client.mail.send.post(request_body={"personalizations": [], "from": {"email": SENDER}})
        self.assertEqual(refused.exception.to_dict["errors"][0]["field"], "personalizations")

    def test_the_keys_and_settings_of_webhooks_are_told(self) -> None:
        hooks = self.client.user.webhooks
        key = json.loads(hooks.event.settings.signed._("1").get().body)["public_key"]
        self.assertEqual(key, WEBHOOK_KEY)
        self.parse_at(raw=True)
        settings = json.loads(hooks.parse.settings.get().body)["result"]
        self.assertEqual([(one["hostname"], one["send_raw"]) for one in settings], [(DOMAIN, True)])

    def test_mail_that_comes_is_read_by_the_helper(self) -> None:
        for raw in (False, True):
            self.parse_at(raw)
            file = {"name": "plano.png", "content_type": "image/png", "content": base64.b64encode(b"png").decode()}
            written = {"from": "Ana Ñ <ana@example.com>", "to": [f"ventas@{DOMAIN}"], "subject": "Consulta ñ", "text": "¿Sigue?", "files": [file]}
            control("sendgrid/inbound", written)
            headers, body = Receiver.posts.get(timeout=10)
            # The helper verifies what is UTF-8, which these forms are.
            self.assertTrue(self.verifies(headers, body))
            builder = EnvironBuilder(method="POST", data=body, content_type=headers["content-type"])
            parse = Parse(Config(), Request(builder.get_environ()))
            fields = parse.key_values()
            self.assertEqual((fields["subject"], fields["from"]), ("Consulta ñ", "Ana Ñ <ana@example.com>"))
            self.assertEqual(json.loads(fields["envelope"])["to"], [f"ventas@{DOMAIN}"])
            names = [one["file_name"] for one in parse.attachments()]
            self.assertIn("plano.png", names)
            if raw:
                subject = parse.get_raw_email()["Subject"]
                self.assertEqual(str(make_header(decode_header(subject))), "Consulta ñ")
            else:
                self.assertEqual(fields["text"], "¿Sigue?")

    def parse_at(self, raw: bool) -> None:
        control("config", {"sendgrid": {"parse": [{"hostname": DOMAIN, "url": self.url("mail"), "send_raw": raw}]}})

    def verifies(self, headers: dict, body: bytes) -> bool:
        return EventWebhook(WEBHOOK_KEY).verify_signature(body.decode(), headers[SIGNATURE], headers[TIMESTAMP])

    def events(self, expected: list[str]) -> dict[str, dict]:
        """Waits for these events, each once; every webhook verifies."""
        told: dict[str, dict] = {}
        while set(told) != set(expected):
            headers, body = Receiver.posts.get(timeout=10)
            self.assertTrue(self.verifies(headers, body), body)
            for event in json.loads(body):
                self.assertIn(event["event"], expected)
                self.assertNotIn(event["event"], told)
                told[event["event"]] = event
        return told

    def violations(self) -> list:
        return httpx.get(f"{SIMULATOR}/_simulator/ledger", params={"list": "violations"}).json()["entries"]


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False, warnings="ignore").result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
