"""The JSON API, under ``/api/v1``: what the admin does, for programs, with a token instead of a session.

One module per kind of thing, one line in ``BLUEPRINTS``. Its operations say which permission they need
(``access.Operations.needs``) and call one deed of ``services``; one that says nothing lets nobody in.
"""

from __future__ import annotations

from consent_server.web.api import (
    activity,
    catalogue,
    configurations,
    design,
    library,
    parts,
    policy,
    policy_text,
    proofs,
    scans,
    sites,
    statistics,
    tokens,
    users,
    watching,
)

BLUEPRINTS = (
    users.blueprint,
    tokens.blueprint,
    activity.blueprint,
    sites.blueprint,
    catalogue.blueprint,
    parts.blueprint,
    design.blueprint,
    policy.blueprint,
    policy_text.blueprint,
    library.blueprint,
    configurations.blueprint,
    scans.blueprint,
    watching.blueprint,
    statistics.blueprint,
    proofs.blueprint,
)

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "a token made under /admin/tokens/ or by `consent-server token create`",
}
