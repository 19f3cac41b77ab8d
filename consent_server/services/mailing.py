"""Mails: how they leave, and the data protection officer's mailbox.

A weekly mail with an anchor checkpoint is kept where we cannot change it: it costs nothing, and a mailbox at another
provider is an honest witness (ledger section 11). Off unless an address is set.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import partial
from urllib.parse import unquote, urlsplit

from consent_server.config import Settings
from consent_server.domain.errors import Invalid, Unavailable

TIMEOUT_S = 30
PORTS = {"smtp": 25, "smtps": 465}

_TEXT = """\
Madame, Monsieur,

voici le point de contrôle {size} du journal d'ancrage {origin}.

Conservez ce message : il suffit à montrer que rien de ce qui y était ancré n'a été modifié depuis. Donnez la pièce
jointe au vérificateur avec le prochain dossier de preuves :

    python -m consent_server.verify PREUVES.zip --key CLÉ --anchor-key CLÉ --known {name}

--

This is checkpoint {size} of the anchor log {origin}.

Keep this message: it is enough to show that nothing that was anchored in it has been changed since. Give the attached
file to the verifier with the next evidence bundle, as above.
"""


class NotSent(Unavailable):
    """The mail server is away or refused; sending again may help."""


@dataclass(frozen=True)
class Post:
    """From whom, and through which server. Credentials only go over TLS."""

    sender: str
    host: str
    port: int
    tls: bool
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    def letter(self, recipients: Sequence[str], subject: str, text: str) -> EmailMessage:
        """Return a mail that is ready to go."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, ", ".join(recipients), subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self.sender.rpartition("@")[2])
        message.set_content(text)
        return message

    def send(self, message: EmailMessage) -> None:
        """Hand a mail to the server; raises ``NotSent``."""
        context = ssl.create_default_context()
        try:
            with self._connect(context) as server:
                encrypted = self.tls
                if not encrypted and server.has_extn("starttls"):
                    server.starttls(context=context)
                    encrypted = True
                if self.credentials:
                    if not encrypted:
                        raise NotSent(f"{self.host} offers no TLS: the password is not sent.")
                    server.login(*self.credentials)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"{self.host} did not take the mail ({type(error).__name__}).") from None

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        server.ehlo()
        return server


@dataclass(frozen=True)
class Mailbox:
    """To whom checkpoints of the anchor log go."""

    recipients: tuple[str, ...]
    post: Post

    def send(self, origin: str, size: int, note: str, token: bytes | None) -> None:
        """Send a checkpoint of the anchor log, with its time stamp where it has one; raises ``NotSent``."""
        stem = f"anchor-{size}"
        text = _TEXT.format(origin=origin, size=size, name=f"{stem}.note")
        message = self.post.letter(self.recipients, f"{origin} {size}", text)
        attach = partial(message.add_attachment, maintype="application")
        attach(note.encode(), subtype="octet-stream", filename=f"{stem}.note")
        if token is not None:
            attach(token, subtype="timestamp-reply", filename=f"{stem}.tsr")
        self.post.send(message)


def read_mailbox(settings: Settings) -> Mailbox | None:
    """Return the mailbox that the settings name, ``None`` without; raises ``Invalid`` when it cannot be used."""
    recipients = tuple(address.strip() for address in settings.anchor_mail_to.split(",") if address.strip())
    if not recipients:
        return None
    sender = settings.mail_from or recipients[0]
    for address in (*recipients, sender):
        _check(address, "CONSENT_ANCHOR_MAIL_TO")
    return Mailbox(recipients, _post(settings, sender))


def read_post(settings: Settings) -> Post | None:
    """Return what people's mails leave by, ``None`` without a sender; raises ``Invalid`` when it cannot be used."""
    if not settings.mail_from:
        return None
    _check(settings.mail_from, "CONSENT_MAIL_FROM")
    return _post(settings, settings.mail_from)


def _check(address: str, variable: str) -> None:
    if address.count("@") != 1 or not address.isprintable() or " " in address:
        raise Invalid.because(f"“{address}” is no mail address.", variable)


def _post(settings: Settings, sender: str) -> Post:
    parts = urlsplit(settings.smtp_url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise Invalid.because("A mail server is smtp://host or smtps://host.", "CONSENT_SMTP_URL")
    credentials = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    port = parts.port or PORTS[parts.scheme]
    return Post(sender, parts.hostname, port, parts.scheme == "smtps", credentials)
