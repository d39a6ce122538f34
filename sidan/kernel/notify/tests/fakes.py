"""A gateway over HTTP and a mail server of our own, each in a thread on this machine."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Gateway:
    """What it was asked, and what it answers."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    silent: threading.Event | None = None  # holds the answer back until it is set

    @property
    def body(self) -> bytes:
        return self.asked[-1][3]


@contextmanager
def gateway() -> Iterator[Gateway]:
    """A gateway that takes whatever comes."""
    made = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            made.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            if made.silent is not None:
                made.silent.wait(10)
            try:
                self.send_response(made.status)
                for name, value in made.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(made.answer)))
                self.end_headers()
                self.wfile.write(made.answer)
            except OSError:
                pass  # whoever asked has gone

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        if made.silent is not None:
            made.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """What it took, and which reader it refuses."""

    port: int = 0
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    refusal: bytes = b""  # to RCPT, e.g. b"550 no such user"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """As much of SMTP as a client needs."""
    made = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say(b"220 fake")
            reader = ""
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"RCPT":
                    reader = line.decode().partition("<")[2].partition(">")[0]
                    self.say(made.refusal or b"250 ok")
                elif word == b"DATA":
                    self.say(b"354 go on")
                    lines = []
                    while (one := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(one)
                    made.mails.append((reader, b"".join(lines)))
                    self.say(b"250 taken")
                elif word == b"QUIT":
                    self.say(b"221 bye")
                    return
                else:
                    self.say(b"250 ok")

        def say(self, words: bytes) -> None:
            self.wfile.write(words + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
