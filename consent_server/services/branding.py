"""A site's logo: drawn anew, kept in the draft, taken out of it; and where it is for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.configuration import digest_of
from consent_server.domain.design import with_logo
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.logo import Logo
from consent_server.services.editing import Deed, change_draft, check_draft
from consent_server.services.redrawing import redraw
from consent_server.storage import logos
from consent_server.storage.sites import Site

_DEED = Deed("banner.designed", "logo")


def current_logo(site: Site) -> Logo | None:
    """Return the logo of the draft. Raises ``Invalid``."""
    return check_draft(site.draft).banner.logo


def keep_logo(
    session: Session,
    site: Site,
    image: bytes,
    alt: Mapping[str, str],
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> bool:
    """Make a picture the logo in the draft; return whether anything is different.

    ``alt`` is what it says in each language, or empty. Raises ``Invalid``, or ``Overtaken`` (``editing.change_draft``).
    """
    drawn = redraw(image)
    logo = Logo(digest_of(drawn.webp), drawn.width, drawn.height, alt)

    def edit(draft: Mapping[str, object], _found: object) -> Mapping[str, object]:
        logos.add_logo(session, logo, drawn.webp, now)
        return with_logo(draft, logo)

    return change_draft(session, site.key, actor, _DEED, edit, now, seen) is not None


def reword_logo(session: Session, site: Site, alt: Mapping[str, str], actor: Actor, now: datetime) -> bool:
    """Say anew what the logo of the draft says; return whether anything is different. Raises ``Invalid``."""

    def edit(draft: Mapping[str, object], _found: object) -> Mapping[str, object]:
        logo = check_draft(draft).banner.logo
        if logo is None:
            raise Invalid.because("Choose a picture.", "image")
        return with_logo(draft, Logo(logo.digest, logo.width, logo.height, alt))

    return change_draft(session, site.key, actor, _DEED, edit, now) is not None


def remove_logo(session: Session, site: Site, actor: Actor, now: datetime, seen: int | None = None) -> bool:
    """Take the logo out of the draft; return whether there was one. Raises ``Overtaken``."""
    change = change_draft(session, site.key, actor, _DEED, lambda draft, _found: with_logo(draft, None), now, seen)
    return change is not None


def logo_of_draft(session: Session, site: Site, digest: str) -> bytes:
    """Return the picture that the draft's logo is, as WebP; raise ``NotFound`` for any other."""
    logo = current_logo(site)
    webp = logos.find_logo(session, digest) if logo and logo.digest == digest else None
    if webp is None:
        raise NotFound("This is not the logo of this draft.")
    return webp
