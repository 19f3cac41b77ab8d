"""Clean copies: another realm of the same origin has functions that nobody has guarded yet."""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code, markup

EMPTY = "const f = document.body.appendChild(document.createElement('iframe')); const w = f.contentWindow;"
POPUP = "const w = open('about:blank');"
JSON = "request a.json"

WAYS = {
    "fetch": (f"{EMPTY} w.fetch('$URL/a.json').catch(() => 0)", JSON),
    "xhr": (f"{EMPTY} const x = new w.XMLHttpRequest(); x.open('GET', '$URL/a.json'); x.send()", JSON),
    "beacon": (f"{EMPTY} w.navigator.sendBeacon('$URL/beacon', 'x')", "request beacon"),
    "image": (f"{EMPTY} window.$ID = new w.Image(); $ID.src = '$URL/a.gif'", "request a.gif"),
    "socket": (f"{EMPTY} new w.WebSocket('$SOCKET/socket')", "request socket"),
    "worker": (f"{EMPTY} window.$ID = new w.Worker('$FIRST/a.js')", *RAN),  # held: nobody else keeps it until it runs
    "cookie": (f"{EMPTY} w.document.cookie = '$NAME=1; Path=/; Max-Age=99999'", "cookie $NAME"),
    "cookie-store": (f"{EMPTY} w.cookieStore.set('$NAME', '1').catch(() => 0)", "cookie $NAME"),
    "local": (f"{EMPTY} w.localStorage.setItem('$NAME', '1')", "local $NAME"),
    "local-property": (f"{EMPTY} w.localStorage.$NAME = '1'", "local $NAME"),
    "session": (f"{EMPTY} w.sessionStorage.setItem('$NAME', '1')", "session $NAME"),
    "database": (f"{EMPTY} w.indexedDB.open('$NAME')", "database $NAME"),
    "borrowed-cookie-setter": (
        f"{EMPTY} Object.getOwnPropertyDescriptor(w.Document.prototype, 'cookie').set"
        ".call(document, '$NAME=1; Path=/; Max-Age=99999')",
        "cookie $NAME",
    ),
    "borrowed-append": (
        f"{EMPTY} const s = document.createElement('script'); s.setAttribute('async', '');"
        " w.Element.prototype.setAttribute.call(s, 'src', '$URL/a.js');"
        " w.Node.prototype.appendChild.call(document.body, s)",
        *RAN,
    ),
    "borrowed-source-setter": (
        f"{EMPTY} const i = new Image(); window.$ID = i;"
        " Object.getOwnPropertyDescriptor(w.HTMLImageElement.prototype, 'src').set.call(i, '$URL/a.gif')",
        "request a.gif",
    ),
    "borrowed-storage-method": (f"{EMPTY} w.Storage.prototype.setItem.call(localStorage, '$NAME', '1')", "local $NAME"),
    "script-in-it": (
        f"{EMPTY} const s = w.document.createElement('script'); s.src = '$URL/a.js'; w.document.body.append(s)",
        *RAN,
    ),
    "by-index": (f"{EMPTY} window[window.length - 1].fetch('$URL/a.json').catch(() => 0)", JSON),
    "by-inner-html": (
        "const d = document.body.appendChild(document.createElement('div')); d.innerHTML = '<iframe></iframe>';"
        " d.firstChild.contentWindow.fetch('$URL/a.json').catch(() => 0)",
        JSON,
    ),
    "by-document-write": (
        "document.write('<iframe id=$ID></iframe>');"
        " document.getElementById('$ID').contentWindow.fetch('$URL/a.json').catch(() => 0)",
        JSON,
    ),
    "in-a-fragment": (
        "const g = document.createDocumentFragment(); const f = g.appendChild(document.createElement('iframe'));"
        " document.body.append(g); f.contentWindow.fetch('$URL/a.json').catch(() => 0)",
        JSON,
    ),
    "in-a-shadow-root": (
        "const f = document.createElement('iframe'); document.body.appendChild(document.createElement('p'))"
        ".attachShadow({mode: 'closed'}).append(f); f.contentWindow.fetch('$URL/a.json').catch(() => 0)",
        JSON,
    ),
    "frame-in-frame": (
        f"{EMPTY} const g = w.document.body.appendChild(w.document.createElement('iframe'));"
        " g.contentWindow.fetch('$URL/a.json').catch(() => 0)",
        JSON,
    ),
    "taken-out-again": (
        f"{EMPTY} const set = Object.getOwnPropertyDescriptor(w.Document.prototype, 'cookie').set; f.remove();"
        " set.call(document, '$NAME=1; Path=/; Max-Age=99999')",
        "cookie $NAME",
    ),
    "eval": (f"{EMPTY} w.eval(\"document.cookie = '$NAME=1; Path=/; Max-Age=99999'\")", "cookie $NAME"),
    "page-of-the-site": (
        "const f = document.createElement('iframe'); f.src = '/else/$RUN/none/a.html'; f.onload = () =>"
        " f.contentWindow.fetch('$URL/a.json').catch(() => 0); document.body.append(f)",
        JSON,
    ),
    "object": (
        "const o = document.createElement('object'); o.data = 'about:blank'; document.body.append(o);"
        " setTimeout(() => o.contentWindow.fetch('$URL/a.json').catch(() => 0), 50)",
        JSON,
    ),
    "popup-fetch": (f"{POPUP} w.fetch('$URL/a.json').catch(() => 0)", JSON),
    "popup-cookie": (f"{POPUP} w.document.cookie = '$NAME=1; Path=/; Max-Age=99999'", "cookie $NAME"),
    "popup-local": (f"{POPUP} w.localStorage.setItem('$NAME', '1'); w.close()", "local $NAME"),
    "popup-write": (f"{POPUP} w.document.write('<img src=\"$URL/a.gif\">')", "request a.gif"),
}
REPEATED = ("request a.json", "request beacon", "request socket", "database $NAME")


def _again(name: str, leaf: str) -> bool:
    return leaf in REPEATED or name in {"worker", "popup-write"}


VECTORS: list[Vector] = [
    code(f"realm-{name}", text, *leaves, again=_again(name, leaves[0]), purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, *leaves)) in enumerate(WAYS.items())
] + [
    markup(
        "realm-srcdoc-cookie",
        "<iframe srcdoc=\"<script>document.cookie = '$NAME=1; Path=/; Max-Age=99999'</script>\"></iframe>",
        "cookie $NAME",
    ),
    markup(
        "realm-srcdoc-local",
        "<iframe srcdoc=\"<script>localStorage.$NAME = '1'</script>\"></iframe>",
        "local $NAME",
        purpose=MARKETING,
    ),
    markup(
        "realm-srcdoc-fetch",
        "<iframe srcdoc=\"<script>fetch('$URL/a.json')</script>\"></iframe>",
        JSON,
        again=True,
    ),
    markup(
        "realm-srcdoc-of-parent",
        "<iframe srcdoc=\"<script>parent.document.cookie = '$NAME=1; Path=/; Max-Age=99999'</script>\"></iframe>",
        "cookie $NAME",
        purpose=MARKETING,
    ),
    markup(
        "realm-javascript-cookie",
        "<iframe src=\"javascript:void(document.cookie = '$NAME=1; Path=/; Max-Age=99999')\"></iframe>",
        "cookie $NAME",
    ),
]
