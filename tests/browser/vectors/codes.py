"""Code that carries no address of a tracker: it runs, and what it does meets the other gates."""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code, held, markup

COOKIE = "document.cookie = `$NAME=1; Path=/; Max-Age=99999`"
IMAGE = "(window.$ID = new Image()).src = `$URL/a.gif`"
LOADER = "document.head.append(Object.assign(document.createElement(`script`), {src: `$URL/a.js`}))"
GIF = "request a.gif"

WAYS = {
    "eval": (f"eval('{COOKIE}')", "cookie $NAME"),
    "indirect-eval": (f"(0, eval)('{LOADER}')", *RAN),
    "function": (f"new Function('{IMAGE}')()", GIF),
    "timer-text": (f"setTimeout('{LOADER}', 10)", *RAN),
    "script-text": (
        f"const s = document.createElement('script'); s.text = '{COOKIE}'; document.body.append(s)",
        "cookie $NAME",
    ),
    "script-text-node": (
        f"const s = document.createElement('script'); s.append('{IMAGE}'); document.body.append(s)",
        GIF,
    ),
    "blob-script": (
        f"const b = new Blob(['{LOADER}']); const s = document.createElement('script'); s.src = URL.createObjectURL(b);"
        " document.body.append(s)",
        *RAN,
    ),
    "data-module-import": (f"import('data:text/javascript,' + encodeURIComponent('{COOKIE}'))", "cookie $NAME"),
    "handler-attribute": (
        f"document.body.insertAdjacentHTML('beforeend', '<img src=\"x:\" onerror=\"{IMAGE}\">')",
        GIF,
    ),
    "handler-set": (
        f"const i = document.createElement('img'); i.setAttribute('onerror', '{COOKIE}'); i.src = 'x:';"
        " document.body.append(i)",
        "cookie $NAME",
    ),
    "javascript-link": (
        f"const a = document.createElement('a'); a.href = 'javascript:void({LOADER})'; document.body.append(a);"
        " a.click()",
        *RAN,
    ),
    "promise": (f"Promise.resolve().then(() => {{ {LOADER} }})", *RAN),
    "message": (
        f"const c = new MessageChannel(); c.port1.onmessage = () => {{ {IMAGE} }}; c.port2.postMessage(1)",
        GIF,
    ),
    "animation-frame": (f"setTimeout(() => requestAnimationFrame(() => {{ {LOADER} }}))", *RAN),
    "after-load": (f"addEventListener('load', () => setTimeout(() => {{ {LOADER} }}, 20))", *RAN),
}

VECTORS: list[Vector] = [
    code(f"code-{name}", text, *leaves, purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, *leaves)) in enumerate(WAYS.items())
] + [
    markup("code-inline-loader", f"<script>{LOADER}</script>", *RAN, tagged=held(LOADER)),
    markup(
        "code-data-script",
        f'<script src="data:text/javascript,{COOKIE}"></script>',
        "cookie $NAME",
        tagged=f'<script type="text/plain" data-consent="$PURPOSE" src="data:text/javascript,{COOKIE}"></script>',
        purpose=MARKETING,
    ),
    markup("code-handler-in-markup", f'<img src="x:" alt="" onerror="{LOADER}">', *RAN),
    markup(
        "code-svg-handler",
        f'<svg onload="{IMAGE}" width="1" height="1"></svg>',
        GIF,
        tagged=held(IMAGE),  # one that comes after the page has loaded is not told so
        purpose=MARKETING,
    ),
    markup(
        "code-module",
        f'<script type="module">{LOADER}</script>',
        *RAN,
        tagged=held(LOADER, ' data-type="module"'),
    ),
]
