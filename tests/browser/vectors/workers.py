"""Workers: a realm without document, whose script is the page's own by address or by its bytes."""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code

BLOB = "const at = (text) => URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));"
JSON = "request a.json"
WAYS = {
    "worker": ("new Worker('$FIRST/a.js')", *RAN),
    "worker-module": ("new Worker('$FIRST/a.js', {type: 'module'})", *RAN),
    "worker-url-object": ("new Worker(new URL('$FIRST/a.js'))", *RAN),
    "shared-worker": ("new SharedWorker('$FIRST/a.js')", *RAN),
    "worker-of-a-blob-imports": (f"{BLOB} new Worker(at(`importScripts('$URL/a.js')`))", *RAN),
    "worker-of-a-blob-fetches": (f"{BLOB} new Worker(at(`fetch('$URL/a.json')`))", JSON),
    "worker-of-a-blob-xhr": (
        f"{BLOB} new Worker(at(`const x = new XMLHttpRequest(); x.open('GET', '$URL/a.json'); x.send()`))",
        JSON,
    ),
    "worker-of-a-blob-socket": (f"{BLOB} new Worker(at(`new WebSocket('$SOCKET/socket')`))", "request socket"),
    "worker-of-a-blob-events": (f"{BLOB} new Worker(at(`new EventSource('$URL/events')`))", "request events"),
    "worker-of-a-blob-module": (f"{BLOB} new Worker(at(`import '$URL/a.js'`), {{type: 'module'}})", *RAN),
    "worker-of-a-blob-dynamic-import": (
        f"{BLOB} new Worker(at(`import('$URL/a.js')`), {{type: 'module'}})",
        *RAN,
    ),
    "worker-of-data": ("new Worker('data:text/javascript,' + encodeURIComponent(`fetch('$URL/a.json')`))", JSON),
    "worker-of-a-blob-database": (f"{BLOB} new Worker(at(`indexedDB.open('$NAME')`))", "database $NAME"),
    "worker-in-worker": (
        f"{BLOB} const inner = at(`fetch('$URL/a.json')`); new Worker(at(`new Worker('${{inner}}')`))",
        JSON,
    ),
    "shared-worker-of-a-blob": (f"{BLOB} new SharedWorker(at(`fetch('$URL/a.json')`))", JSON),
    "service-worker": (
        "navigator.serviceWorker.register('$FIRST/a.js').catch(() => 0)",
        "worker $FIRST/a.js",  # asked for once, and kept
    ),
}

VECTORS: list[Vector] = [
    code(name, text, *leaves, again=True, purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, *leaves)) in enumerate(WAYS.items())
]
