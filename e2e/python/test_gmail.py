"""Google's own client for Python takes the simulator for Google: OAuth, mailboxes, uploads, batches, pushes."""

import base64
import email
import email.message
import email.policy
import io
import json
import os
import queue
import sys
import threading
import time
import unittest
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import google.auth.exceptions
import google.auth.transport.requests
import googleapiclient
import httpx
from google.oauth2 import credentials, id_token, service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

SIMULATOR = os.environ["SIMULATOR_URL"]
ANA = "ana@example.com"
BRUNO = "bruno@example.com"
CLIENT_ID = "1234567890-simulated.apps.googleusercontent.com"
CLIENT_SECRET = "simulated-client-secret"
REFRESH_TOKENS = {ANA: "1//simulated", BRUNO: "1//simulated-second"}
TOPIC = "projects/simulated/topics/gmail"
PUSH_ACCOUNT = "gmail-push@simulated.iam.gserviceaccount.com"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
SEND = "https://www.googleapis.com/auth/gmail.send"


def document() -> dict:
    """Google's description as the package brings it, with the simulator for Google."""
    file = Path(googleapiclient.__file__).parent / "discovery_cache/documents/gmail.v1.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    described.update(rootUrl=f"{SIMULATOR}/", baseUrl=f"{SIMULATOR}/")
    return described


def gmail(given):
    return build_from_document(document(), credentials=given)


