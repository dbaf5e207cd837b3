"""Each request of our Gmail client, against Google's own description of its API."""

import json
import os
import subprocess
import sys
import threading
import unittest

from lib_gmail_judge import Judge

# What the client does not know: settings that the toolkit has no use for, and a second way to change a label or an address.
UNKNOWN = ("gmail.users.settings.", "gmail.users.labels.update")
KNOWN_SETTINGS = {"gmail.users.settings.sendAs.get", "gmail.users.settings.sendAs.list", "gmail.users.settings.sendAs.patch"}

USER = "/gmail/v1/users/me"
TOKEN = {"Authorization": "Bearer t"}
JSON = TOKEN | {"Content-Type": "application/json"}
RELATED = TOKEN | {"Content-Type": "multipart/related; boundary=b"}
META = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n"
MESSAGE = b"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: a@b\r\n\r\nx\r\n"

RIGHT = [
    ("GET", f"{USER}/messages?q=x&labelIds=A&labelIds=B&maxResults=5&includeSpamTrash=true", TOKEN, b""),
    ("POST", f"{USER}/messages/send", JSON, b'{"raw": "aG9sYQ", "threadId": "1"}'),
    ("POST", f"/upload{USER}/messages/send?uploadType=multipart", RELATED, META + MESSAGE + b"--b--"),
    ("GET", f"{USER}/history?startHistoryId=12&historyTypes=messageAdded&historyTypes=labelAdded", TOKEN, b""),
]
WRONG = [
    ("GET", f"{USER}/messages", {}, b""),
    ("GET", f"{USER}/messages?colour=red", TOKEN, b""),
    ("GET", f"{USER}/messages?q=x&q=y", TOKEN, b""),
    ("GET", f"{USER}/messages?maxResults=many", TOKEN, b""),
    ("GET", f"{USER}/messages?includeSpamTrash=yes", TOKEN, b""),
    ("GET", f"{USER}/messages/1?format=long", TOKEN, b""),
    ("GET", f"{USER}/messages/1/2/3", TOKEN, b""),
    ("PATCH", f"{USER}/messages/1", TOKEN, b""),
    ("GET", f"{USER}/profile", JSON, b"{}"),
    ("GET", f"{USER}/history?startHistoryId=soon", TOKEN, b""),
    ("GET", f"{USER}/history?startHistoryId=1&historyTypes=messageadded", TOKEN, b""),
    ("POST", f"{USER}/messages/send", TOKEN, b'{"raw": "aG9sYQ"}'),
    ("POST", f"{USER}/messages/send", JSON, b'{"raw": "a b+/"}'),
    ("POST", f"{USER}/messages/send", JSON, b'{"raw": "aG9sYQ", "thread_id": "1"}'),
    ("POST", f"{USER}/messages/send", JSON, b'{"raw": 7}'),
    ("POST", f"{USER}/messages/1/modify", JSON, b'{"addLabelIds": "STARRED"}'),
    ("POST", f"{USER}/labels", JSON, b'{"name": "x", "labelListVisibility": "always"}'),
    ("POST", f"{USER}/messages/send", JSON, b"{"),
    ("POST", f"/upload{USER}/messages/send", RELATED, META + MESSAGE + b"--b--"),
    ("POST", f"/upload{USER}/messages/send?uploadType=multipart", RELATED, MESSAGE + META + b"--b--"),
    ("POST", f"/upload{USER}/messages/send?uploadType=multipart", RELATED, META + b"--b--"),
    ("POST", f"/upload{USER}/messages/1/modify?uploadType=multipart", RELATED, META + MESSAGE + b"--b--"),
]


class SpecificationTest(unittest.TestCase):
    def test_the_judge_takes_what_is_described_and_nothing_else(self) -> None:
        judge = Judge()
        for call in RIGHT:
            self.assertEqual(judge.judge(*call)[1], [], call)
        for call in WRONG:
            self.assertNotEqual(judge.judge(*call)[1], [], call)

    def test_every_call_of_the_client_is_as_google_describes_it(self) -> None:
        judge = Judge()
        server = judge.serve()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = os.environ | {"GMAIL_API_BASE": f"http://127.0.0.1:{server.server_port}"}
        done = subprocess.run([os.environ["GMAIL_CALLS"]], env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((judge.refused, done.returncode), ([], 0), f"{json.dumps(judge.refused, indent=1)}\n{done.stderr[-4000:]}")
        described = {method["id"] for _, method, _ in judge.methods}
        expected = {name for name in described if not name.startswith(UNKNOWN)} | KNOWN_SETTINGS
        self.assertEqual(judge.seen, expected)


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
