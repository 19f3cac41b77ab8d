"""Who gets in with a token, what an operation reads, and what every list looks like.

Before any operation runs, in this order: the rule is looked up, the token is read, its requests are counted, or those
with a wrong one from its network, the permission is checked, and the site that the address names is looked for among
those of the token. What belongs to another organisation does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnsupportedMediaType

from consent_server.domain.account import Actor, Permission
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.errors import NotAllowed, NotSignedIn, SiteNotFound
from consent_server.services import clock, issuing
from consent_server.services.reading_yaml import parse_yaml
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.sites import Site
from consent_server.web.errors import ProblemSchema
from consent_server.web.limits import count_request, count_wrong_token
from consent_server.web.reading import body, json_body

View = TypeVar("View", bound=Callable[..., Any])

JSON, YAML = "application/json", "application/yaml"
PROBLEM = "application/problem+json"
TOO_MANY = "too many requests with this token; or too many wrong tokens from this network, and this is another one"
LARGEST_BODY = 1024 * 1024
PAGE = 50
LONGEST_PAGE = 200

TAGGED = {"ETag": {"description": "the revision of the draft", "schema": {"type": "string"}}}
WHEN_SEEN = [
    {
        "in": "header",
        "name": "If-Match",
        "description": "the ETag of the draft that was seen: 412 when it is another by now",
        "schema": {"type": "string"},
    }
]


class Operations(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose every operation asks for a token."""

    def __init__(self, name: str, address: str, description: str) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=f"/api/v1{address}", description=description)
        self.before_request(check_access)

    def needs(self, permission: Permission, *problems: int, of_site: bool = False) -> Callable[[View], View]:
        """Let in tokens whose role has the permission; describe what else may be answered.

        ``of_site``: also a token of one site, though the address names none; the operation sees to what it shows.
        """

        def decorate(view: View) -> View:
            view.rule, view.of_site = permission, of_site  # type: ignore[attr-defined]
            described = self.doc(security=[{"bearer": []}])(view)
            for status in sorted({401, 403, 429, 503, *problems}):
                said = {"description": TOO_MANY} if status == 429 else {}
                described = self.alt_response(status, schema=ProblemSchema, content_type=PROBLEM, **said)(described)
            return cast(View, described)

        return decorate

    def takes(
        self, schema: type[Schema], *, optional: bool = False, whole: bool = False, largest: int = LARGEST_BODY
    ) -> Callable[[View], View]:
        """Read the body, check its shape, and hand it on as the first argument.

        ``optional``: no body is an empty one. ``whole``: a site file, in YAML, too, which the domain reads; the schema
        only describes it.
        """
        known = schema()

        def decorate(view: View) -> View:
            @wraps(view)
            def read(*args: Any, **kwargs: Any) -> Any:
                document = {} if optional and _is_empty() else _document(largest, yaml=whole)
                return view(document if whole else known.load(document), *args, **kwargs)

            content = {kind: {"schema": schema} for kind in ((JSON, YAML) if whole else (JSON,))}
            described = self.doc(requestBody={"required": not optional, "content": content})
            for status in (400, 413, 415, 422):
                read = self.alt_response(status, schema=ProblemSchema, content_type=PROBLEM)(read)
            return cast(View, described(read))

        return decorate


class PageQuery(Schema):
    """Which part of a list."""

    cursor = fields.String(
        validate=validate.Regexp(r"^[0-9]{1,15}\Z"), metadata={"description": "`next_cursor` of the part before"}
    )
    limit = fields.Integer(load_default=PAGE, strict=False, validate=validate.Range(1, LONGEST_PAGE))


def list_of(schema: type[Schema], name: str) -> type[Schema]:
    """Return the shape of a part of a list."""
    described = {"description": "`cursor` of the next part; null at the end"}
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next_cursor": fields.String(required=True, allow_none=True, metadata=described),
        },
        name=f"{name}ListSchema",
    )


def part(found: Sequence[Any], limit: int, key: str = "id") -> dict[str, Any]:
    """Return the first ``limit`` of what was found, and where to go on: look for one more than that."""
    more = len(found) > limit
    return {"items": found[:limit], "next_cursor": str(getattr(found[limit - 1], key)) if more else None}


def part_of(found: Sequence[Any], query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of what is known whole; the cursor is a place in it."""
    start = int(query.get("cursor", 0))
    stop = start + query["limit"]
    return {"items": found[start:stop], "next_cursor": str(stop) if stop < len(found) else None}


def draft_tag(site: Site) -> str:
    """Return the ETag of a site's draft: whatever is read of it has this one."""
    return f"draft-{site.revision}"


def seen_revision() -> int | None:
    """Return the revision of the draft that ``If-Match`` names; ``None`` when any will do. Raises ``Overtaken``."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    site = this_site()
    if not request.if_match.contains(draft_tag(site)):
        raise Overtaken([])
    return site.revision


def check_access() -> None:
    """Run before every operation; raises ``NotSignedIn``, ``TooManyTries``, ``NotAllowed`` or ``SiteNotFound``."""
    view = current_app.view_functions[request.endpoint or ""]
    permission = getattr(view, "rule", None)
    if permission is None:
        raise NotAllowed("This operation says nobody may use it.")
    g.actor = bearer = _bearer(_token())
    count_request()
    if not bearer.may(Permission(permission)):
        raise NotAllowed(f"A token of the role {bearer.role} may not do that.")
    key = (request.view_args or {}).get("site_key")
    if key is not None:
        if bearer.site_key not in (None, key):
            raise SiteNotFound(f"There is no site “{key[:63]}”.")
        g.site = sites.find_site_of(db.session(), bearer.organisation_id, key)
    elif bearer.site_key is not None and not getattr(view, "of_site", False):
        raise NotAllowed("This token is for one site alone.")


def actor() -> Actor:
    """Return who acts with the token."""
    return cast(Actor, g.actor)


def this_site() -> Site:
    """Return the site that the address names."""
    return cast(Site, g.site)


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise NotSignedIn("Send a token: Authorization: Bearer …")
    return token.strip()


def _bearer(token: str) -> Actor:
    try:
        return issuing.bearer_of(db.session(), token, clock.now())
    except NotSignedIn:
        count_wrong_token(request.remote_addr)
        raise


def _is_empty() -> bool:
    return not request.content_length and not request.mimetype


def _document(largest: int, *, yaml: bool) -> dict[str, Any]:
    if yaml and request.mimetype == YAML:
        document = parse_yaml(body(largest))
    elif request.mimetype == JSON:
        document = json_body(largest)
    else:
        raise UnsupportedMediaType(f"Send {JSON}{f' or {YAML}' if yaml else ''}.")
    if not isinstance(document, dict):
        raise ValidationError("The body must be an object.")
    return document
