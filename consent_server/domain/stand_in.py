"""What holds third parties when our script does not come: refused, blocked by an extension, an error page, garbage.

A line of the recommended tag, right behind the script: where ``window.consent`` is missing, a Content Security Policy
lets the page load from its own site alone, and cookies that the site's catalogue names are not written. ``load`` and
``error`` events would not do: garbage fires ``load``, and so does a script that this browser is too old for. Hence
the old words below, too: what understands nothing of the banner must understand this.

Not in its reach: trackers behind the site's own addresses, what inline code keeps in storages, cookies that nobody
declared. Which service asked, and what was granted once, is not known here: everything is held until the script comes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consent_server.domain.configuration import Configuration
from consent_server.domain.content_policy import PolicyOptions, policy_of
from consent_server.domain.name_pattern import matches
from consent_server.domain.tracker import OWN_SITE

OWN_ORIGIN = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

_COOKIES = """h=Object.getOwnPropertyDescriptor(Document.prototype,"cookie");\
Object.defineProperty(d,"cookie",{configurable:true,get:function(){return h.get.call(d)},set:function(v){\
var k=(v+"").split(/[;=]/)[0].trim();%s.some(function(n){n=n.split("*");var e=n.pop();\
return n.length?k.indexOf(n[0])==0&&k.slice(k.length-e.length)==e:k==e})||h.set.call(d,v)}});"""


def stand_in(policy: str = OWN_ORIGIN, names: Iterable[str] = ()) -> str:
    """Return the inline script for pages that may load what ``policy`` says and write all cookies but these."""
    refused = sorted(set(names))
    return (
        '(window.consent||0).whenGranted||function(d,m,h){m=d.createElement("meta");m.httpEquiv="Content-Security-Policy";'
        f"m.content={_quoted(policy)};d.head.appendChild(m);{_COOKIES % _quoted(refused) if refused else ''}"
        'console.warn("The consent banner did not come: third parties are held.")}(document)'
    )


def stand_in_of(configuration: Configuration, origins: Iterable[str], server: str, allow: Iterable[str] = ()) -> str:
    """Return the line of one site, whose pages may load from its own hosts, what is exempt, and ``allow``."""
    policy = policy_of(configuration, origins, (), PolicyOptions(server, tuple(allow)))
    return stand_in(policy, refused_names(configuration.document))


def refused_names(document: Mapping[str, Any]) -> list[str]:
    """Return the patterns of cookies that need a yes, without those that would take an exempt cookie along."""
    cookies = list(_cookies(document))
    exempt = [name for name, is_exempt in cookies if is_exempt]
    names = {name for name, is_exempt in cookies if not is_exempt}
    return sorted(name for name in names if not any(matches(name, each) for each in exempt))


def hash_source(script: str) -> str:
    """Return what a policy without ``'unsafe-inline'`` has to list for an inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _cookies(document: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the cookies that a page's script may write, and whether they are exempt; others' domains are others'."""
    for service in document["services"]:
        for tracker in service["trackers"]:
            if tracker["kind"] == "cookie" and tracker["domain"] == OWN_SITE:
                yield tracker["name"], tracker["exemption"] is not None


def _quoted(value: str | list[str]) -> str:
    """Return a JavaScript literal that may stand in markup."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