def refreshing(address: str) -> credentials.Credentials:
    return credentials.Credentials(
        None,
        refresh_token=REFRESH_TOKENS[address],
        token_uri=f"{SIMULATOR}/token",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


def control(path: str, body=None) -> dict:
    answer = httpx.post(f"{SIMULATOR}/_simulator/{path}", json=body or {})
    answer.raise_for_status()
    return answer.json()


def message(to: str, subject: str, text: str, **headers: str) -> email.message.EmailMessage:
    written = email.message.EmailMessage()
    written["To"], written["Subject"] = to, subject
    for name, value in headers.items():
        written[name.replace("_", "-")] = value
    written.set_content(text)
    return written


def raw(written: email.message.EmailMessage) -> str:
    return base64.urlsafe_b64encode(written.as_bytes()).decode()


class Receiver(BaseHTTPRequestHandler):
    """What Pub/Sub pushes to."""

    pushes: queue.Queue = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.pushes.put((self.headers["Authorization"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_) -> None:
        """Says nothing."""


class GmailTest(unittest.TestCase):
    def setUp(self) -> None:
        control("reset")
        self.gmail = gmail(refreshing(ANA))
        self.messages = self.gmail.users().messages()

    def test_a_message_is_sent_found_and_answered_in_its_thread(self) -> None:
        sent = self.messages.send(userId="me", body={"raw": raw(message(BRUNO, "Piso ñ", "¿Le interesa?", Message_ID="<a@example.com>"))}).execute()
        other = gmail(refreshing(BRUNO)).users()
        listed = other.messages().list(userId="me", q="rfc822msgid:a@example.com is:unread").execute()
        self.assertEqual(listed["resultSizeEstimate"], 1)
        received = other.messages().get(userId="me", id=listed["messages"][0]["id"]).execute()
        self.assertEqual(received["snippet"], "¿Le interesa?")
        whole = other.messages().get(userId="me", id=received["id"], format="raw").execute()
        read = email.message_from_bytes(base64.urlsafe_b64decode(whole["raw"]), policy=email.policy.default)
        self.assertEqual(read["Subject"], "Piso ñ")
        reply = message(ANA, "Re: Piso ñ", "Sí", In_Reply_To="<a@example.com>", References="<a@example.com>")
        other.messages().send(userId="me", body={"raw": raw(reply), "threadId": received["threadId"]}).execute()
        thread = self.gmail.users().threads().get(userId="me", id=sent["threadId"], format="metadata").execute()
        self.assertEqual(len(thread["messages"]), 2)

    def test_a_large_message_goes_in_pieces(self) -> None:
        written = message(BRUNO, "Fotos", "mira")
        written.add_attachment(os.urandom(2_000_000), maintype="image", subtype="jpeg", filename="año.jpg")
        media = MediaIoBaseUpload(io.BytesIO(written.as_bytes()), "message/rfc822", chunksize=1024 * 1024, resumable=True)
        request = self.messages.send(userId="me", body={}, media_body=media)
        answer, pieces = None, 0
        while answer is None:
            _, answer = request.next_chunk()
            pieces += 1
        self.assertGreaterEqual(pieces, 3)
        read = self.messages.get(userId="me", id=answer["id"]).execute()
        file = read["payload"]["parts"][1]
        self.assertEqual(file["filename"], "año.jpg")
        got = self.messages.attachments().get(userId="me", messageId=read["id"], id=file["body"]["attachmentId"]).execute()
        self.assertEqual(got["size"], 2_000_000)
        simple = MediaIoBaseUpload(io.BytesIO(message(BRUNO, "x", "y").as_bytes()), "message/rfc822")
        self.messages.send(userId="me", body={"threadId": answer["threadId"]}, media_body=simple).execute()

    def test_pages_labels_drafts_and_addresses(self) -> None:
        ids = {control("google/write", {"from": "eva@example.org", "to": ANA, "subject": f"n {n}", "text": "x"})["id"] for n in range(7)}
        found, request = set(), self.messages.list(userId="me", maxResults=3)
        while request is not None:
            answer = request.execute()
            found |= {one["id"] for one in answer["messages"]}
            request = self.messages.list_next(request, answer)
        self.assertEqual(found, ids)
        labels = self.gmail.users().labels()
        label = labels.create(userId="me", body={"name": "Clientes", "labelListVisibility": "labelShow"}).execute()
        self.messages.batchModify(userId="me", body={"ids": sorted(ids), "addLabelIds": [label["id"]], "removeLabelIds": ["UNREAD"]}).execute()
        self.assertEqual(labels.get(userId="me", id=label["id"]).execute()["messagesTotal"], 7)
        drafts = self.gmail.users().drafts()
        draft = drafts.create(userId="me", body={"message": {"raw": raw(message(BRUNO, "b", "c"))}}).execute()
        sent = drafts.send(userId="me", body={"id": draft["id"]}).execute()
        self.assertIn("SENT", sent["labelIds"])
        addresses = self.gmail.users().settings().sendAs().list(userId="me").execute()["sendAs"]
        self.assertTrue(addresses[0]["isPrimary"])

    def test_many_calls_go_in_one_batch(self) -> None:
        known = control("google/write", {"from": "eva@example.org", "to": ANA, "subject": "x", "text": "y"})["id"]
        outcomes = {}
        batch = self.gmail.new_batch_http_request(callback=lambda key, answer, error: outcomes.update({key: answer or error.resp.status}))
        batch.add(self.messages.get(userId="me", id=known, format="minimal"), request_id="known")
        batch.add(self.messages.get(userId="me", id="none"), request_id="none")
        batch.add(self.messages.modify(userId="me", id=known, body={"addLabelIds": ["STARRED"]}), request_id="starred")
        batch.execute()
        self.assertEqual(outcomes["known"]["id"], known)
        self.assertEqual(outcomes["none"], 404)
        self.assertIn("STARRED", outcomes["starred"]["labelIds"])

    def test_refusals_are_errors_with_googles_reason(self) -> None:
        control("faults", {"endpoint": "google.profile", "times": 1, "fault": {"kind": "error", "code": 429}})
        with self.assertRaises(HttpError) as refused:
            self.gmail.users().getProfile(userId="me").execute()
        self.assertEqual(refused.exception.error_details[0]["reason"], "rateLimitExceeded")
        self.assertIn("Retry after 20", refused.exception.reason)
        control(f"google/mailboxes/{ANA}/revoke")
        with self.assertRaises(google.auth.exceptions.RefreshError) as ended:
            gmail(refreshing(ANA)).users().getProfile(userId="me").execute()
        self.assertEqual(ended.exception.args[1]["error"], "invalid_grant")

    def test_a_code_becomes_credentials_and_its_id_token_is_googles(self) -> None:
        asked = {
            "client_id": CLIENT_ID, "redirect_uri": "http://127.0.0.1/back", "response_type": "code", "access_type": "offline",
            "prompt": "consent", "scope": f"openid email {MODIFY}",
        }
        page = f"{SIMULATOR}/o/oauth2/v2/auth?{urllib.parse.urlencode(asked)}"
        self.assertIn("wants access", httpx.get(page).text)
        location = control("google/consent", {"url": page, "account": BRUNO})["location"]
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"], "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        given = httpx.post(f"{SIMULATOR}/token", data=form).json()
        claims = self.verified(given["id_token"], CLIENT_ID)
        self.assertEqual(claims["email"], BRUNO)

    def test_a_service_account_speaks_for_a_mailbox(self) -> None:
        key = httpx.get(f"{SIMULATOR}/_simulator/google/service-account").json()
        account = service_account.Credentials.from_service_account_info(key, scopes=[MODIFY, SEND], subject=BRUNO)
        self.assertEqual(gmail(account).users().getProfile(userId="me").execute()["emailAddress"], BRUNO)

    def test_a_push_carries_a_token_that_google_auth_takes(self) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}/push"
        topics = httpx.get(f"{SIMULATOR}/_simulator/config").json()["google"]["topics"]
        topics[0]["subscriptions"][0]["endpoint"] = url
        control("config", {"google": {"topics": topics}})
        watch = self.gmail.users().watch(userId="me", body={"topicName": TOPIC, "labelIds": ["INBOX"]}).execute()
        self.assertGreater(int(watch["expiration"]), time.time() * 1000)
        written = control("google/write", {"from": "eva@example.org", "to": ANA, "subject": f"{uuid.uuid4()}", "text": "x"})["id"]
        authorization, pushed = Receiver.pushes.get(timeout=10)
        claims = self.verified(authorization.removeprefix("Bearer "), url)
        self.assertEqual((claims["email"], claims["email_verified"]), (PUSH_ACCOUNT, True))
        told = json.loads(base64.b64decode(pushed["message"]["data"]))
        self.assertEqual(told["emailAddress"], ANA)
        changes = self.gmail.users().history().list(userId="me", startHistoryId=watch["historyId"]).execute()
        self.assertEqual(changes["history"][0]["messagesAdded"][0]["message"]["id"], written)
        control(f"google/mailboxes/{ANA}/expire-history")
        with self.assertRaises(HttpError) as gone:
            self.gmail.users().history().list(userId="me", startHistoryId=watch["historyId"]).execute()
        self.assertEqual(gone.exception.resp.status, 404)

    def verified(self, token: str, audience: str) -> dict:
        request = google.auth.transport.requests.Request()
        return id_token.verify_token(token, request, audience=audience, certs_url=f"{SIMULATOR}/oauth2/v3/certs", clock_skew_in_seconds=5)


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False, warnings="ignore").result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
