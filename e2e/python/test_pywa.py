"""pywa, a client of the WhatsApp Cloud API that is not ours, takes the simulator for Meta."""

import logging
import os
import pathlib
import queue
import sys
import tempfile
import threading
import unittest

import flask
import httpx
import pywa
from pywa import types
from werkzeug.serving import make_server

SIMULATOR = os.environ["SIMULATOR_URL"]
PHONE_ID = os.environ["WHATSAPP_PHONE_NUMBER_ID"]
CUSTOMER = "16505551234"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Simulated(httpx.HTTPTransport):
    """Sends to the simulator what is meant for Meta: pywa knows no other address."""

    def __init__(self) -> None:
        super().__init__()
        self.subscribed = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        base = httpx.URL(SIMULATOR)
        if request.url.host == "graph.facebook.com":
            request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
            request.headers["host"] = base.netloc.decode()
        response = super().handle_request(request)
        if request.url.path.endswith("/subscriptions") and response.status_code == 200:
            self.subscribed.set()
        return response


class PywaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        app = flask.Flask(__name__)
        cls.web = make_server("127.0.0.1", 0, app, threaded=True)
        cls.messages: queue.Queue[types.Message] = queue.Queue()
        cls.statuses: queue.Queue[types.MessageStatus] = queue.Queue()
        cls.refused: list[int] = []
        app.after_request(cls.note)
        transport = Simulated()
        cls.whatsapp = pywa.WhatsApp(
            phone_id=PHONE_ID,
            token=os.environ["WHATSAPP_ACCESS_TOKEN"],
            session=httpx.Client(transport=transport),
            server=app,
            webhook_endpoint="/webhook",
            callback_url=f"http://127.0.0.1:{cls.web.server_port}",
            webhook_challenge_delay=0,
            verify_token="a-token-of-the-test",
            app_id=os.environ["WHATSAPP_APP_ID"],
            app_secret=os.environ["WHATSAPP_APP_SECRET"],
        )
        cls.whatsapp.on_message()(lambda _, message: cls.messages.put(message))
        cls.whatsapp.on_message_status()(lambda _, status: cls.statuses.put(status))
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        if not transport.subscribed.wait(10):
            raise TimeoutError("the simulator did not accept the webhook address")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.web.shutdown()

    @classmethod
    def note(cls, response: flask.Response) -> flask.Response:
        if response.status_code != 200:
            cls.refused.append(response.status_code)
        return response

    def test_a_text_is_sent_and_its_statuses_arrive(self) -> None:
        self.open_window()
        sent = self.whatsapp.send_message(to=CUSTOMER, text="Hola desde pywa")
        self.assertTrue(sent.id.startswith("wamid."))
        self.await_statuses(sent.id)

    def test_a_template_is_sent_with_its_parameters(self) -> None:
        body = types.templates.BodyText.params("Mark", "A-1001")
        sent = self.whatsapp.send_template(
            to=CUSTOMER,
            name="order_update",
            language=types.templates.TemplateLanguage.ENGLISH_US,
            params=[body],
        )
        self.await_statuses(sent.id)

    def test_an_unknown_template_is_refused_with_metas_code(self) -> None:
        with self.assertRaises(pywa.errors.TemplateNotExists):
            self.whatsapp.send_template(
                to=CUSTOMER, name="no_such_template", language=types.templates.TemplateLanguage.ENGLISH_US
            )

    def test_an_image_is_uploaded_sent_and_downloaded(self) -> None:
        self.open_window()
        media = self.whatsapp.upload_media(PIXEL, mime_type="image/png", filename="pixel.png")
        sent = self.whatsapp.send_image(to=CUSTOMER, image=media.id, caption="un pixel")
        self.await_statuses(sent.id)

        found = self.whatsapp.get_media_url(media.id)
        self.assertEqual(found.mime_type, "image/png")
        with tempfile.TemporaryDirectory() as folder:
            path = found.download(path=pathlib.Path(folder), filename="pixel.png")
            self.assertEqual(path.read_bytes(), PIXEL)

    def test_a_message_arrives_signed(self) -> None:
        message = self.customer_writes("¿Sigue disponible?")
        self.assertEqual(message.text, "¿Sigue disponible?")
        self.assertEqual(message.from_user.wa_id, CUSTOMER)
        self.assertEqual(self.refused, [])

    def test_pywa_refuses_what_is_not_signed(self) -> None:
        address = f"http://127.0.0.1:{self.web.server_port}/webhook"
        refused = httpx.post(address, json={"object": "whatsapp_business_account", "entry": []})
        self.assertEqual(refused.status_code, 401)
        self.refused.remove(401)

    def open_window(self) -> None:
        """Free text is for customers who wrote within the last day."""
        self.customer_writes("hola")

    def customer_writes(self, text: str) -> types.Message:
        answer = httpx.post(
            f"{SIMULATOR}/_simulator/inbound",
            json={"from": {"wa_id": CUSTOMER, "name": "Ana"}, "content": {"type": "text", "body": text}},
        )
        answer.raise_for_status()
        while (message := self.messages.get(timeout=10)).text != text:
            pass
        return message

    def await_statuses(self, message_id: str) -> None:
        """Waits for every status of a message that is read; they may arrive in any order."""
        missing = {"sent", "delivered", "read"}
        while missing:
            status = self.statuses.get(timeout=10)
            if status.id == message_id:
                missing.discard(status.status.value)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    outcome = unittest.main(verbosity=2, exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
