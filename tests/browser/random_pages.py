"""Random pages of mixed scripts, each made from a number, and what they do: the same page with and without the banner.

What is compared is what HTML defines. Within a *lane* the order must be that of the page without us; nothing is said of
two lanes. One lane holds everything whose order HTML promises among the ruled scripts that are released together: those
that block the parser in document order, with what they write and the ``load`` and ``error`` events of their elements;
then deferred scripts and modules in document order; then ``DOMContentLoaded``, then ``load``, each in the order in
which it was listened for. Another lane holds the same of the page's own scripts. Scripts that one script inserts with
``async = false`` share a lane; every asynchronous script, timer and microtask has one of its own. Compared besides:
cookies, storage keys, the document, uncaught errors (as a set), and how often and with which headers each script was
asked for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HARNESS = (Path(__file__).parent / "random_pages.js").read_text()
PURPOSES = {"stats": "audience", "ads": "marketing"}
EVENTS = ("DOMContentLoaded", "load", "readystatechange")
TARGETS = {"load": "window", "readystatechange": "document"}
ACTIONS = ("listen", "handler", "ready", "jquery", "complete", "write", "insert", "element", "html", "keep", "later")
OFTEN = ("listen", "write", "insert", "keep")
ON = "(to, ...given) => to.addEventListener(...given)"
HOW = ("plain", "plain", "once", "capture", "object", "twice", "removed", "aborted")
MODES = ("", "", "", "async", "defer", "defer", "module", "module", "async module", "nomodule")
ACCEPTS = ("load", "load", "load", "dcl", "steps")
MISSING = 0.06
DEEPEST = 2


@dataclass
class Script:
    """One script of a page. ``host``: ``own``, or the name of a ruled host."""

    id: str
    host: str
    lane: str
    mode: str = ""
    inline: bool = False
    tagged: bool = False
    delay: float = 0.0
    missing: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    actions: list[list[Any]] = field(default_factory=list)

    @property
    def ruled(self) -> bool:
        return self.host != "own"

    @property
    def kind(self) -> str:
        if "module" in self.mode.split():
            return "module"
        return {"": "blocking", "defer": "deferred"}.get(self.mode, "async")

    @property
    def text(self) -> str:
        given = f"{self.id!r}, {self.lane!r}, {self.kind!r}, {json.dumps(self.actions)}, {ON}"
        return f"globalThis.g_{self.id} = 1; T.run({given});"


class RandomPage:
    """The page of a number: its scripts, when the visitor accepts, and its policy."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self._port = port
        self._random = random.Random(number)
        self.scripts: dict[str, Script] = {}
        self.accept = self._random.choice(ACCEPTS)
        self.nonce = "n0nce" if self._random.random() < 0.2 else ""
        self._ready_to_need: dict[str, list[str]] = {}
        self._handled: set[str] = set()
        self.head = [self._item(in_head=True) for _ in range(self._random.randint(1, 5))]
        self.body = [self._item(in_head=False) for _ in range(self._random.randint(2, 9))]

    def html(self, banner: str | None) -> str:
        """Render it, with the address of the banner or without."""
        nonce = f' nonce="{self.nonce}"' if self.nonce else ""
        tag = f'<script id="ours" src="{banner}"{nonce}></script>' if banner else ""
        early = "document.addEventListener('DOMContentLoaded', () => window.consent && consent.acceptAll());"
        early = early if self.accept == "dcl" else ""
        start = f"<script id='harness'{nonce}>{HARNESS};T.nonce={self.nonce!r};{early}</script>"
        head = "".join(self._render(item, tagged=bool(banner)) for item in self.head)
        body = "".join(self._render(item, tagged=bool(banner)) for item in self.body)
        empty = '<meta http-equiv="Content-Security-Policy" content="">'
        return f"<!doctype html><html><head>{empty}{tag}{start}{head}</head><body>{body}</body></html>"

    @property
    def policy(self) -> str | None:
        """The page's Content Security Policy."""
        return f"script-src 'nonce-{self.nonce}' 'strict-dynamic'" if self.nonce else None

    # One item of the page's markup.

    def _item(self, *, in_head: bool) -> Script | str:
        dice = self._random.random()
        if dice < 0.15:
            return f'<meta name="m{self._random.random()}">' if in_head else f"<p>text {self._random.random()}</p>"
        ruled = dice < 0.75
        return self._script(ruled=ruled, in_head=in_head, depth=0)

    def _script(self, *, ruled: bool, in_head: bool, depth: int) -> Script:
        choose = self._random
        host = choose.choice(list(PURPOSES)) if ruled else "own"
        mode = choose.choice(MODES)
        inline = choose.random() < (0.25 if ruled else 0.5)
        if inline:
            mode = choose.choice(("", "", "module", "async module"))
        made = self._new(host, mode)
        made.inline = inline
        made.tagged = ruled and (inline or choose.random() < 0.15)
        self._attributes(made)
        self._act(made, in_head=in_head, depth=depth)
        return made

    def _new(self, host: str, mode: str, lane: str | None = None) -> Script:
        made = Script(f"s{len(self.scripts)}", host, "", mode, delay=self._random.choice((0, 0, 0.005, 0.02)))
        parts = mode.split()
        made.lane = lane or (made.id if "async" in parts or "nomodule" in parts else self._lane(host))
        self.scripts[made.id] = made
        return made

    def _lane(self, host: str) -> str:
        """One lane for what is released together."""
        return host if host == "own" or self.accept == "steps" else "ruled"

    def _attributes(self, made: Script) -> None:
        choose = self._random
        if made.inline:
            return
        made.missing = choose.random() < MISSING
        if choose.random() < 0.3:
            made.attributes["crossorigin"] = choose.choice(("anonymous", ""))
            if choose.random() < 0.5:
                made.attributes["integrity"] = "right" if choose.random() < 0.7 else "wrong"
        if choose.random() < 0.2:
            made.attributes["referrerpolicy"] = choose.choice(("no-referrer", "origin", "unsafe-url"))
        if choose.random() < 0.2:
            made.attributes["fetchpriority"] = choose.choice(("high", "low"))
        if choose.random() < 0.4 and "nomodule" not in made.mode:
            for name, what in (("onload", "loaded"), ("onerror", "failed")):
                made.attributes[name] = f"T.say('{made.lane}', '{made.id} {what} in ' + T.current())"

    # What a script does.

    def _act(self, made: Script, *, in_head: bool, depth: int) -> None:
        choose = self._random
        earlier = self._ready_to_need.setdefault(made.lane, [])
        if earlier and choose.random() < 0.5:
            made.actions.append(["needs", choose.choice(earlier)])
        for _ in range(choose.randint(0, 3)):
            made.actions += self._action(made, in_head=in_head, depth=depth)
        if choose.random() < 0.05:
            made.actions.append(["throws"])
        if not made.missing and made.attributes.get("integrity") != "wrong" and made.kind != "async":
            earlier.append(made.id)

    def _action(self, made: Script, *, in_head: bool, depth: int) -> list[list[Any]]:
        choose = self._random
        ordered = made.kind != "async" and "async" not in made.mode
        here = made.kind in ("blocking", "deferred")
        name = choose.choice((*ACTIONS, *OFTEN))
        if name == "listen":
            event = choose.choice(EVENTS) if ordered else "load"
            target = TARGETS.get(event) or choose.choice(("window", "document"))
            return [["listen", target, event, choose.choice(HOW)]]
        if name == "handler":
            return [self._handler(made)] if ordered and made.kind != "module" else []
        if name in ("ready", "jquery", "complete"):
            return [[name]] if here else []
        if name == "write":
            return [self._write(made, depth)] if made.kind == "blocking" and depth < DEEPEST and not in_head else []
        if name == "insert":
            return [["insert", self._inserted(made)]] if here or made.kind == "async" else []
        if name == "element":
            return [["element", choose.choice(("before", "after"))]] if here else []
        if name == "html":
            host = choose.choice((*PURPOSES, "own"))
            return (
                [["html", f'<b></b><script id="{made.id}-never" src="{self.address(host, "never")}"></script>']]
                if here and not in_head
                else []
            )
        if name == "keep":
            owner = made.host if made.lane != "own" else choose.choice((*PURPOSES, "own"))
            return [[choose.choice(("cookie", "local", "session")), f"{owner}_{made.id}"]]
        return [["later"]]

    def _handler(self, made: Script) -> list[Any]:
        """Handlers that the page sets after a ruled script would take its place without us, and cannot with us."""
        choose = self._random
        target, name = choose.choice((("window", "onload"), ("body", "onload"), ("document", "onreadystatechange")))
        if self.accept == "dcl" and name == "onreadystatechange":
            return ["later"]  # the page's own handler waits for the second of two events then
        if made.lane != "own":
            self._handled.add(name)
        elif name in self._handled:
            return ["later"]
        return ["handler", target, name]

    def _write(self, made: Script, depth: int) -> list[Any]:
        """Markup at the script's place, whole or in pieces, with scripts in it that write themselves."""
        choose = self._random
        name = f"w-{made.id}-{len(made.actions)}"
        # What follows a ruled script that the page's own script writes does not wait for it: it could not.
        inner = "".join(self._written(made, depth) for _ in range(choose.randint(0, 2 if made.lane != "own" else 1)))
        html = f'<div id="{name}"><b>{made.id}</b>{inner}</div>'
        if choose.random() < 0.2:
            html += "tail"
        cut = sorted(choose.sample(range(len(html)), choose.randint(0, 3)))
        pieces = [html[a:b] for a, b in zip([0, *cut], [*cut, len(html)], strict=True)]
        calls = [["write", *pieces]] if choose.random() < 0.3 else [["write", piece] for piece in pieces]
        calls[-1][0] = choose.choice(("write", "write", "writeln"))
        # What is written behind a script that is awaited is in the page at once or later: nothing is said of that.
        awaited = any("<script" in json.dumps(action) for action in made.actions) or "<script" in inner
        return ["write", calls, "" if awaited else name]

    def _written(self, writer: Script, depth: int) -> str:
        choose = self._random
        inline = choose.random() < 0.4
        late = writer.lane != "own"
        hosts = (writer.host,) if inline or (late and self.accept == "steps") else (*PURPOSES, "own")
        host = choose.choice(hosts)
        lane = writer.lane if late else None
        made = self._new(host, "" if inline else choose.choice(("", "", "defer", "module")), lane)
        made.inline = inline
        made.missing = not inline and choose.random() < MISSING
        self._act(made, in_head=False, depth=depth + 1)
        return self._render(made, tagged=False)

    def _inserted(self, by: Script) -> dict[str, Any]:
        choose = self._random
        in_order = choose.random() < 0.4
        host = choose.choice((*PURPOSES, "own"))
        if by.ruled:
            host = choose.choice((by.host, "own"))
        ordered = by.kind in ("blocking", "deferred")
        made = self._new(host, "async")
        module = choose.random() < 0.2
        made.mode = "async module" if module else "async"
        if in_order and ordered:
            made.lane = f"{by.lane} inserts {made.host} in order"
        made.missing = choose.random() < MISSING
        if choose.random() < 0.4:
            made.actions.append(["listen", "window", "load", choose.choice(HOW)])
        if choose.random() < 0.4:
            made.actions.append([choose.choice(("cookie", "local", "session")), f"{made.host}_{made.id}"])
        return {
            "id": made.id,
            "src": self.address(made.host, made.id),
            "lane": made.lane,
            "module": module,
            "inOrder": in_order and ordered,
            "late": choose.random() < 0.3,
            "listens": choose.random() < 0.3,
            # While the parser is at work the end of head is another place than afterwards.
            "place": choose.choice(("after",) if by.lane != "own" else ("head", "after", "first")),
        }

    # Addresses and markup.

    def address(self, host: str, name: str) -> str:
        return f"http://{host}.localhost:{self._port}/s/{self.number}/{name}.js"

    def _render(self, item: Script | str, *, tagged: bool) -> str:
        if isinstance(item, str):
            return item
        return _markup(item, self.nonce, self.address(item.host, item.id), inert=tagged and item.tagged)


def _markup(script: Script, nonce: str, address: str, *, inert: bool) -> str:
    attributes = {"id": script.id}
    if nonce:
        attributes["nonce"] = nonce
    parts = script.mode.split()
    kind = "module" if "module" in parts else ""
    if inert or kind:
        attributes["type"] = "text/plain" if inert else kind
    if script.tagged:
        attributes["data-consent"] = PURPOSES[script.host]
        if kind:
            attributes["data-type"] = kind
    attributes |= {name: "" for name in parts if name in ("async", "defer", "nomodule")}
    attributes |= script.attributes
    if "integrity" in attributes:
        text = script.text if attributes["integrity"] == "right" else "else"
        attributes["integrity"] = "sha384-" + base64.b64encode(hashlib.sha384(text.encode()).digest()).decode()
    if not script.inline:
        attributes["src"] = address
    text = script.text.replace("</script", "<\\/script") if script.inline else ""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<script{written}>{text}</script>"
