"""Warning by mail and by webhook, signed, tried again within bounds, of what is new in a scan.

That is what needs consent and comes before it, and what contradicts the policy's text that the site keeps.

    1  warn: what is to be said is kept in the transaction that ends the scan                both are there, or neither
    2  deliver: what is due goes; who does not take it is asked again, later and later, then no more

A webhook is signed as Standard Webhooks 1.0.0 says: HMAC-SHA256 over ``id.timestamp.body``. It is not led elsewhere,
nor to addresses of this machine's network. Nothing of a visitor is in a warning: the scanner's browser is nobody's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain.classification import Classified
from consent_server.domain.drift import CONTRADICTED, TOO_LONG, UNDECLARED, Drift
from consent_server.domain.errors import ConsentServerError, Invalid, Unavailable
from consent_server.domain.scan import host_of
from consent_server.domain.times import rfc3339
from consent_server.services import clock
from consent_server.services.background import Background
from consent_server.services.leading import leading
from consent_server.services.looking import request
from consent_server.services.mailing import NotSent, read_post
from consent_server.services.measuring import done
from consent_server.services.sealing import Closed, read_sealer
from consent_server.services.watching import SECRET_BEGINS, sealed_of
from consent_server.storage import sites, watches
from consent_server.storage.database import begin_immediate
from consent_server.storage.policy_texts import PolicyText
from consent_server.storage.scans import KeptScan
from consent_server.storage.sites import Site
from consent_server.storage.watches import GIVEN_UP, MAIL, SENT, WAITING, WEBHOOK, Watch, Word

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

EARLY, CONTRADICTION = "scan.new_before_consent", "scan.new_contradiction"
MOST_THINGS = 20
EVERY_S = 15.0
LATER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long after each failure it is tried again; then no more."""

KEPT = timedelta(days=90)
GONE = 410
"""What a receiver answers who wants nothing more (Standard Webhooks)."""


def warn(session: Session, site: Site, kept: KeptScan, things: Sequence[Classified], now: datetime) -> None:
    """Keep a warning of what is new before consent. The caller commits."""
    told = [
        {
            "kind": each.kind,
            "name": each.domain if each.kind == "request" else _spelled(each.name),
            "domain": each.domain,
            "service": each.service,
            "purpose": each.purpose,
            "set_by": host_of(each.seen.who[0]) if each.seen.who else "",
        }
        for each in things[:MOST_THINGS]
    ]
    _keep(session, site, kept, EARLY, {"count": len(things), "things": told}, now)


def warn_of_drift(
    session: Session, site: Site, kept: KeptScan, policy: PolicyText | None, drifts: Sequence[Drift], now: datetime
) -> None:
    """Keep a warning of what contradicts the policy and did not before. The caller commits."""
    told = [
        {
            "sort": each.sort,
            "kind": each.kind,
            "name": _spelled(each.name),
            "domain": each.domain,
            "policy": each.policy,
            "catalogue": each.catalogue,
            "browser": each.browser,
            "set_by": host_of(each.set_by[0]) if each.set_by else "",
        }
        for each in drifts[:MOST_THINGS]
    ]
    digest = policy.digest if policy else ""
    _keep(session, site, kept, CONTRADICTION, {"policy_text": digest, "count": len(drifts), "things": told}, now)


def _keep(session: Session, site: Site, kept: KeptScan, kind: str, told: Mapping[str, Any], now: datetime) -> None:
    """Keep a warning for each way that the site's people want it by, if there is anything to tell."""
    watch = watches.find_watch(session, site.id)
    ways = [way for way, wanted in ((MAIL, watch.mail_to), (WEBHOOK, watch.webhook_url)) if wanted]
    about = {"site_key": site.key, "site": site.name, "scan_id": kept.id, "address": kept.address}
    body = json.dumps({"type": kind, "timestamp": rfc3339(now), "data": {**about, **told}})
    for way in ways if told["things"] else ():
        word = Word(str(uuid.uuid4()), site.id, kept.id, way, body, now, WAITING, 0, now, "")
        watches.add_warning(session, word)


def _spelled(name: str) -> str:
    return name.encode(errors="replace").decode()[:200]


