"""A mail server of the tests' own: takes every message, or none."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailServer:
    """What came. ``refuses`` answers every recipient with 550."""

    url: str
    refuses: bool = False
    recipients: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)


@contextlib.contextmanager
def serving_mail() -> Iterator[MailServer]:
    """Serve SMTP without TLS on a free port of the loopback interface."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            for line in iter(self.rfile.readline, b""):
                verb, _, rest = line.decode().strip().partition(" ")
                if verb.upper() == "DATA":
                    self._say("354 go on")
                    server.messages.append(self._message())
                if verb.upper() == "RCPT":
                    server.recipients.append(rest)
                refused = server.refuses and verb.upper() == "RCPT"
                self._say("550 nobody" if refused else "221 bye" if verb.upper() == "QUIT" else "250 ok")
                if verb.upper() == "QUIT":
                    return

        def _message(self) -> EmailMessage:
            lines = list(iter(self.rfile.readline, b".\r\n"))
            data = b"".join(line.removeprefix(b".") for line in lines)
            found = email.message_from_bytes(data, policy=email.policy.default)
            assert isinstance(found, EmailMessage)
            return found

        def _say(self, answer: str) -> None:
            self.wfile.write(answer.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        server = MailServer(f"smtp://127.0.0.1:{listening.server_address[1]}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
