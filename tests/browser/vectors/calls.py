"""Requests that code makes by itself: refused, they look like a network that is down, so the next page repeats them.

Not here: WebRTC data and WebTransport, which no request log sees.
"""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code, held, markup

QUIET = ".catch(() => 0)"
WAYS = {
    "fetch": (f"fetch('$URL/a.json'){QUIET}", "request a.json"),
    "fetch-no-cors": (f"fetch('$URL/a.json', {{mode: 'no-cors', keepalive: true}}){QUIET}", "request a.json"),
    "fetch-url-object": (f"fetch(new URL('$URL/a.json')){QUIET}", "request a.json"),
    "fetch-request": (f"fetch(new Request('$URL/a.json')){QUIET}", "request a.json"),
    "fetch-request-copied": (f"fetch(new Request(new Request('$URL/a.json'), {{}})){QUIET}", "request a.json"),
    "fetch-post": (f"fetch('$URL/a.json', {{method: 'POST', body: 'x'}}){QUIET}", "request a.json"),
    "fetch-later": ("globalThis.fetchLater?.('$URL/a.json', {activateAfter: 0})", "request a.json"),
    "xhr": ("const x = new XMLHttpRequest(); x.open('GET', '$URL/a.json'); x.send()", "request a.json"),
    "xhr-post": ("const x = new XMLHttpRequest(); x.open('POST', '$URL/a.json'); x.send('x')", "request a.json"),
    "xhr-in-wait": (
        "try { const x = new XMLHttpRequest(); x.open('GET', '$URL/a.json', false); x.send() } catch {}",
        "request a.json",
    ),
    "beacon": ("navigator.sendBeacon('$URL/beacon', 'x')", "request beacon"),
    "event-source": ("new EventSource('$URL/events')", "request events"),
    "web-socket": ("new WebSocket('$SOCKET/socket')", "request socket"),
    "web-socket-by-https": ("new WebSocket('$URL/socket')", "request socket"),
    "web-socket-stream": (
        "globalThis.WebSocketStream && new WebSocketStream('$SOCKET/socket').opened.catch(() => 0)",
        "request socket",
    ),
    "dynamic-import": (f"import('$URL/a.js'){QUIET}", *RAN),
    "dynamic-import-computed": (f"import(['$URL', 'a.js'].join('/')){QUIET}", *RAN),
    "ping": (
        "const a = document.createElement('a'); a.href = '#ping'; a.ping = '$URL/ping'; document.body.append(a);"
        " a.click()",
        "request ping",
    ),
    "ping-attribute": (
        "document.body.insertAdjacentHTML('beforeend', '<a id=$ID href=#ping ping=\"$URL/ping\">a</a>');"
        " document.getElementById('$ID').click()",
        "request ping",
    ),
    "audio-worklet": (
        f"new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule('$URL/b.js'){QUIET}",
        "request b.js",
    ),
    "paint-worklet": (f"globalThis.CSS?.paintWorklet?.addModule('$URL/b.js'){QUIET}", "request b.js"),
    "svg-filter": (
        "document.body.insertAdjacentHTML('beforeend', '<svg width=1 height=1><filter id=$ID><feImage"
        ' href="$URL/a.gif"/></filter><rect width=1 height=1 filter="url(#$ID)"/></svg>\')',
        "request a.gif",
    ),
}

VECTORS: list[Vector] = [
    code(name, text, *leaves, again=name != "svg-filter", purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, *leaves)) in enumerate(WAYS.items())
] + [
    markup(
        "module-import",
        '<script type="Module">import "$URL/a.js"</script>',
        *RAN,
        tagged=held('import "$URL/a.js"', ' data-type="module"'),
    ),
    markup(
        "module-export-from",
        '<script type="module">export * from "$URL/a.js"</script>',
        *RAN,
        tagged=held('export * from "$URL/a.js"', ' data-type="module"'),
        purpose=MARKETING,
    ),
    code(
        "module-import-created",
        "document.body.append(Object.assign(document.createElement('script'),"
        " {type: 'module', text: 'import \"$URL/a.js\"'}))",
        *RAN,
    ),
]
