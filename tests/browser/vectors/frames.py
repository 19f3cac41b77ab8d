"""Frames and what else holds a page of somebody else's."""

from typing import Any

from tests.browser.vectors.vector import MARKETING, RAN, Vector, code, held, markup

PAGE = "request a.html"
NAMED = "const f = document.createElement('iframe'); f.name = '$ID'; document.body.append(f);"
"""A frame that links and forms may aim at: a name that is given later is none."""
EMPTY = "const f = document.body.appendChild(document.createElement('iframe'));"


def frame(id: str, attributes: str, **about: Any) -> Vector:
    tagged = attributes.replace(" src=", " data-src=")
    assert tagged != attributes
    return markup(
        id, f"<iframe{attributes}></iframe>", PAGE, tagged=f'<iframe data-consent="$PURPOSE"{tagged}></iframe>', **about
    )


VECTORS: list[Vector] = [
    frame("frame", ' src="$URL/a.html"'),
    frame("frame-lazy", ' loading="lazy" src="$URL/a.html"', purpose=MARKETING),
    frame("frame-sandboxed", ' sandbox="" src="$URL/a.html"'),
    markup(
        "frame-srcdoc-script",
        "<iframe srcdoc=\"<script src='$URL/a.js'></script>\"></iframe>",
        *RAN,
        purpose=MARKETING,
    ),
    markup("frame-srcdoc-image", "<iframe srcdoc=\"<img src='$URL/a.gif'>\"></iframe>", "request a.gif"),
    markup(
        "frame-srcdoc-sandboxed",
        "<iframe sandbox srcdoc=\"<img src='$URL/a.gif'>\"></iframe>",
        "request a.gif",
        purpose=MARKETING,
    ),
    markup(
        "frame-srcdoc-refresh",
        "<iframe srcdoc=\"<meta http-equiv='refresh' content='0;url=$URL/a.html'>\"></iframe>",
        PAGE,
    ),
    markup(
        "frame-data",
        "<iframe src=\"data:text/html,<img src='$URL/a.gif'>\"></iframe>",
        "request a.gif",
        purpose=MARKETING,
    ),
    markup(
        "frame-javascript", "<iframe src=\"javascript:'<img src=&quot;$URL/a.gif&quot;>'\"></iframe>", "request a.gif"
    ),
    code(
        "frame-blob",
        "const b = new Blob(['<img src=\"$URL/a.gif\">'], {type: 'text/html'});"
        f" {EMPTY} f.src = URL.createObjectURL(b)",
        "request a.gif",
        purpose=MARKETING,
    ),
    code(
        "frame-created",
        "const f = document.createElement('iframe'); f.src = '$URL/a.html'; document.body.append(f)",
        PAGE,
    ),
    code(
        "frame-srcdoc-created",
        "const f = document.createElement('iframe'); f.srcdoc = '<img src=\"$URL/a.gif\">'; document.body.append(f)",
        "request a.gif",
        purpose=MARKETING,
    ),
    code("frame-srcdoc-attribute", f"{EMPTY} f.setAttribute('srcdoc', '<img src=\"$URL/a.gif\">')", "request a.gif"),
    code("frame-source-afterwards", f"{EMPTY} setTimeout(() => f.src = '$URL/a.html', 50)", PAGE, purpose=MARKETING),
    code("frame-location", f"{EMPTY} f.contentWindow.location = '$URL/a.html'", PAGE, again=True),
    code(
        "frame-location-replace",
        f"{EMPTY} f.contentWindow.location.replace('$URL/a.html')",
        PAGE,
        again=True,
        purpose=MARKETING,
    ),
    code("frame-document-write", f"{EMPTY} f.contentDocument.write('<img src=\"$URL/a.gif\">')", "request a.gif"),
    code(
        "frame-inner-html",
        f"{EMPTY} f.contentDocument.body.innerHTML = '<img src=\"$URL/a.gif\">'",
        "request a.gif",
        purpose=MARKETING,
    ),
    code(
        "frame-by-link",
        f"{NAMED} const a = document.createElement('a'); a.href = '$URL/a.html'; a.target = '$ID';"
        " document.body.append(a); a.click()",
        PAGE,
        again=True,
    ),
    code("frame-by-open", f"{NAMED} open('$URL/a.html', '$ID')", PAGE, again=True, purpose=MARKETING),
    markup("object", '<object data="$URL/a.html" type="text/html"></object>', PAGE),
    markup(
        "object-image", '<object data="$URL/a.svg" type="image/svg+xml"></object>', "request a.svg", purpose=MARKETING
    ),
    markup("embed", '<embed src="$URL/a.html" type="text/html">', PAGE),
    code(
        "object-created",
        "const o = document.createElement('object'); o.data = '$URL/a.html'; document.body.append(o)",
        PAGE,
        purpose=MARKETING,
    ),
    code(
        "embed-created",
        "const e = document.createElement('embed'); e.src = '$URL/a.html'; document.body.append(e)",
        PAGE,
    ),
    markup(
        "frame-in-shadow-root",
        '<div><template shadowrootmode="open"><iframe src="$URL/a.html"></iframe></template></div>',
        PAGE,
        tagged=held(
            "document.body.appendChild(document.createElement('div')).attachShadow({mode: 'open'})"
            ".innerHTML = '<iframe src=\"$URL/a.html\"></iframe>'"
        ),
        purpose=MARKETING,
    ),
]
