"""YAML from strangers: what JSON could say as well, and nothing else (the reading of ``strict_json``).

Refused besides: aliases, whose expansion has no end that anybody would wait for. A date stays the text that it is.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from consent_server.domain.strict_json import DEEPEST, MalformedJson, parse_json

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C parser where there is one
    """Reads without dates, and refuses the same key twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != _TIMESTAMP]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(found) != len(node.value):
            raise MalformedJson(f"The same key stands twice{_line(node.start_mark)}.")
        return found


def parse_yaml(data: bytes) -> Any:
    """Return the value that ``data`` spells; raise ``MalformedJson`` with the reason."""
    try:
        text = data.decode("utf-8", "strict")
        _refuse_tricks(text)
        spelled = json.dumps(yaml.load(text, Loader=_Loader))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise MalformedJson(
            f"This is not YAML that JSON could say as well, in UTF-8{_line(getattr(error, 'problem_mark', None))}."
        ) from None
    return parse_json(spelled.encode())


def _refuse_tricks(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedJson(f"An alias is not expanded{_line(event.start_mark)}.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise MalformedJson(f"This is nested deeper than {DEEPEST}{_line(event.start_mark)}.")


def _line(where: Any) -> str:
    return f" (line {where.line + 1})" if where else ""
