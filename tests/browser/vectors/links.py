"""<link> of every kind that asks for something, and the browser's other ways to look ahead.

Not here, because a driven browser does none of them: ``preconnect`` and ``dns-prefetch``; ``manifest``.
"""

from typing import Any

from tests.browser.vectors.vector import MARKETING, RAN, Vector, code, held, markup


def link(id: str, attributes: str, file: str, **about: Any) -> Vector:
    return markup(id, f'<link {attributes} href="$URL/{file}">', f"request {file}", **about)


def created(id: str, properties: str, file: str, **about: Any) -> Vector:
    return code(
        id,
        f"document.head.append(Object.assign(document.createElement('link'), {{{properties}, href: '$URL/{file}'}}))",
        f"request {file}",
        **about,
    )


VECTORS: list[Vector] = [
    link("link-preload-script", 'rel="preload" as="script"', "b.js", head=True),
    link("link-preload-image", 'rel="preload" as="image"', "a.gif", purpose=MARKETING),
    markup(
        "link-preload-imagesrcset",
        '<link rel="preload" as="image" imagesrcset="$URL/a.gif 1x">',
        "request a.gif",
        head=True,
    ),
    link("link-preload-fetch", 'rel="preload" as="fetch" crossorigin', "a.json", purpose=MARKETING),
    link("link-prefetch", 'rel="prefetch"', "b.js"),
    link("link-modulepreload", 'rel="modulepreload"', "b.js", purpose=MARKETING),
    link("link-several-kinds", 'rel="alternate nothing prefetch"', "b.js", head=True),
    created("link-preload-created", "rel: 'preload', as: 'script'", "b.js", purpose=MARKETING),
    created("link-prefetch-created", "rel: 'prefetch'", "b.js"),
    created("link-modulepreload-created", "rel: 'modulepreload'", "b.js", purpose=MARKETING),
    code(
        "link-kind-afterwards",
        "const l = document.createElement('link'); l.href = '$URL/b.js'; document.head.append(l); l.rel = 'prefetch'",
        "request b.js",
    ),
    markup("link-icon", '<link rel="icon" href="$URL/a.gif">', "request a.gif", purpose=MARKETING, head=True),
    markup(
        "speculation-rules",
        '<script type="speculationrules">{"prefetch": [{"urls": ["$URL/a.html"], "eagerness": "immediate"}]}</script>',
        "request a.html",
        tagged='<script type="text/plain" data-consent="$PURPOSE" data-type="speculationrules">'
        '{"prefetch": [{"urls": ["$URL/a.html"], "eagerness": "immediate"}]}</script>',
    ),
    code(
        "speculation-rules-created",
        "document.head.append(Object.assign(document.createElement('script'), {type: 'speculationrules',"
        " text: JSON.stringify({prefetch: [{urls: ['$URL/a.html'], eagerness: 'immediate'}]})}))",
        "request a.html",
        purpose=MARKETING,
    ),
    markup(
        "import-map",
        '<script type="importmap">{"imports": {"$ID": "$URL/a.js"}}</script>'
        '<script type="module">import "$ID"</script>',
        *RAN,
        tagged='<script type="text/plain" data-consent="$PURPOSE" data-type="importmap">'
        '{"imports": {"$ID": "$URL/a.js"}}</script>' + held('import "$ID"', ' data-type="module"'),
        purpose=MARKETING,
    ),
]
