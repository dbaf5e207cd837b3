"""Gmail as its own description has it: a mock that answers what is described and notes what is not allowed."""

import json
import re
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import googleapiclient

NUMBERS = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1)}
TEXT_NUMBERS = {"int64": r"-?\d{1,19}", "uint64": r"\d{1,20}"}
BASE64 = re.compile(r"[A-Za-z0-9_-]*={0,2}")
DEEPEST = 4


def description() -> dict:
    """Google's own, as its client for Python brings it."""
    file = Path(googleapiclient.__file__).parent / "discovery_cache/documents/gmail.v1.json"
    return json.loads(file.read_text(encoding="utf-8"))


class Judge:
    """Knows every method of the description."""

    def __init__(self) -> None:
        self.document = description()
        self.methods = list(self.flat(self.document["resources"]))
        self.seen: set[str] = set()
        self.refused: list[dict] = []

    def flat(self, resources: dict):
        for resource in resources.values():
            for method in resource.get("methods", {}).values():
                paths = [(method["path"], False)]
                paths += [(way["path"].lstrip("/"), True) for way in method.get("mediaUpload", {}).get("protocols", {}).values()]
                for path, uploads in paths:
                    pattern = re.compile("/" + re.sub(r"\\{\\?\+?(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)) + "$")
                    yield pattern, method, uploads
            yield from self.flat(resource.get("resources", {}))

    def find(self, verb: str, path: str):
        for pattern, method, uploads in self.methods:
            if method["httpMethod"] == verb and pattern.match(path):
                return method, uploads
        return None, False

    def judge(self, verb: str, target: str, headers, body: bytes) -> tuple[dict | None, list[str]]:
        """The method that is meant, and what is wrong with the call."""
        url = urllib.parse.urlsplit(target)
        method, uploads = self.find(verb, url.path)
        if method is None:
            return None, [f"{verb} {url.path} is not described"]
        wrong = [] if str(headers.get("Authorization", "")).startswith("Bearer ") else ["no bearer token"]
        wrong += self.query(method, urllib.parse.parse_qsl(url.query, keep_blank_values=True), uploads)
        wrong += self.upload(method, headers, body) if uploads else self.plain(method, headers, body)
        return method, wrong

    def query(self, method: dict, pairs: list, uploads: bool) -> list[str]:
        known = {name: of for name, of in method.get("parameters", {}).items() if of["location"] == "query"}
        known |= self.document["parameters"]
        names = [name for name, _ in pairs]
        wrong = [f"unknown parameter {name}" for name in names if name not in known]
        wrong += [f"missing parameter {name}" for name, of in known.items() if of.get("required") and name not in names]
        wrong += [f"{name} repeats" for name in set(names) if names.count(name) > 1 and not known.get(name, {}).get("repeated")]
        for name, value in pairs:
            wrong += self.text(name, known.get(name, {}), value)
        if uploads and dict(pairs).get("uploadType") not in ("media", "multipart", "resumable"):
            wrong.append("an upload without uploadType")
        return wrong

    def text(self, name: str, of: dict, value: str) -> list[str]:
        kind, form = of.get("type"), of.get("format")
        if "enum" in of and value not in of["enum"]:
            return [f"{name}: {value!r} is none of {of['enum']}"]
        if kind == "boolean" and value not in ("true", "false"):
            return [f"{name}: {value!r} is no boolean"]
        if kind == "integer" and not (re.fullmatch(r"-?\d+", value) and NUMBERS[form][0] <= int(value) <= NUMBERS[form][1]):
            return [f"{name}: {value!r} is no {form}"]
        if form in TEXT_NUMBERS and not re.fullmatch(TEXT_NUMBERS[form], value):
            return [f"{name}: {value!r} is no {form}"]
        return []

    def plain(self, method: dict, headers, body: bytes) -> list[str]:
        if "request" not in method:
            return ["a body where none is described"] if body else []
        if headers.get("Content-Type", "").split(";")[0] != "application/json":
            return ["the body is not declared as JSON"]
        return self.document_of(method["request"]["$ref"], body)

    def upload(self, method: dict, headers, body: bytes) -> list[str]:
        media = method["mediaUpload"]
        match = re.fullmatch(r"multipart/related; boundary=\"?([^\";]+)\"?", headers.get("Content-Type", ""))
        if not match:
            return ["an upload that is not multipart/related"]
        pieces = body.split(b"--" + match[1].encode())
        if len(pieces) != 4 or pieces[0].strip() or pieces[3].strip() != b"--":
            return ["an upload of other than two parts"]
        (kind, metadata), (message_kind, message) = (self.part(piece) for piece in pieces[1:3])
        wrong = [] if kind == "application/json" else [f"the first part is {kind}"]
        if not any(re.fullmatch(accepted.replace("*", ".+"), message_kind) for accepted in media["accept"]):
            wrong.append(f"the second part is {message_kind}")
        if len(message) > int(media["maxSize"]):
            wrong.append("the message is too long")
        return wrong + self.document_of(method["request"]["$ref"], metadata)

    @staticmethod
    def part(piece: bytes) -> tuple[str, bytes]:
        head, _, content = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        found = re.search(r"content-type:\s*([^;\r\n]+)", head.decode(), re.IGNORECASE)
        return (found[1].strip() if found else ""), content.removesuffix(b"\r\n")

    def document_of(self, schema: str, body: bytes) -> list[str]:
        try:
            value = json.loads(body)
        except ValueError:
            return ["the body is no JSON"]
        return self.value(schema, {"$ref": schema}, value)

    def value(self, place: str, of: dict, value) -> list[str]:
        of = self.document["schemas"][of["$ref"]] if "$ref" in of else of
        kind = of.get("type")
        right = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}.get(kind, object)
        if not isinstance(value, right) or (kind == "integer" and isinstance(value, bool)):
            return [f"{place}: {value!r} is no {kind}"]
        if kind == "object" and "properties" in of:
            known = of["properties"]
            wrong = [f"{place}.{name} is not described" for name in value if name not in known]
            return wrong + [one for name, inner in value.items() if name in known for one in self.value(f"{place}.{name}", known[name], inner)]
        if kind == "array":
            return [one for inner in value for one in self.value(f"{place}[]", of["items"], inner)]
        if kind == "string" and of.get("format") == "byte" and not BASE64.fullmatch(value):
            return [f"{place} is no base64url"]
        return self.text(place, of, value) if kind == "string" else []

    def sample(self, of: dict, depth: int = 0):
        """An answer with every field that is described, but no further page."""
        of = self.document["schemas"][of["$ref"]] if "$ref" in of else of
        match of.get("type"):
            case "object":
                fields = of.get("properties", {}).items() if depth < DEEPEST else ()
                return {name: self.sample(inner, depth + 1) for name, inner in fields if name != "nextPageToken"}
            case "array":
                return [self.sample(of["items"], depth + 1)] if depth < DEEPEST else []
            case "integer":
                return 1
            case "boolean":
                return True
        if "enum" in of:
            return of["enum"][0]
        return {"int64": "1", "uint64": "1", "byte": "aG9sYQ=="}.get(of.get("format"), "text")

    def serve(self) -> ThreadingHTTPServer:
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                method, wrong = judge.judge(self.command, self.path, self.headers, body)
                if method is not None:
                    judge.seen.add(method["id"])
                if wrong:
                    judge.refused.append({"call": f"{self.command} {self.path}", "wrong": wrong})
                    return self.send(400, {"error": {"code": 400, "message": f"not described: {wrong}"}})
                if "response" not in method:
                    return self.send(204, None)
                return self.send(200, judge.sample(method["response"]))

            def send(self, status: int, value) -> None:
                body = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=UTF-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_) -> None:
                """Says nothing."""

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
