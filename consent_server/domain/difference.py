"""What is different between two configurations, as facts for a lawyer: one sentence each, made by whoever shows them.

Order is that of importance: what a yes lets in first, then what is said, then how it looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.configuration import Configuration


@dataclass(frozen=True)
class Difference:
    """One change. ``kind`` is one of ``KINDS``; ``before`` and ``after`` are texts, ``None`` where there is nothing."""

    kind: str
    subject: str
    before: str | None = None
    after: str | None = None


KINDS = (
    "purpose added",
    "purpose removed",
    "service added",
    "service removed",
    "service moved",
    "tracker added",
    "tracker removed",
    "tracker moved",
    "tracker exempted",
    "tracker no longer exempt",
    "lifetime",
    "service changed",
    "tracker changed",
    "purpose text",
    "signal added",
    "signal removed",
    "signal changed",
    "setting",
    "text",
    "logo added",
    "logo removed",
    "logo changed",
    "look",
    "script",
)

SETTINGS = (
    "choice_lifetime",
    "languages",
    "default_language",
    "unknown_third_parties",
    "unknown_cookies",
    "reload_on_withdrawal",
    "count_notices",
)


def differences(before: Configuration | None, after: Configuration) -> tuple[Difference, ...]:
    """Return every change that a visitor or an auditor could notice, the weightiest first."""
    old = before.document if before else _nothing(after.document)
    found = [*_purposes(old, after.document), *_services(old, after.document), *_banner(old, after.document)]
    found += _signals(old["signals"] if before else {}, after.document["signals"])
    found += _values("setting", SETTINGS, old, after.document)
    if before and old["runtime_digest"] != after.document["runtime_digest"]:
        found.append(Difference("script", "", old["runtime_digest"], after.document["runtime_digest"]))
    return tuple(sorted(found, key=lambda each: KINDS.index(each.kind)))


def asked_again(configuration: Configuration) -> tuple[str, ...]:
    """Return the purposes that visitors who answered an earlier configuration are asked about anew (UI-14)."""
    if configuration.version == 1:
        return ()
    purposes = configuration.document["purposes"]
    return tuple(each["id"] for each in purposes if not each["exempt"] and each["since"] == configuration.version)


def _nothing(after: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was live before a first publication: nothing, but with the settings that nobody changed."""
    return {**after, "purposes": [], "services": []}


def _purposes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = _by_id(old["purposes"]), _by_id(new["purposes"])
    yield from _come_and_gone("purpose", before, after, lambda purpose: None)
    for id_, now in after.items():
        was = before.get(id_)
        if was:
            for part in ("title", "description", "details"):
                yield from _languages("purpose text", f"{id_} {part}", was.get(part, {}), now.get(part, {}))


def _services(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = _by_id(old["services"]), _by_id(new["services"])
    yield from _come_and_gone("service", before, after, lambda service: service["purpose"])
    for id_, now in after.items():
        was = before.get(id_, {"trackers": []})
        if was.get("id"):
            if was["purpose"] != now["purpose"]:
                yield Difference("service moved", now["name"], was["purpose"], now["purpose"])
            yield from _values(
                "service changed", ("name", "vendor", "policy_url", "url_patterns"), was, now, now["name"]
            )
        yield from _trackers(now["name"], was["trackers"], now["trackers"])


def _trackers(service: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    before = {(each["kind"], each["name"], each["domain"]): each for each in old}
    after = {(each["kind"], each["name"], each["domain"]): each for each in new}
    for key in before.keys() - after.keys():
        yield Difference("tracker removed", _named(before[key], service), before[key]["purpose"])
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            yield Difference("tracker added", _named(now, service), None, now["purpose"])
            continue
        if was["purpose"] != now["purpose"]:
            yield Difference("tracker moved", _named(now, service), was["purpose"], now["purpose"])
        if bool(was["exemption"]) != bool(now["exemption"]):
            kind = "tracker exempted" if now["exemption"] else "tracker no longer exempt"
            yield Difference(kind, _named(now, service), _ground(was), _ground(now))
        if was["declared_lifetime"] != now["declared_lifetime"]:
            yield Difference("lifetime", _named(now, service), was["declared_lifetime"], now["declared_lifetime"])
        yield from _languages("tracker changed", _named(now, service), was["description"], now["description"])


def _banner(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    was, now = old["banner"], new["banner"]
    for language in new["languages"]:
        for key, text in now["texts"].get(language, {}).items():
            before = was["texts"].get(language, {}).get(key)
            if before is not None and before != text:
                yield Difference("text", f"{language} {key}", before, text)
    yield from _values("setting", ("controller", "privacy_url"), was, now)
    yield from _values("look", ("layout", "close"), was, now)
    yield from _values("look", sorted({*was["theme"], *now["theme"]}), was["theme"], now["theme"])
    yield from _logo(was.get("logo"), now.get("logo"))


def _logo(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[Difference]:
    if was != now:
        kind = "logo added" if not was else "logo changed" if now else "logo removed"
        before, after = (_text(logo["alt"]) if logo else None for logo in (was, now))
        yield Difference(kind, "", before, after)


def _signals(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({*was, *now}):
        if name not in now:
            yield Difference("signal removed", name)
        elif name not in was:
            yield Difference("signal added", name)
        elif was[name] != now[name]:
            yield Difference("signal changed", name)


def _come_and_gone(
    what: str, before: Mapping[str, Any], after: Mapping[str, Any], belongs: Any
) -> Iterator[Difference]:
    for id_ in before.keys() - after.keys():
        yield Difference(f"{what} removed", before[id_].get("name", id_), belongs(before[id_]))
    for id_, each in after.items():
        if id_ not in before:
            yield Difference(f"{what} added", each.get("name", id_), None, belongs(each))


def _languages(kind: str, subject: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Difference]:
    for language in sorted({*was, *now}):
        if was.get(language) != now.get(language):
            yield Difference(kind, f"{subject} {language}", was.get(language), now.get(language))


def _values(kind: str, keys: Any, was: Mapping[str, Any], now: Mapping[str, Any], of: str = "") -> Iterator[Difference]:
    for key in keys:
        if was.get(key) != now.get(key):
            yield Difference(kind, f"{of} {key}".strip(), _text(was.get(key)), _text(now.get(key)))


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    return str(value)


def _ground(tracker: Mapping[str, Any]) -> str | None:
    return tracker["exemption"]["ground"] if tracker["exemption"] else None


def _named(tracker: Mapping[str, Any], service: str) -> str:
    return f"{tracker['name']} ({service})"


def _by_id(entries: list[Any]) -> dict[str, Any]:
    return {each["id"]: each for each in entries}
