"""Links that work once: the first owner's, an invitation, another password.

What a link carries is random and signed; the database knows its SHA-256 alone. So neither a copy of the database nor
the key that signs is enough to make one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain.errors import NotFound
from consent_server.services.keyring import needed_secret_key
from consent_server.storage import users
from consent_server.storage.users import Link

FIRST, INVITATION, RESET = "first", "invitation", "reset"
VALID = {FIRST: timedelta(days=1), INVITATION: timedelta(days=7), RESET: timedelta(hours=2)}
VOID = "This link does not work: it was used already, another one was made since, or its time is over."


@dataclass(frozen=True)
class Linker:
    """Makes and reads links of this installation."""

    public_url: str
    key: str = field(repr=False)

    def make(self, session: Session, kind: str, user_id: int | None, now: datetime) -> str:
        """Return a new link; earlier ones of the same user work no more. The caller commits."""
        users.use_links_of(session, user_id, now)
        carried = secrets.token_urlsafe(32)
        users.add_link(session, _id_of(carried), kind, user_id, now, now + VALID[kind])
        return f"{self.public_url}/admin/link/{self._signer().dumps(carried)}"

    def read(self, session: Session, text: str, now: datetime) -> Link:
        """Return what a link is for, without using it. Raises ``NotFound``."""
        link = users.find_link(session, self._id(text))
        if link is None or link.used_at or now >= link.expires_at:
            raise NotFound(VOID)
        return link

    def use(self, session: Session, text: str, now: datetime) -> Link:
        """Use a link up and return what it is for. Raises ``NotFound``. The caller commits."""
        link = self.read(session, text, now)
        if not users.use_link(session, self._id(text), now):
            raise NotFound(VOID)
        return link

    def _id(self, text: str) -> str:
        try:
            return _id_of(str(self._signer().loads(text)))
        except BadSignature:
            raise NotFound(VOID) from None

    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.key, salt="consent-server account link")


def read_linker(settings: Settings) -> Linker:
    """Return what makes links with these settings. Raises ``Invalid`` without a key to sign them."""
    return Linker(settings.public_url, needed_secret_key(settings))


def _id_of(carried: str) -> str:
    return sha256(carried.encode()).hexdigest()
