"""What stands in front of the runtime: of a configuration, that which cannot wait.

The rules are all there, before the page's first tracker runs, with the texts of both layers. What each tracker is for
and how long it lives is asked for when a visitor opens the settings (``GET …/policy.json``), what only auditors need is
not sent at all: every page of every site pays for these bytes before anything else may run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent_server.domain.configuration import Configuration
from consent_server.domain.notice import banner_texts

_LATER = {"published_at", "runtime_digest", "max_lifetime", "screenshots"}
_LATER_OF_PURPOSES = {"details"}
_LATER_OF_SERVICES = {"exemption", "policy_url", "vendor"}
_LATER_OF_SIGNALS = {"mode", "reason"}
_LATER_OF_TRACKERS = {"declared_lifetime", "lifetime", "capped", "description"}


def embedded(configuration: Configuration) -> dict[str, Any]:
    """Return the projection, in the shape of ``banner/src/configuration.ts``."""
    document = configuration.document
    return {
        **_without(document, _LATER),
        "digest": configuration.digest,
        "purposes": [_without(purpose, _LATER_OF_PURPOSES) for purpose in document["purposes"]],
        "services": [_service(service) for service in document["services"]],
        "signals": {name: _without(settings, _LATER_OF_SIGNALS) for name, settings in document["signals"].items()},
        "banner": {
            **document["banner"],
            "texts": {language: banner_texts(configuration, language) for language in document["languages"]},
        },
    }


def _service(service: Mapping[str, Any]) -> dict[str, Any]:
    trackers = [
        {**_without(tracker, _LATER_OF_TRACKERS), "exemption": tracker["exemption"] is not None}
        for tracker in service["trackers"]
    ]
    return {**_without(service, _LATER_OF_SERVICES), "trackers": trackers}


def _without(mapping: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}
