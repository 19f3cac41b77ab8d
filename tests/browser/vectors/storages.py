"""Storages and databases."""

from tests.browser.vectors.cookies import of_tracker
from tests.browser.vectors.vector import AUDIENCE, MARKETING, Vector, code

LOCAL, SESSION, DATABASE = "local $NAME", "session $NAME", "database $NAME"
CACHE = "caches.open('$UNKNOWN').then(c => c.put('/else/$RUN/none/cached', new Response('x')))"

WAYS = {
    "local": ("localStorage.setItem('$NAME', '1')", LOCAL),
    "local-property": ("localStorage.$NAME = '1'", LOCAL),
    "local-bracket": ("window.localStorage['$NAME'] = 1", LOCAL),
    "local-define-property": (
        "Object.defineProperty(localStorage, '$NAME', {value: '1', configurable: true, enumerable: true,"
        " writable: true})",
        LOCAL,
    ),
    "local-assign": ("Object.assign(localStorage, {$NAME: '1'})", LOCAL),
    "local-borrowed": ("Storage.prototype.setItem.call(localStorage, '$NAME', '1')", LOCAL),
    "local-reflect": ("Reflect.set(self.localStorage, '$NAME', '1')", LOCAL),
    "local-of-getter": (
        "Object.getOwnPropertyDescriptor(window, 'localStorage').get.call(window).$NAME = '1'",
        LOCAL,
    ),
    "local-later": ("setTimeout(() => localStorage.setItem('$NAME', '1'), 50)", LOCAL),
    "session": ("sessionStorage.setItem('$NAME', '1')", SESSION),
    "session-property": ("sessionStorage.$NAME = '1'", SESSION),
    "session-define-property": (
        "Reflect.defineProperty(sessionStorage, '$NAME', {value: '1', configurable: true, enumerable: true,"
        " writable: true})",
        SESSION,
    ),
    "database": ("indexedDB.open('$NAME')", DATABASE),
    "database-with-stores": (
        "const q = indexedDB.open('$NAME', 3); q.onupgradeneeded = () => q.result.createObjectStore('s').put(1, 'k')",
        DATABASE,
    ),
    "database-borrowed": ("IDBFactory.prototype.open.call(self.indexedDB, '$NAME')", DATABASE),
    "cache-of-a-request": (
        "caches.open('own').then(c => c.add('$URL/a.json')).catch(() => 0)",
        "request a.json",
    ),
}

VECTORS: list[Vector] = [
    code(
        f"storage-{name}",
        text,
        leaf,
        again=name.startswith(("database", "cache")),
        purpose=MARKETING if i % 2 else AUDIENCE,
    )
    for i, (name, (text, leaf)) in enumerate(WAYS.items())
] + [
    of_tracker("storage-unknown-local", "localStorage.setItem('$UNKNOWN', '1')", "local $UNKNOWN"),
    of_tracker("storage-unknown-property", "localStorage.$UNKNOWN = '1'", "local $UNKNOWN", purpose=MARKETING),
    of_tracker("storage-unknown-session", "sessionStorage.setItem('$UNKNOWN', '1')", "session $UNKNOWN"),
    of_tracker("storage-unknown-database", "indexedDB.open('$UNKNOWN')", "database $UNKNOWN", purpose=MARKETING),
    of_tracker("storage-unknown-cache", CACHE, "cache $UNKNOWN"),
]