def sign(secret: bytes, word_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a webhook."""
    key = base64.b64decode(secret.removeprefix(SECRET_BEGINS.encode()))
    signed = hmac.new(key, f"{word_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


class Warner(Background):
    """The thread of one process that delivers warnings; ``private`` lets webhooks be addresses of its network."""

    name = "warner"

    def __init__(self, sessions: Sessions, settings: Settings, *, private: bool = False) -> None:
        super().__init__()
        self._sessions = sessions
        self._settings = settings
        self._private = private

    def first_pause(self) -> float:
        """Return the time that a server is left to start."""
        return EVERY_S

    def turn(self) -> float:
        """Deliver what is due."""
        try:
            if self._due():
                with leading(self._sessions, self.name) as leader:
                    for word in self._due() if leader else ():
                        self._deliver(word)
            done(self.name)
        except SQLAlchemyError as error:
            log.error("warnings cannot be delivered: %s", type(error).__name__)
        except Exception:  # a dead warner would warn nobody
            log.exception("a warning could not be delivered")
        return EVERY_S

    def _due(self) -> tuple[Word, ...]:
        with self._sessions() as session:
            return watches.due_warnings(session, clock.now())

    def _deliver(self, word: Word) -> None:
        with self._sessions() as session:
            watch, site = watches.find_watch(session, word.site_id), sites.find_site_by_id(session, word.site_id)
        state, trouble = SENT, ""
        try:
            if site is None:
                state = GIVEN_UP
            elif word.channel == MAIL:
                self._mail(watch, word)
            else:
                state = self._post(watch, word)
        except Invalid:
            state, trouble = WAITING, "The webhook is an address that only the server’s own network has."
        except Closed:
            state, trouble = GIVEN_UP, "The secret of the webhook cannot be opened any more: make a new one."
        except ConsentServerError as error:
            state, trouble = WAITING, str(error)
        self._move(word, state, trouble)

    def _move(self, word: Word, state: str, trouble: str) -> None:
        now, tries = clock.now(), word.tries + 1
        if state == WAITING and tries > len(LATER):
            state = GIVEN_UP
        next_at = now + LATER[word.tries] if state == WAITING else now
        with self._sessions() as session:
            begin_immediate(session)
            watches.move_warning(session, word.id, state, tries, next_at, trouble)
            watches.forget_warnings(session, now - KEPT)
            session.commit()

    def _mail(self, watch: Watch, word: Word) -> None:
        post = read_post(self._settings)
        if post is None:
            raise NotSent("This server sends no mail: set CONSENT_MAIL_FROM.")
        if watch.recipients:
            body = json.loads(word.body)
            told, (subject, text) = body["data"], _LETTERS[body["type"]]
            subject = " ".join(f"{told['site']} : {subject}".split())
            post.send(post.letter(watch.recipients, subject, self._text(text, told)))

    def _text(self, text: str, told: dict[str, Any]) -> str:
        lines = [f"  - {each['kind']} {each['name']} ({_in_brackets(each)})" for each in told["things"]]
        rest = told["count"] - len(lines)
        lines += [f"  + {rest}"] if rest > 0 else []
        page = f"{self._settings.public_url}/admin/sites/{told['site_key']}/scans/{told['scan_id']}"
        return text.format(address=told["address"], things="\n".join(lines), page=page)

    def _post(self, watch: Watch, word: Word) -> str:
        """Send a webhook; return what became of it. Raises ``ConsentServerError``."""
        if not watch.webhook_url:
            return GIVEN_UP
        secret = read_sealer(self._settings).open(watch.webhook_secret, sealed_of(watch.site_id))
        timestamp, body = int(clock.now().timestamp()), word.body.encode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": word.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secret, word.id, timestamp, body),
        }
        status, _, _ = request(watch.webhook_url, "POST", body, headers, private=self._private, most_bytes=1)
        if 200 <= status < 300:
            return SENT
        if status == GONE:
            return GIVEN_UP
        raise Unavailable(f"The webhook answered {status}.")


def _in_brackets(thing: Mapping[str, Any]) -> str:
    """Return what is said of a thing in a mail: whose it is, or what it contradicts."""
    return _SORTS.get(thing["sort"], thing["sort"]) if "sort" in thing else str(thing["service"] or thing["domain"])


_SORTS = {
    CONTRADICTED: "contraire à ce qui est affirmé / against a claim",
    TOO_LONG: "dure plus longtemps qu’annoncé / longer than stated",
    UNDECLARED: "déclaré nulle part / declared nowhere",
}

_EARLY_TEXT = """\
Bonjour,

lors de la dernière analyse de {address}, des éléments soumis au consentement étaient là avant tout choix du visiteur,
alors qu'ils n'y étaient pas la fois précédente :

{things}

Qui les dépose, et que faire : {page}

--

The latest scan of {address} met things that need consent before the visitor answered, which were not there the time
before. Who sets them, and what to do: the address above.
"""

_CONTRADICTION_TEXT = """\
Bonjour,

lors de la dernière analyse de {address}, ce qui suit contredisait le texte de votre politique ou votre catalogue, et
ne le contredisait pas la fois précédente :

{things}

Ce que dit chacun, et que faire : {page}

--

The latest scan of {address} met things that contradict the text of your policy or your catalogue, and did not the time
before. What each of them says, and what to do: the address above.
"""

_LETTERS = {
    EARLY: ("nouveau avant le consentement / new before consent", _EARLY_TEXT),
    CONTRADICTION: ("contraire à la politique / against the policy", _CONTRADICTION_TEXT),
}
