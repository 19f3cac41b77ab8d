"""Markup that a script writes."""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code, held, markup

SPOT = "const spot = document.body.appendChild(document.createElement('div'));"
IMAGE = '<img src="$URL/a.gif" alt="">'
FRAME = '<iframe src="$URL/a.html"></iframe>'
SCRIPT = '<script src="$URL/a.js"><\\/script>'

WAYS = {
    "inner-html": (f"{SPOT} spot.innerHTML = '{IMAGE}'", "request a.gif"),
    "inner-html-frame": (f"{SPOT} spot.innerHTML = '{FRAME}'", "request a.html"),
    "inner-html-twice-named": (
        f'{SPOT} spot.innerHTML = \'<img src="$URL/a.gif" src="/else/$RUN/none/n.gif">\'',
        "request a.gif",
    ),
    "inner-html-srcset": (f"{SPOT} spot.innerHTML = '<img srcset=\"$URL/a.gif 1x\">'", "request a.gif"),
    "inner-html-entities": (
        f"{SPOT} spot.innerHTML = '<img src=\"https&colon;//$HIDDEN/a.gif\">'",
        "request a.gif",
    ),
    "inner-html-detached": (
        f"const d = document.createElement('div'); d.innerHTML = '{IMAGE}'; window.$ID = d",
        "request a.gif",
    ),
    "outer-html": (f"{SPOT} spot.outerHTML = '{IMAGE}'", "request a.gif"),
    "insert-adjacent-html": (f"{SPOT} spot.insertAdjacentHTML('beforeend', '{IMAGE}')", "request a.gif"),
    "insert-adjacent-html-frame": (f"{SPOT} spot.insertAdjacentHTML('afterend', '{FRAME}')", "request a.html"),
    "set-html-unsafe": (f"{SPOT} spot.setHTMLUnsafe('{IMAGE}')", "request a.gif"),
    "shadow-root-inner-html": (f"{SPOT} spot.attachShadow({{mode: 'open'}}).innerHTML = '{IMAGE}'", "request a.gif"),
    "shadow-root-set-html-unsafe": (
        f"{SPOT} spot.attachShadow({{mode: 'closed'}}).setHTMLUnsafe('{IMAGE}')",
        "request a.gif",
    ),
    "contextual-fragment": (f"{SPOT} spot.append(new Range().createContextualFragment('{SCRIPT}'))", *RAN),
    "contextual-fragment-image": (
        f"{SPOT} spot.append(document.createRange().createContextualFragment('{IMAGE}'))",
        "request a.gif",
    ),
    "parse-html-unsafe": (
        f"{SPOT} spot.append(document.adoptNode(Document.parseHTMLUnsafe('{IMAGE}').images[0]))",
        "request a.gif",
    ),
    "declarative-shadow-root": (
        f"{SPOT} spot.setHTMLUnsafe('<div><template shadowrootmode=open>{IMAGE}</template></div>')",
        "request a.gif",
    ),
    "xml-fragment": (
        "const svg = document.body.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));"
        ' svg.innerHTML = \'<image href="$URL/a.gif" width="1" height="1" />\'',
        "request a.gif",
    ),
    "document-write": (f"document.write('{SCRIPT}')", *RAN),
    "document-writeln": (f"document.writeln('{SCRIPT}')", *RAN),
    "document-write-image": (f"document.write('<p>', '{IMAGE}', '</p>')", "request a.gif"),
    "document-write-frame": (f"document.write('{FRAME}')", "request a.html"),
    "document-write-in-pieces": (
        "document.write('<scr'); document.write('ipt src=\"$URL/a.js\"></scr' + 'ipt>')",
        *RAN,
    ),
    "document-write-cut-in-the-host": (
        "const [host, ...path] = '$PLAIN'.split('/'); document.write('<script src=\"//' + host.slice(0, 4));"
        " document.write(host.slice(4)); document.write('/' + path.join('/') + '/a.js\"><\\/script>')",
        *RAN,
    ),
    "document-write-image-in-pieces": (
        "for (const one of '<img src=\"$URL/a.gif\">') document.write(one)",
        "request a.gif",
    ),
}

VECTORS: list[Vector] = [
    code(f"markup-{name}", text, *leaves, purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, *leaves)) in enumerate(WAYS.items())
] + [
    markup(
        "markup-parsed-shadow-root",
        f"<div><template shadowrootmode=open>{IMAGE}</template></div>",
        "request a.gif",
        tagged=held(
            f"document.body.appendChild(document.createElement('div')).attachShadow({{mode: 'open'}})"
            f".innerHTML = '{IMAGE}'"
        ),
    ),
]
