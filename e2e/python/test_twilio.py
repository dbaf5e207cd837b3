"""Twilio's own SDK for Python: before the simulator it takes it for Twilio, before the server it is Twilio."""

import os
import sys
import time
import unittest
import uuid

import httpx
import jwt
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.request_validator import RequestValidator
from twilio.rest import Client

SIMULATOR = os.environ["SIMULATOR_URL"]
SERVER = os.environ["COMMS_SERVER_URL"]
ACCOUNT = os.environ["TWILIO_ACCOUNT_SID"]
AUTH_TOKEN = os.environ["TWILIO_AUTH_TOKEN"]
NUMBER = os.environ["TWILIO_PHONE_NUMBER"]
KEY = os.environ["TWILIO_API_KEY_SID"]
KEY_SECRET = os.environ["TWILIO_API_KEY_SECRET"]
APP = os.environ["TWILIO_TWIML_APP_SID"]
CUSTOMER = "+15005550124"
SELLER = 7


class Simulated(TwilioHttpClient):
    """Sends to the simulator what is meant for Twilio."""

    def request(self, method, url, *arguments, **named):
        return super().request(method, url.replace("https://api.twilio.com", SIMULATOR), *arguments, **named)


class TwilioTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.client = Client(ACCOUNT, AUTH_TOKEN, http_client=Simulated())

    def test_a_token_of_the_server_decodes_as_the_sdks_own(self) -> None:
        answer = api("POST", "/voz/token")
        decoded = AccessToken.from_jwt(answer["token"], KEY_SECRET)
        own = AccessToken(ACCOUNT, KEY, KEY_SECRET, identity=answer["identity"])
        own.add_grant(VoiceGrant(outgoing_application_sid=APP, incoming_allow=True))
        expected = AccessToken.from_jwt(own.to_jwt(), KEY_SECRET)
        self.assertEqual(decoded.payload["grants"], expected.payload["grants"])
        self.assertEqual(decoded.headers["cty"], expected.headers["cty"])
        self.assertEqual((decoded.issuer, decoded.subject), (KEY, ACCOUNT))

    def test_a_webhook_that_the_sdk_signed_is_taken(self) -> None:
        body = f"Hola ñ & € {uuid.uuid4()}"
        url = f"{SERVER}/api/comunicaciones/webhook/sms"
        form = {
            "MessageSid": f"SM{uuid.uuid4().hex}",
            "AccountSid": ACCOUNT,
            "From": CUSTOMER,
            "To": NUMBER,
            "Body": body,
            "NumMedia": "0",
        }
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, form)
        taken = httpx.post(url, data=form, headers={"X-Twilio-Signature": signature})
        self.assertEqual(taken.status_code, 200)
        self.assertIn(body, [row["contenido"] for row in api("GET", "/historial?canal=sms")])
        form["Body"] = "otra cosa"
        refused = httpx.post(url, data=form, headers={"X-Twilio-Signature": signature})
        self.assertEqual(refused.status_code, 401)

    def test_the_rest_client_sends_lists_page_by_page_and_places_a_call(self) -> None:
        bodies = {str(uuid.uuid4()) for _ in range(5)}
        for body in bodies:
            self.client.messages.create(to=CUSTOMER, from_=NUMBER, body=body)
        listed = [message.body for message in self.client.messages.stream(to=CUSTOMER, page_size=2)]
        self.assertEqual({body for body in listed if body in bodies}, bodies)
        placed = self.client.calls.create(to=CUSTOMER, from_=NUMBER, twiml="<Response><Say>Hola</Say></Response>")
        self.assertEqual(self.client.calls(placed.sid).fetch().sid, placed.sid)

    def test_what_the_simulator_refuses_is_an_error_with_the_code_of_twilio(self) -> None:
        with self.assertRaises(TwilioRestException) as refused:
            self.client.messages.create(to="+15005550001", from_="+15005550006", body="hola")
        self.assertEqual((refused.exception.status, refused.exception.code), (400, 21211))


def api(method: str, path: str):
    """A call of the API as the seller."""
    claims = {"id": SELLER, "rol": "vendedor", "exp": int(time.time()) + 600}
    token = jwt.encode(claims, os.environ["JWT_SECRET"], algorithm="HS256")
    answer = httpx.request(
        method, f"{SERVER}/api/comunicaciones{path}", headers={"authorization": f"Bearer {token}"}
    )
    answer.raise_for_status()
    return answer.json()["data"]


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
