"""Watching a site: how often it is scanned by itself, and who hears of it when something new comes before consent."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, fold_email
from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import parse_lifetime
from consent_server.domain.retention import after
from consent_server.services.noting import note
from consent_server.services.sealing import Sealer
from consent_server.storage import scans, sites, watches
from consent_server.storage.database import begin_deed, begin_immediate
from consent_server.storage.sites import Site
from consent_server.storage.watches import DAILY, MONTHLY, NEVER, SCHEDULES, WEEKLY

EVERY = {DAILY: parse_lifetime("P1D"), WEEKLY: parse_lifetime("P7D"), MONTHLY: parse_lifetime("P1M")}
MOST_RECIPIENTS = 5
SECRET_BYTES = 32
SECRET_BEGINS = "whsec_"
PAGES, SECONDS = 3, 300


def watch(
    session: Session,
    site: Site,
    actor: Actor,
    now: datetime,
    sealer: Sealer,
    *,
    schedule: str,
    mail_to: str = "",
    webhook_url: str = "",
    renew: bool = False,
    private: bool = False,
) -> str:
    """Keep how a site is watched; return the secret of its webhook where a new one was made, told this once.

    Raises ``Invalid``.
    """
    recipients, address = _recipients(mail_to), _webhook(webhook_url, private)
    if schedule not in SCHEDULES:
        raise Invalid.because(f"A schedule is one of {', '.join(SCHEDULES)}.", "schedule")
    begin_deed(session)
    sites.lock_site(session, site.key)
    was = watches.find_watch(session, site.id)
    wanted = replace(was, schedule=schedule, mail_to=",".join(recipients), webhook_url=address)
    if schedule != was.schedule:
        wanted = replace(wanted, next_at=None if schedule == NEVER else now)
    secret = ""
    if not address:
        wanted = replace(wanted, webhook_secret="")
    elif renew or not was.webhook_secret or address != was.webhook_url:
        secret = SECRET_BEGINS + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        wanted = replace(wanted, webhook_secret=sealer.seal(secret.encode(), sealed_of(site.id)))
    watches.put_watch(session, wanted)
    host = urlsplit(address).hostname or ""
    told = {"schedule": schedule, "recipients": len(recipients), "webhook": host}
    note(session, actor, "scans.watched", site.key, site.name, told, now)
    session.commit()
    return secret


def sealed_of(site_id: int) -> str:
    """Return what the secret of a site's webhook is bound to."""
    return f"webhook of site {site_id}"


def ask_due(sessions: Callable[[], Session], now: datetime) -> None:
    """Ask for the scans whose time has come; one that is under way is not asked for again."""
    with sessions() as session:
        if not watches.due_watches(session, now):
            return
        session.rollback()
        begin_immediate(session)
        for each in watches.due_watches(session, now):
            watches.put_watch(session, replace(each, next_at=after(now, EVERY[each.schedule])))
            site = sites.find_site_by_id(session, each.site_id)
            if site is not None and not scans.under_way(session, site.id):
                scans.add_scan(session, site.id, f"{site.origins[0]}/", PAGES, SECONDS, "", now)
        session.commit()


def _recipients(text: str) -> list[str]:
    given = [each for each in text.replace("\n", ",").replace(";", ",").split(",") if each.strip()]
    if len(given) > MOST_RECIPIENTS:
        raise Invalid.because(f"At most {MOST_RECIPIENTS} addresses are written to.", "mail_to")
    try:
        return list(dict.fromkeys(fold_email(each) for each in given))
    except Invalid:
        raise Invalid.because("This is not an e-mail address.", "mail_to") from None


def _webhook(address: str, private: bool) -> str:
    """Return the address of a webhook; which computer it leads to is looked at each time something is sent."""
    address = address.strip()
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        known = parts.scheme == "https" or (private and parts.scheme == "http")
        good = known and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or not address.isascii() or not address.isprintable() or " " in address:
        raise Invalid.because("A webhook is an https address without name and password.", "webhook_url")
    return address.partition("#")[0]
