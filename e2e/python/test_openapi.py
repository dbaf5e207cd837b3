"""Schemathesis: whatever is sent to a route of the server, the answer is one that its own description names."""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import httpx
import jwt

SERVER = os.environ["COMMS_SERVER_URL"]
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
PERSON = "+15005550124"

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# They answer for as long as somebody listens.
STREAMS = ("/ws", "/api/eventos")


def token() -> str:
    now = int(time.time())
    claims = {"id": 7, "rol": "admin", "organizacion_id": "principal", "iat": now, "exp": now + 3600}
    return jwt.encode(claims, os.environ["JWT_SECRET"], "HS256")


def api() -> httpx.Client:
    return httpx.Client(
        base_url=f"{SERVER}/api/comunicaciones", headers={"Authorization": f"Bearer {token()}"}, timeout=20
    )


def known_ids() -> dict[str, str]:
    """A message, its conversation and its person, so that not every id of the run is of nothing."""
    with api() as client:
        sent = client.post("/sms/enviar", json={"telefono": PERSON, "mensaje": "Hola"})
        assert sent.status_code in (200, 202), sent.text
        row = client.get("/historial").json()["data"][0]
        conversation = client.get("/conversaciones").json()["data"][0]
        people = client.get("/contactos").json()["data"]
    return {
        "mensajes": str(row["id"]),
        "conversaciones": conversation["id"],
        "contactos": people[0]["id"],
    }


def configuration(ids: dict[str, str]) -> str:
    """Schemathesis's own: the ids by the routes that take them."""
    lines = [f"seed = {SEED}"]
    for place, value in ids.items():
        pattern = f"/{place}/[{{]id[}}]"
        lines += ["[[operations]]", f'include-path-regex = "{pattern}"', f'parameters = {{ "path.id" = "{value}" }}']
    return "\n".join(lines)


def run(folder: Path, document: str, *more: str) -> subprocess.CompletedProcess:
    (folder / "openapi.json").write_text(document, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "openapi.json"]
    command += ["--url", SERVER, "-H", f"Authorization: Bearer {token()}", "--checks", ",".join(CHECKS)]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--request-timeout", "20"]
    command += ["--suppress-health-check", "all", "--continue-on-failure", "--no-color", "--warnings", "off", *more]
    for stream in STREAMS:
        command += ["--exclude-path", stream]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


class DescriptionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.document = httpx.get(f"{SERVER}/openapi.json", timeout=20).text
        cls.ids = known_ids()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def configure(self, text: str) -> None:
        (self.folder / "schemathesis.toml").write_text(text, encoding="utf-8")

    def judge(self, done: subprocess.CompletedProcess) -> None:
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])

    def test_whatever_is_asked_for_the_answer_is_described(self) -> None:
        self.configure(f"seed = {SEED}\n")
        self.judge(run(self.folder, self.document))

    def test_what_is_asked_of_things_that_exist_is_described(self) -> None:
        self.configure(configuration(self.ids))
        self.judge(run(self.folder, self.document, "--include-path-regex", "|".join(self.ids)))

    def test_an_answer_that_is_not_described_is_noticed(self) -> None:
        self.configure(configuration(self.ids))
        document = json.loads(self.document)
        path = "/api/comunicaciones/mensajes/{id}"
        del document["paths"][path]["get"]["responses"]["200"]
        done = run(self.folder, json.dumps(document), "--include-path", path)
        self.assertEqual(done.returncode, 1, done.stdout[-4000:] + done.stderr[-2000:])
        self.assertIn("Undocumented status code", done.stdout)


if __name__ == "__main__":
    outcome = unittest.main(verbosity=2, exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{max(outcome.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(failed > 0)
