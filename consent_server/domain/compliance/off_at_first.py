"""UI-07: nothing that needs consent is switched on before the visitor did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration
from consent_server.domain.rendering import Layer


def check_off_at_first(configuration: Configuration, layers: Iterable[Layer]) -> Iterator[Finding]:
    """Yield a finding for each switch that is on, and for each purpose that has none."""
    for layer in layers:
        switches = {control.purpose: control for control in layer.controls if control.purpose}
        for control in switches.values():
            if control.checked:
                yield Finding(
                    "UI-07", layer.where, f"“{control.purpose}” is ticked already: a visitor must do that themselves."
                )
        if layer.number == 2:
            for purpose in configuration.asked_purposes:
                if purpose not in switches:
                    yield Finding("UI-07", layer.where, f"“{purpose}” cannot be answered on its own.")
