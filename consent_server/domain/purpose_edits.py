"""A site's own purposes: added to a draft and taken out of it. What the product comes with can only be reworded.

Nothing here says whether visitors are asked again: that follows from what serves a purpose (``domain/difference.py``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.errors import Invalid
from consent_server.domain.purpose import DEFAULT_PURPOSES

LONGEST_ID = 40


def add_purpose(draft: Mapping[str, Any], catalogue: Catalogue, purpose: Mapping[str, Any]) -> dict[str, Any]:
    """Return the draft with a purpose of the site's own, behind all others; raise ``Invalid`` when it has the id."""
    if any(each.id == purpose.get("id") for each in catalogue.purposes):
        raise Invalid.because("This site has a purpose of this id already.", "id")
    written = {each["id"]: each for each in draft.get("purposes") or []}
    purposes = [written.get(each.id, {"id": each.id}) for each in catalogue.purposes]
    return {**draft, "purposes": [*purposes, dict(purpose)]}


def remove_purpose(draft: Mapping[str, Any], catalogue: Catalogue, purpose_id: str) -> dict[str, Any]:
    """Return the draft without a purpose; raise ``Invalid`` while something serves it, or when it is not the site's."""
    if purpose_id in DEFAULT_PURPOSES:
        raise Invalid.because("This purpose comes with the product: visitors see it only while something serves it.")
    if all(each.id != purpose_id for each in catalogue.purposes):
        raise Invalid.because("This site has no such purpose.")
    serving = users_of(catalogue, purpose_id)
    if serving:
        raise Invalid.because(f"This purpose is still served by: {', '.join(serving)}. Give that another one first.")
    return {**draft, "purposes": [each for each in draft.get("purposes") or [] if each.get("id") != purpose_id]}


def users_of(catalogue: Catalogue, purpose_id: str) -> tuple[str, ...]:
    """Return what serves a purpose: services, and single trackers of others, by name."""
    return tuple(_users(catalogue, purpose_id))


def _users(catalogue: Catalogue, purpose_id: str) -> Iterator[str]:
    for service in catalogue.services:
        if service.purpose == purpose_id:
            yield service.name
        else:
            yield from (f"{each.name} ({service.name})" for each in service.trackers if each.purpose == purpose_id)


def free_purpose_id(title: str, taken: Collection[str]) -> str:
    """Return an id made of a title that nobody has yet: ``Newsletter & co`` → ``newsletter_co``."""
    plain = unicodedata.normalize("NFKD", title.replace("’", " ")).encode("ascii", "ignore").decode().lower()
    wanted = re.sub(r"[^a-z0-9]+", "_", plain).lstrip("0123456789_").rstrip("_")[: LONGEST_ID - 4] or "purpose"
    numbered = (f"{wanted}_{number}" for number in range(2, 1_000))
    return wanted if wanted not in taken else next(each for each in numbered if each not in taken)
