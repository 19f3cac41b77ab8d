"""What the visitor answered, and whether it is a possible answer to a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent_server.domain.configuration import Asked, Configuration
from consent_server.domain.errors import Invalid
from consent_server.domain.purpose import NECESSARY

IMPORT = "import"
"""A choice that another platform had kept: made then, told now."""

GPC = "gpc"

ACTIONS = ("accept_all", "refuse_all", "custom", "withdraw", GPC, "expire", IMPORT)

ALL_FALSE = frozenset({"refuse_all", "withdraw", "expire"})


@dataclass(frozen=True)
class Choice:
    """A yes or no for every purpose that was asked; ``services`` holds answers given for one service alone."""

    action: str
    decisions: Mapping[str, bool]
    services: Mapping[str, bool] = field(default_factory=dict)


def check_choice(choice: Choice, configuration: Configuration | Asked) -> None:
    """Raise ``Invalid`` unless the choice answers every purpose of the configuration once, and agrees with its action.

    ``necessary`` may be named, as true only: it was never in question (REC-02, REC-03).
    """
    problems: dict[str, list[str]] = {}
    asked = set(configuration.asked_purposes)
    given = set(choice.decisions) - {NECESSARY}
    if choice.action not in ACTIONS:
        problems["action"] = [f"Must be one of: {', '.join(ACTIONS)}."]
    for purpose in sorted(asked - given):
        problems[f"decisions.{purpose}"] = ["This purpose was asked: answer true or false."]
    for purpose in sorted(given - asked):
        problems[f"decisions.{purpose[:40]}"] = ["This purpose was not asked in that configuration."]
    if choice.decisions.get(NECESSARY, True) is not True:
        problems[f"decisions.{NECESSARY}"] = ["Necessary trackers need no consent: this is always true."]
    for service in sorted(set(choice.services) - configuration.service_ids):
        problems[f"services.{service[:63]}"] = ["This service is not in that configuration."]
    if not problems:
        problems = _disagreements(choice, asked)
    if problems:
        raise Invalid(problems)


def _disagreements(choice: Choice, asked: set[str]) -> dict[str, list[str]]:
    answers = [choice.decisions[purpose] for purpose in asked]
    if choice.action == "accept_all" and (not all(answers) or not all(choice.services.values())):
        return {"action": ["accept_all goes with true for every purpose."]}
    if choice.action in ALL_FALSE and (any(answers) or any(choice.services.values())):
        return {"action": [f"{choice.action} goes with false for every purpose."]}
    return {}
