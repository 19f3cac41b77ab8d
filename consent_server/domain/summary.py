"""What evidence says, for people who read: how often was answered what, to which configuration, and what that one said.

Nothing here proves anything: the evidence bundle does. One pass over the records; what is kept of them is counts, and
each answer while they are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consent_server.domain.configuration import Configuration
from consent_server.domain.evidence_layout import About
from consent_server.domain.notice import Declaration, banner_texts, declare, fill, in_words

MOST_LISTED = 200
"""Up to how many answers are listed one by one; more are a bundle's business."""

_BUTTONS = ("accept_all", "refuse_all", "customize")

Words = Mapping[str, str]


@dataclass
class Tally:
    """The counts of a run of records, in index order."""

    count: int = 0
    first: str = ""
    last: str = ""
    actions: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    decisions: dict[str, Counter[bool]] = field(default_factory=dict)
    listed: list[dict[str, Any]] = field(default_factory=list)

    def add(self, index: int, record: Mapping[str, Any]) -> None:
        """Count a record, given as its parsed text."""
        moment = record["recorded_at"]
        self.count += 1
        self.first = min(self.first or moment, moment)
        self.last = max(self.last, moment)
        self.actions[record["action"]] += 1
        self.months[moment[:7]] += 1
        self.versions[record["config_version"]] += 1
        for purpose, granted in record["decisions"].items():
            self.decisions.setdefault(purpose, Counter())[granted] += 1
        if self.count <= MOST_LISTED:
            self.listed.append({"index": index, **record})
        else:
            self.listed.clear()


@dataclass(frozen=True)
class Shown:
    """A configuration with the pictures that were taken of it: what they show, and the file's name."""

    configuration: Configuration
    pictures: tuple[tuple[str, str], ...] = ()


def summarise(
    about: About,
    site_name: str,
    chosen: Mapping[str, str],
    tally: Tally,
    gone: int,
    shown: Sequence[Shown],
    words: Words,
    language: str,
) -> dict[str, Any]:
    """Return everything that the summary says, in words and in reading order, ready to be set.

    ``words`` are those of the language; a configuration that does not speak it is told in its first language.
    """
    latest = shown[-1].configuration if shown else None
    return {
        "language": language,
        "title": words["title"],
        "head": [
            fill(
                words["of"],
                site=site_name,
                key=about.site_key,
                controller=latest.document["banner"]["controller"] if latest else site_name,
            ),
            _chosen(chosen, words),
            fill(words["made"], created=_moment(about.created or ""), origin=about.origin, size=str(about.size)),
        ],
        "caution": words["proves_nothing"],
        "answered": _answered(tally, gone, latest, words, language),
        "shown": [_shown(each, tally, words, language) for each in shown],
        "words": dict(words),
    }


def _chosen(chosen: Mapping[str, str], words: Words) -> str:
    if not chosen:
        return words["whole"]
    parts = [fill(words[f"chosen_{name}"], value=_said(name, value, words)) for name, value in chosen.items()]
    return fill(words["part"], chosen=" ; ".join(parts))


def _said(name: str, value: str, words: Words) -> str:
    if name in ("from", "to"):
        return _moment(value)
    return words[f"action_{value}"] if name == "action" else value


def _answered(tally: Tally, gone: int, latest: Configuration | None, words: Words, language: str) -> dict[str, Any]:
    titles = _titles(latest, language)
    sentences = [words["none"]]
    if tally.count:
        period = fill(words["period"], first=_moment(tally.first), last=_moment(tally.last))
        sentences = [f"{in_words(tally.count, words['count'])}, {period}."]
    if gone:
        sentences.append(in_words(gone, words["gone"]) + ".")
    many = tally.count > MOST_LISTED
    return {
        "sentences": sentences,
        "actions": [[words[f"action_{action}"], count] for action, count in tally.actions.most_common()],
        "purposes": [
            [titles.get(purpose, purpose), counts[True], counts[False]] for purpose, counts in tally.decisions.items()
        ],
        "months": [[month, count] for month, count in sorted(tally.months.items())],
        "each": [_answer(each, words, titles) for each in tally.listed],
        "each_left_out": fill(words["each_left_out"], most=str(MOST_LISTED)) if many else "",
    }


def _answer(record: Mapping[str, Any], words: Words, titles: Words) -> list[Any]:
    decisions = record["decisions"].items()
    granted = ", ".join(titles.get(purpose, purpose) for purpose, answer in decisions if answer) or "–"
    refused = ", ".join(titles.get(purpose, purpose) for purpose, answer in decisions if not answer) or "–"
    said = words[f"action_{record['action']}"]
    return [record["index"], _moment(record["recorded_at"]), said, granted, refused, record["config_version"]]


def _shown(shown: Shown, tally: Tally, words: Words, wanted: str) -> dict[str, Any]:
    configuration = shown.configuration
    language = _language_of(configuration, wanted)
    declared, texts = declare(configuration, language), banner_texts(configuration, language)
    return {
        "title": fill(words["version"], version=str(declared.version), date=_moment(declared.published_at)),
        "answers": in_words(tally.versions[declared.version], words["answers_to"]),
        "digest": declared.digest,
        "texts": [texts["title"], texts["intro"], texts["consequences"], texts["withdraw_how"]],
        "buttons": [texts[name] for name in _BUTTONS if texts.get(name)],
        "purposes": [
            [purpose.title, purpose.description, _trackers(declared, purpose.id)] for purpose in declared.purposes
        ],
        "pictures": [list(picture) for picture in shown.pictures],
    }


def _trackers(declared: Declaration, purpose_id: str | None) -> str:
    (purpose,) = (purpose for purpose in declared.purposes if purpose.id == purpose_id)
    services = [
        f"{service.name} ({', '.join(tracker.name for tracker in service.trackers)})"
        if service.trackers
        else service.name
        for service in purpose.services
    ]
    return " ; ".join(services)


def _titles(configuration: Configuration | None, wanted: str) -> dict[str, str]:
    if configuration is None:
        return {}
    language = _language_of(configuration, wanted)
    return {purpose["id"]: purpose["title"][language] for purpose in configuration.document["purposes"]}


def _language_of(configuration: Configuration, wanted: str) -> str:
    texts = configuration.document["banner"]["texts"]
    return wanted if wanted in texts else next(iter(texts))


def _moment(text: str) -> str:
    """Return an RFC 3339 time as people write it, to the second."""
    return text[:19].replace("T", " ")
