"""Signals: the standards by which a choice is told to others, or heard from them (standards.md 4), as a site sets them.

One list, ``SIGNALS``; what each says to its vendor is a file of the banner (``banner/src/signals``). What grants a key
is data (SIG-04): it is granted once every purpose, or service, that is listed for it is. A signal is told when a
service of the catalogue brings it (``signal`` of the library's entry) or the site asks, unless the site says ``false``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.document import Reader
from consent_server.domain.imported_choice import IMPORT, read_import
from consent_server.domain.purpose import NECESSARY
from consent_server.domain.tracker import Service

GPC = "gpc"
GOOGLE = "google_consent_mode"

ALWAYS_HEARD = ("marketing", "social")
"""What Global Privacy Control refuses on every site (GPC-02); a site may add purposes."""

LONGEST_WAIT_MS = 5_000


@dataclass(frozen=True)
class Signal:
    """A standard by which a choice is told. ``keys``: what the vendor asks for, and the purposes that grant it.

    ``follows_service``: its one key is granted as the service that brings it is. ``read`` reads what else may be set.
    """

    name: str
    keys: Mapping[str, tuple[str, ...]]
    follows_service: bool = False
    read: Callable[[Reader], Mapping[str, Any]] = lambda _: {}


def _google(reader: Reader) -> dict[str, Any]:
    mode = reader.one_of("mode", ("basic", "advanced"), "basic")
    wait = reader.integer("wait_for_update", 500, 0, LONGEST_WAIT_MS)
    found: dict[str, Any] = {"mode": mode, "wait_for_update": wait}
    if mode == "advanced":
        found["reason"] = reader.text("reason", longest=1_000)
    elif "reason" in reader.values:
        reader.raw("reason")
        reader.problem("reason", "Basic mode needs no reason; a reason goes with “mode: advanced”.")
    return found


SIGNALS = (
    Signal(
        GOOGLE,
        {
            "ad_personalization": ("marketing",),
            "ad_storage": ("marketing",),
            "ad_user_data": ("marketing",),
            "analytics_storage": ("audience",),
            "functionality_storage": ("preferences",),
            "personalization_storage": ("preferences",),
            "security_storage": (NECESSARY,),
        },
        read=_google,
    ),
    Signal("microsoft_uet", {"ad_storage": ("marketing",)}, follows_service=True),
    Signal("microsoft_clarity", {"ad_Storage": ("marketing",), "analytics_Storage": ("audience",)}),
    Signal("meta", {"consent": ("marketing",)}, follows_service=True),
    Signal("tiktok", {"consent": ("marketing",)}, follows_service=True),
    Signal(
        "matomo",
        {"consent": ("audience",)},
        follows_service=True,
        read=lambda reader: {"mode": reader.one_of("mode", ("tracking", "cookies"), "tracking")},
    ),
    Signal("mixpanel", {"consent": ("audience",)}, follows_service=True),
    Signal("posthog", {"consent": ("audience",)}, follows_service=True),
    Signal(
        "piano",
        {"consent": ("audience",)},
        follows_service=True,
        read=lambda reader: {"refused": reader.one_of("refused", ("opt-out", "essential"), "opt-out")},
    ),
    Signal(
        "wp_consent_api",
        {
            "functional": (NECESSARY,),
            "marketing": ("marketing", "social"),
            "preferences": ("preferences",),
            "statistics": ("audience",),
            "statistics-anonymous": ("audience",),
        },
    ),
    Signal(
        "shopify",
        {
            "analytics": ("audience",),
            "marketing": ("marketing",),
            "preferences": ("preferences",),
            "sale_of_data": ("marketing",),
        },
    ),
    Signal("data_layer", {}, read=lambda reader: {"event": reader.text("event", "consent_update", longest=100)}),
)

NAMES = frozenset({GPC, IMPORT, *(signal.name for signal in SIGNALS)})


def read_signals(reader: Reader, services: tuple[Service, ...], known: Iterable[str]) -> dict[str, Any]:
    """Read the ``signals`` of a site file and fill in what follows from its services; problems go to the reader."""
    ids = {*known, *(service.id for service in services)}
    found: dict[str, Any] = {GPC: _heard(reader, set(known))}
    for signal in SIGNALS:
        given = reader.raw(signal.name)
        bringing = [service for service in services if _brings(service, signal)]
        if given is False or (given is None and not bringing):
            continue
        own = Reader({} if given in (None, True) else given, reader.problems, reader.at(signal.name))
        found[signal.name] = {"keys": _keys(own, signal, services, bringing, ids), **signal.read(own)}
        own.refuse_unknown()
    imported = read_import(reader, known)
    if imported:
        found[IMPORT] = imported
    for name in reader.values:
        if name not in NAMES:
            reader.problem(name, f"There is no such signal; there are: {', '.join(sorted(NAMES))}.")
    return found


def told(signals: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the signals that the banner of such a site has to tell, sorted."""
    return tuple(sorted(signal.name for signal in SIGNALS if signal.name in signals))


