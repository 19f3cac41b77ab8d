"""Forms that go to trackers, and pages that go there by themselves; in frames.

Not here: a page of its own that the visitor is sent to (``window.open``, a link): the web is made of those.
"""

from tests.browser.vectors.frames import NAMED
from tests.browser.vectors.vector import MARKETING, RAN, Vector, code, held, markup

PAGE = "request a.html"
FORM = f"{NAMED} const form = document.body.appendChild(document.createElement('form')); form.target = '$ID';"
BUTTON = "const b = form.appendChild(document.createElement('button'));"

VECTORS: list[Vector] = [
    code("form-submit", f"{FORM} form.action = '$URL/a.html'; form.submit()", PAGE, again=True),
    code(
        "form-post",
        f"{FORM} form.method = 'post'; form.setAttribute('action', '$URL/a.html'); form.submit()",
        PAGE,
        again=True,
        purpose=MARKETING,
    ),
    code("form-request-submit", f"{FORM} form.action = '$URL/a.html'; form.requestSubmit()", PAGE, again=True),
    code("form-click", f"{FORM} {BUTTON} form.action = '$URL/a.html'; b.click()", PAGE, again=True, purpose=MARKETING),
    code("form-action-of-button", f"{FORM} {BUTTON} b.formAction = '$URL/a.html'; b.click()", PAGE, again=True),
    markup(
        "form-in-markup",
        '<iframe name="$ID"></iframe><form id="$ID" target="$ID" action="$URL/a.html"></form>'
        "<script>document.querySelector('form#$ID').submit()</script>",
        PAGE,
        tagged='<iframe name="$ID"></iframe><form id="$ID" target="$ID" action="$URL/a.html"></form>'
        + held("document.querySelector('form#$ID').submit()"),
        again=True,
        purpose=MARKETING,
    ),
    markup(
        "base-and-relative-image",
        '<base href="$URL/"><img src="a.gif" alt="">',
        "request a.gif",
        tagged='<base href="$URL/"><img data-consent="$PURPOSE" data-src="a.gif" alt="">',
        framed=True,
    ),
    markup(
        "base-and-relative-script",
        '<base href="$URL/"><script src="a.js"></script>',
        *RAN,
        tagged='<base href="$URL/"><script type="text/plain" data-consent="$PURPOSE" src="a.js"></script>',
        framed=True,
        purpose=MARKETING,
    ),
    Vector(
        "page-refresh",
        '<meta http-equiv="refresh" content="0; url=$URL/a.html">',
        held(
            "{ const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = '0; url=$URL/a.html';"
            " document.head.append(m) }"
        ),
        (PAGE,),
        framed=True,
        again=True,
    ),
]
