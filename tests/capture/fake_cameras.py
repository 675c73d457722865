"""Cameras on loopback, RTSP (RFC 2326) and HTTP, that do what a script says: also break."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Self

import cv2
import numpy as np

from tests.capture.rtp_jpeg import rtp_packets

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=framerate:25\r\na=control:track0\r\n"
)


class Raw(bytes):
    """Bytes that leave as they are; a script's other bytes are JPEGs and are wrapped."""


Script = Callable[["FakeCamera", int], Iterator[bytes]]
"""What a camera sends on its n-th connection, from 0; its end closes the connection."""


class FakeCamera(socketserver.ThreadingTCPServer):
    """A camera whose `plays` connections followed its script; `asleep` waits without an end."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(self, script: Script, handler: type[socketserver.StreamRequestHandler], user: str) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.script, self.user = script, user
        self.numbers = count()
        self.plays = 0
        self.over = threading.Event()

    def url(self, user: str = "", path: str = "live") -> str:
        scheme = "rtsp" if self.RequestHandlerClass is RtspHandler else "http"
        return f"{scheme}://{user and user + '@'}127.0.0.1:{self.server_address[1]}/{path}"

    def refusal(self, line: str, headers: dict[str, str]) -> str:
        """The status and the header with which a request is refused, if it is."""
        wanted = "Basic " + base64.b64encode(self.user.encode()).decode()
        if self.user and headers.get("authorization") != wanted:
            return '401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"'
        return "" if "/live" in line else "404 Not Found"

    def sent(self) -> Iterator[bytes]:
        """What the next connection's script gives, until the test is over."""
        number = next(self.numbers)
        self.plays += 1
        for sent in self.script(self, number):
            if self.over.is_set():
                return
            yield sent

    def asleep(self, seconds: float = 60) -> bool:
        """Wait as a camera does between frames; whether the test is over."""
        return self.over.wait(seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error of a camera."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), name="fake-camera").start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


def read_head(file: Iterator[bytes]) -> tuple[str, dict[str, str]]:
    """First line and headers of a request; an empty line when the client is gone."""
    lines = []
    for line in file:
        if not line.strip():
            break
        lines.append(line.decode("latin-1").strip())
    pairs = (line.partition(":") for line in lines[1:])
    return (lines or [""])[0], {name.lower(): value.strip() for name, _, value in pairs}


class RtspHandler(socketserver.StreamRequestHandler):
    """One RTSP session; the pictures go as RTP within its TCP connection."""

    def handle(self) -> None:
        with suppress(OSError):
            while True:
                line, headers = read_head(self.rfile)
                method = line.partition(" ")[0]
                if not method:
                    return
                refusal = self.server.refusal(line, headers) if method == "DESCRIBE" else ""
                self.answer(method, headers, refusal)
                if method == "PLAY":
                    return self.play()

    def answer(self, method: str, headers: dict[str, str], refusal: str) -> None:
        more = body = ""
        if method == "DESCRIBE" and not refusal:
            body, more = SDP, f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        head = f"RTSP/1.0 {refusal or '200 OK'}\r\nCSeq: {headers['cseq']}\r\nSession: 1\r\n{more}\r\n"
        self.wfile.write((head + body).encode())

    def play(self) -> None:
        sequence = count()
        for moment, sent in enumerate(self.server.sent()):
            packets = [sent] if isinstance(sent, Raw) else rtp_packets(sent, sequence, moment * 3600)
            for packet in packets:
                self.wfile.write(packet)


class HttpHandler(socketserver.StreamRequestHandler):
    """One answer without end, of one JPEG after another."""

    def handle(self) -> None:
        with suppress(OSError):
            refusal = self.server.refusal(*read_head(self.rfile))
            if refusal:
                self.wfile.write(f"HTTP/1.0 {refusal}\r\n\r\n".encode())
                return
            kind = b"multipart/x-mixed-replace; boundary=next"
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n")
            for sent in self.server.sent():
                head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(sent)}\r\n\r\n".encode()
                self.wfile.write(sent if isinstance(sent, Raw) else head + sent + b"\r\n")


class SnapshotHandler(HttpHandler):
    """An answer of one JPEG, the script's next one."""

    def handle(self) -> None:
        with suppress(OSError):
            read_head(self.rfile)
            jpeg = next(self.server.sent())
            head = f"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg)


def rtsp_camera(script: Script, user: str = "") -> FakeCamera:
    return FakeCamera(script, RtspHandler, user)


def http_camera(script: Script, user: str = "") -> FakeCamera:
    return FakeCamera(script, HttpHandler, user)


def grey(shade: int, width: int = 64, height: int = 48) -> bytes:
    """A JPEG of one grey with some structure, so that its picture tells which it was."""
    return cv2.imencode(".jpg", np.full((height, width, 3), shade, np.uint8))[1].tobytes()


def steady(camera: FakeCamera, _connection: int = 0, seconds: float = 0.01) -> Iterator[bytes]:
    """Greys that change with each frame, without an end."""
    for number in count():
        yield grey(10 + 4 * (number % 48))
        camera.asleep(seconds)