def loads_before_consent(service: Service, signals: Mapping[str, Any]) -> bool:
    """Return whether a service's scripts may load before a choice, while its cookies wait.

    Google's may in advanced mode, those for advertising never (SIG-01).
    """
    advanced = signals.get(GOOGLE, {}).get("mode") == "advanced"
    return advanced and service.signal == GOOGLE and service.purpose not in (None, "marketing")


def _heard(reader: Reader, known: set[str]) -> dict[str, Any]:
    """Return the purposes that Global Privacy Control refuses here: always advertising and embeds (GPC-02)."""
    given = reader.raw(GPC)
    always = [purpose for purpose in ALWAYS_HEARD if purpose in known]
    if given in (None, True):
        return {"purposes": always}
    if given is False:
        reader.problem(GPC, "Global Privacy Control is heard on every site (GPC-01).")
        return {"purposes": always}
    own = reader.member(GPC)
    added = [purpose for purpose in own.texts("purposes") if purpose not in always]
    for purpose in added:
        if purpose not in known or purpose == NECESSARY:
            own.problem("purposes", f"“{purpose[:60]}” is not a purpose that a visitor can refuse.")
    own.refuse_unknown()
    return {"purposes": [*always, *added]}


def _brings(service: Service, signal: Signal) -> bool:
    """A service that runs without consent has nobody to be told, unless it asks for each purpose by itself."""
    refusable = service.purpose is not None and not service.exempt
    return service.signal == signal.name and (refusable or not signal.follows_service)


def _keys(
    own: Reader, signal: Signal, services: tuple[Service, ...], bringing: list[Service], ids: set[str]
) -> dict[str, list[str]]:
    used = {NECESSARY}.union(*(service.purposes for service in services))
    by_default = {key: [p for p in purposes if p in used] for key, purposes in signal.keys.items()}
    if signal.follows_service and bringing:
        by_default = {key: [service.id for service in bringing] for key in signal.keys}
    given = own.member("keys")
    found = {}
    for key, default in by_default.items():
        listed = list(given.texts(key)) if given.has(key) else default
        given.raw(key)
        for name in listed:
            if name not in ids:
                given.problem(key, f"“{name[:60]}” is neither a purpose nor a service of this site.")
        found[key] = listed
    for key in given.values:
        if key not in signal.keys:
            given.problem(key, f"There is no such key; there are: {', '.join(signal.keys) or 'none'}.")
    for service in bringing:
        _refuse_unreachable(given, service, found)
    return found


def _refuse_unreachable(given: Reader, service: Service, keys: Mapping[str, list[str]]) -> None:
    """A purpose of the site's own grants no key by default: its vendor would be told “no” for ever."""
    reaching = {name for listed in keys.values() for name in listed}
    asks = service.purpose is not None and service.purpose != NECESSARY and not service.exempt
    if asks and service.purpose not in reaching and service.id not in reaching:
        given.problems.add(
            given.path,
            f"“{service.id}” is for “{service.purpose}”, which grants none of its keys: list it for one of "
            f"{', '.join(keys)}.",
        )
