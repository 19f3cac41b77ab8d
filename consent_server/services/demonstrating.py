"""Five real customers' sites, ready to be tried: their catalogues, published for addresses that work on one machine.

Browsers resolve every name under ``localhost`` to the machine itself. So a site's pages are at ``ubiq.localhost``, and
its vendors at their real names with ``.localhost`` behind: the rules are the site's own, with those names added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain.exemption import Exemption
from consent_server.domain.tracker import OWN_SITE, Service, Tracker
from consent_server.services.editing import check_draft, import_site
from consent_server.services.publishing import publish
from consent_server.storage import sites
from consent_server.storage.demo_sites import load_demo_sites

LOOPBACK = ".localhost"


def load_demo(session: Session, settings: Settings, now: datetime) -> Iterator[str]:
    """Keep and publish the demo sites; yield what to print. A second run keeps what was changed meanwhile."""
    yield f"Consent Server   {settings.public_url}"
    for document in load_demo_sites():
        origin = demo_origin(document["site_key"], settings.port)
        _load(session, on_loopback(document, origin), settings.public_url, now)
        yield f"{document['name']:<16} {origin}/"
    yield f"Vendor requests  {settings.public_url}/demo/requests"


def demo_origin(site_key: str, port: int) -> str:
    """Return the origin of a demo site's pages."""
    return f"http://{site_key}{LOOPBACK}:{port}"


def _load(session: Session, document: Mapping[str, Any], public_url: str, now: datetime) -> None:
    key = document["site_key"]
    if sites.site_exists(session, key):
        draft = sites.find_site(session, key).draft
        if set(document["origins"]) <= set(draft["origins"]):
            if draft == document:
                publish(session, key, public_url, now)  # the same content again publishes nothing
            return
        known = [*draft["origins"], *document["origins"]]  # another port than last time
        document = {**draft, "origins": list(dict.fromkeys(known))}
    import_site(session, document, now)
    publish(session, key, public_url, now)


def on_loopback(document: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return a site file that also rules ``<host>.localhost`` for each host it rules."""
    catalogue = check_draft(document)
    written = zip(document["services"], catalogue.services, strict=True)
    return {
        **document,
        "origins": [*document["origins"], origin],
        "services": [_service(item, resolved) for item, resolved in written],
    }


def _service(item: Mapping[str, Any], resolved: Service) -> dict[str, Any]:
    changed = dict(item)
    if resolved.url_patterns:
        changed["url_patterns"] = [*resolved.url_patterns, *map(loopback_pattern, resolved.url_patterns)]
    if any(tracker.domain != OWN_SITE for tracker in resolved.trackers):
        changed["trackers"] = list(_trackers(resolved.trackers))
    return changed


def loopback_pattern(pattern: str) -> str:
    """Return ``host.localhost/path`` for ``host/path``."""
    host, _, path = pattern.partition("/")
    return f"{host}{LOOPBACK}/{path}"


def _trackers(trackers: Iterable[Tracker]) -> Iterator[dict[str, Any]]:
    """Yield each tracker as a site file says it, and again for its loopback domain when it is a third party's."""
    for tracker in trackers:
        written = _tracker(tracker)
        yield written
        if tracker.domain != OWN_SITE:
            yield {**written, "domain": tracker.domain + LOOPBACK}


def _tracker(tracker: Tracker) -> dict[str, Any]:
    return {
        "name": tracker.name,
        "kind": tracker.kind,
        "purpose": tracker.purpose,
        "domain": tracker.domain,
        "declared_lifetime": tracker.lifetime.text if tracker.lifetime else None,
        "description": dict(tracker.description),
        "exemption": _exemption(tracker.exemption) if tracker.exemption else None,
    }


def _exemption(exemption: Exemption) -> dict[str, Any]:
    conditions = {"conditions": dict(exemption.conditions)} if exemption.conditions else {}
    return {
        "ground": exemption.ground,
        "justification": dict(exemption.justification),
        "author": exemption.author,
        **conditions,
    }
