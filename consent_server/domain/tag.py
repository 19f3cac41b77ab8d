"""What a site owner pastes first into ``<head>``: our script, and what keeps the browser from running ahead of it.

While a script is on its way, browsers already ask for what the markup behind it names. No standard stops that; these
are habits of theirs, measured in ``tests/browser/test_lookahead.py``:

- Chromium asks for nothing that it saw before it knows the policies in the markup; an empty one imposes nothing.
- Chromium and Safari look ahead without parsing, and skip what is in a ``<template>``. They count its tags: one with
  no end, because it stands in an ``<svg>`` where it means nothing, makes them skip the rest.
- Firefox looks ahead by parsing, and a policy that it meets there holds for all that it asks for ahead, even where it
  never takes effect. In a template it has no other effect. Style sheets are left out: a ``rel=preload`` that becomes a
  style sheet once it is loaded would never load. Images of a ``srcset`` escape the policy, but not a ``<picture>`` that
  is left open: ``</b>`` takes it off Firefox's stack unseen, and every image asked for ahead is then the empty one.

What stands between the two lines for that acts where the script did not come (``domain/stand_in.py``).
Without scripts, and for everything that is asked for in its turn, the template is nothing at all.
"""

from __future__ import annotations

from consent_server.domain.stand_in import stand_in

EMPTY_POLICY = '<meta http-equiv="Content-Security-Policy" content="">'
NO_LOOKING_AHEAD = (
    """<template><b><meta http-equiv="Content-Security-Policy" content="default-src 'self'; style-src *">"""
    '<picture><source srcset="data:,"><p></b><svg><template></svg></template>'
)


def tag(script: str, attributes: str = "", standing_in: str = "") -> str:
    """Return the lines for the address of a site's script; ``standing_in`` is ``stand_in_of`` the site, if known."""
    return (
        f'{EMPTY_POLICY}\n<script src="{script}"{attributes}></script>\n'
        f"<script>{standing_in or stand_in()}</script>\n{NO_LOOKING_AHEAD}"
    )
