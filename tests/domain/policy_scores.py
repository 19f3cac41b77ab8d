"""How well the policy reader does on labelled policies: precision and recall of names, lifetimes and services.

The policies under ``tests/vectors/policies`` are ours, in the ways others write theirs; the labels were written beside
them by reading, before the reader was tried. A lifetime is judged where the name was found; one that the policy does
not say (``null``) must not be invented.

``python -m tests.domain.policy_scores`` prints every document with what was missed and what was invented. It takes
another folder of the same shape as its argument.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consent_server.domain.library import Library
from consent_server.domain.name_pattern import matches_in_any_case
from consent_server.domain.policy_text import PolicyFindings, read_policy
from consent_server.services.reading_policies import policy_text
from consent_server.storage.library import load_library
from tests.pdfs import pdf_of

POLICIES = Path(__file__).parents[1] / "vectors" / "policies"


@dataclass
class Score:
    """How many were right, invented and missed."""

    right: int = 0
    invented: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right."""
        return self.right / (self.right + self.invented or 1)

    @property
    def recall(self) -> float:
        """The share of what is there that was found."""
        return self.right / (self.right + self.missed or 1)


@dataclass
class Scores:
    """The scores of a set of policies, and each mistake in words."""

    names: Score
    lifetimes: Score
    services: Score
    mistakes: list[str]


def labelled(folder: Path = POLICIES) -> list[Path]:
    """Return the policies that have labels."""
    return [path for path in sorted(folder.iterdir()) if path.suffix != ".json" and path.with_suffix(".json").exists()]


def text_of(path: Path) -> str:
    """Return a policy's text; what is to be a PDF is typeset first."""
    data = path.read_bytes()
    return policy_text(pdf_of(data.decode()) if path.suffix == ".typ" else data)


def score(paths: list[Path], library: Library) -> Scores:
    """Read each policy and compare what was found with its labels."""
    scores = Scores(Score(), Score(), Score(), [])
    for path in paths:
        labels = json.loads(path.with_suffix(".json").read_text())
        _compare(path.name, read_policy(text_of(path), library), labels, scores)
    return scores


def _compare(document: str, found: PolicyFindings, labels: Mapping[str, object], scores: Scores) -> None:
    cookies = labels["cookies"]
    assert isinstance(cookies, dict)
    left = dict(cookies)
    for cookie in found.cookies:
        name = next((label for label in left if _same(cookie.name, label)), None)
        if name is None:
            scores.names.invented += 1
            scores.mistakes.append(f"{document}: invented {cookie.name} in “{cookie.evidence}”")
            continue
        scores.names.right += 1
        _compare_lifetimes(f"{document}: {name}", cookie.lifetime, left.pop(name), scores)
        for also in [label for label in left if "*" in cookie.name and _same(cookie.name, label)]:
            scores.names.right += 1  # one pattern of the library for several names of the policy
            del left[also]
    scores.names.missed += len(left)
    scores.mistakes += [f"{document}: missed {name}" for name in left]
    _compare_services(document, {service.id for service in found.services}, set(labels["services"]), scores)  # type: ignore[call-overload]


def _compare_lifetimes(where: str, found: str | None, label: str | None, scores: Scores) -> None:
    if found == label:
        scores.lifetimes.right += found is not None
        return
    scores.lifetimes.invented += found is not None
    scores.lifetimes.missed += label is not None
    scores.mistakes.append(f"{where} lasts {label}, read {found}")


def _compare_services(document: str, found: set[str], labels: set[str], scores: Scores) -> None:
    scores.services.right += len(found & labels)
    scores.services.invented += len(found - labels)
    scores.services.missed += len(labels - found)
    scores.mistakes += [f"{document}: service {each} invented" for each in sorted(found - labels)]
    scores.mistakes += [f"{document}: service {each} missed" for each in sorted(labels - found)]


def _same(found: str, label: str) -> bool:
    """Whether a name that was read, the library's pattern or as written, is the one of the label."""
    return found.casefold() == label.casefold() or ("*" in found and matches_in_any_case(found, label.casefold()))


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else POLICIES
    outcome = score(labelled(folder), load_library())
    print("\n".join(outcome.mistakes))
    for what in ("names", "lifetimes", "services"):
        one: Score = getattr(outcome, what)
        print(f"{what:10} precision {one.precision:.3f}  recall {one.recall:.3f}  ({one.right} right)")
