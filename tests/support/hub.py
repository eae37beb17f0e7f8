"""A hub on loopback that serves one repository of files, well or badly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

COMMIT = "0" * 40


class Hub:
    """Serves `files` as the repository `owner/name`.

    Attributes:
        break_after: bytes after which a download breaks, as often as `breaks` says.
        etag: what it says the checksum is; None for the true one.
        size: what it says the size is; None for the true one.
        refuses_parts: whether it hangs up on whoever asks for a part.
        ignores_ranges: whether it sends the whole file to whoever asks for a part.
        ranges: the ranges that were asked for.
        sent: bytes of files that were sent.
    """

    def __init__(self, files: Mapping[str, bytes], repository: str = "owner/name") -> None:
        self.files = dict(files)
        self.repository = repository
        self.break_after = 0
        self.breaks = 0
        self.etag: str | None = None
        self.size: int | None = None
        self.refuses_parts = self.ignores_ranges = False
        self.ranges: list[str] = []
        self.sent = 0

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        import json

        path = request.path.partition("?")[0]
        if path.startswith(f"/api/models/{self.repository}"):
            listed = {
                "id": self.repository,
                "sha": COMMIT,
                "siblings": [{"rfilename": name} for name in self.files],
            }
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": "1" * 40}
                for name, data in self.files.items()
            ]
            found: Any = entries if "/tree/" in path else listed
            self._send(request, json.dumps(found).encode(), {"content-type": "application/json"})
            return
        name = path.rpartition("/resolve/main/")[2] or path.rpartition(f"/resolve/{COMMIT}/")[2]
        if self.repository not in path or name not in self.files:
            request.send_response(404)
            request.send_header("x-error-code", "EntryNotFound")
            request.send_header("content-length", "0")
            request.end_headers()
            return
        self._file(request, self.files[name], body=body)

    def _file(self, request: BaseHTTPRequestHandler, data: bytes, *, body: bool) -> None:
        etag = self.etag or hashlib.sha256(data).hexdigest()
        size = len(data) if self.size is None else self.size
        headers = {"x-repo-commit": COMMIT, "etag": f'"{etag}"', "accept-ranges": "bytes"}
        if not body:
            request.send_response(200)
            for key, value in {**headers, "content-length": str(size)}.items():
                request.send_header(key, value)
            request.end_headers()
            return
        begin, asked = 0, request.headers.get("range")
        if asked and self.refuses_parts:
            request.close_connection = True
            return
        if self.ignores_ranges:
            asked = None
        if asked:
            self.ranges.append(asked)
            begin = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["content-range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        self._send(request, data[begin:], headers, 206 if asked else 200)

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        data: bytes,
        headers: Mapping[str, str],
        status: int = 200,
    ) -> None:
        request.send_response(status)
        for key, value in {**headers, "content-length": str(len(data))}.items():
            request.send_header(key, value)
        request.end_headers()
        if self.breaks and len(data) > self.break_after:
            self.breaks -= 1
            data = data[: self.break_after]
            request.close_connection = True
        self.sent += len(data)
        request.wfile.write(data)
        request.wfile.flush()
