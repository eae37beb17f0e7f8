"""A real loopback server that judges over the OpenAI chat API, and misbehaves on demand.

It scores a text by a hash of the text, so that the same text has the same score whenever it is
asked for; it counts requests for each (model, text). `behaviours` is a list of ways to answer, used
up one by one from the front; "ok" is what it does when the list is empty. Runs in a thread, or as a
process of its own:

    python tests/support/judge_server.py --behaviours 429,ok   (prints its URL; GET /counts)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FENCED = re.compile(r"\n(=====TEXT-[0-9a-f]{16}=====)\n(.*)\n\1$", re.DOTALL)
KEY = "sk-test-secret-0123456789"


class JudgeServer:
    """Use as a context; `url` is the base URL to give as OPENAI_BASE_URL."""

    def __init__(self, behaviours=(), always="ok", port=0, hang_seconds=30.0):
        self.behaviours, self.always, self.hang_seconds = list(behaviours), always, hang_seconds
        self.says = f"key {KEY}"  # what it repeats where it turns somebody away
        self.kind, self.retry_after = "test", "0"  # of its errors; how long a 429 asks to wait
        self.counts: Counter[tuple[str, str]] = Counter()
        self.requests: list[dict] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        handler = type("Handler", (_Handler,), {"judge": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self):
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve_forever(self):
        self._http.serve_forever()

    def next_behaviour(self):
        with self._lock:
            return self.behaviours.pop(0) if self.behaviours else self.always

    def note(self, body):
        with self._lock:
            self.requests.append(body)
            self.counts[body["model"], text_of(body)] += 1


def text_of(body):
    """The text to judge, as it stands between the fences."""
    found = FENCED.search(body["messages"][-1]["content"])
    return found[2] if found else ""


def scores_of(body):
    """A number from 3 to 9 for each criterion that the instructions name; the text decides."""
    names = re.findall(r"^- (\w+) \(weight", body["messages"][0]["content"], re.MULTILINE)
    digest = hashlib.sha256((body["model"] + text_of(body)).encode(errors="replace")).digest()
    return {name: round(3 + 6 * digest[i] / 255, 1) for i, name in enumerate(names)}


def reply(content, finish="stop"):
    """A chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "judge",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content},
            }
        ],
        "usage": {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760},
    }


class _Handler(BaseHTTPRequestHandler):
    judge: JudgeServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        return

    def do_GET(self):
        counts = [[model, text, n] for (model, text), n in self.judge.counts.items()]
        self._send(200, json.dumps({"counts": counts, "data": [{"id": "judge"}]}))

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        raw = self.rfile.read(size)
        if len(raw) < size:  # the client was killed in the middle of it
            self.close_connection = True
            return
        body = json.loads(raw)
        if self.headers.get("Authorization") == "Bearer wrong":
            self._fail(401)
            return
        self.judge.note(body)
        self._behave(self.judge.next_behaviour(), body)

    def _behave(self, behaviour, body):
        good = json.dumps(scores_of(body))
        contents = {
            "ok": good,
            "fenced": f"Here you are:\n```json\n{good}\n```",
            "nonsense": "I liked it a lot.",
            "half": good[: len(good) // 2],
            "words": json.dumps(dict.fromkeys(scores_of(body), "ten")),
            "eleven": json.dumps(dict.fromkeys(scores_of(body), 11)),
            "missing": json.dumps(dict(list(scores_of(body).items())[1:])),
            "null": None,
            "thinks": f'<think>{{"prose": 10}} or less?</think>\n{good}',
            "parts": [{"type": "text", "text": good}],
        }
        shapes = {
            "no choices": {"choices": []},
            "null choices": {"choices": None},
            "odd choices": {"choices": [{}]},
            "no usage": {"usage": None},
            "odd usage": {"usage": {"prompt_tokens": "many"}},
        }
        if behaviour in contents:
            self._send(200, json.dumps(reply(contents[behaviour])))
        elif behaviour == "html":
            self._send(200, "<html><body>proxy login</body></html>", "text/html")
        elif behaviour in shapes:
            self._send(200, json.dumps({**reply(good), **shapes[behaviour]}))
        elif behaviour == "no schema" and body.get("response_format", {}).get("type"):
            self._fail(400)
        elif behaviour == "no schema":
            self._send(200, json.dumps(reply(good)))
        elif behaviour == "hang":
            self.judge._closing.wait(self.judge.hang_seconds)
            self.close_connection = True
        elif behaviour == "slow":
            time.sleep(0.2)
            self._send(200, json.dumps(reply(good)))
        elif behaviour == "cut":
            self._cut(json.dumps(reply(good)))
        else:
            self._fail(int(behaviour))

    def _fail(self, status):
        message = f"status {status} for {self.judge.says}"
        error = {"error": {"message": message, "type": self.judge.kind}}
        headers = {"Retry-After": self.judge.retry_after} if status == 429 else {}
        self._send(status, json.dumps(error), headers=headers)

    def _cut(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: len(text) // 2].encode())
        self.wfile.flush()
        self.close_connection = True

    def _send(self, status, text, kind="application/json", headers=None):
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviours", default="")
    parser.add_argument("--always", default="ok")
    args = parser.parse_args()
    behaviours = [word for word in args.behaviours.split(",") if word]
    server = JudgeServer(behaviours, args.always, args.port)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
