"""Cookies, in every form that a script may write them. What the server sets is the guard's."""

from typing import Any

from tests.browser.vectors.vector import A_JS, AUDIENCE, MARKETING, RAN, Vector, code, script

DECLARED = "cookie $NAME"
FUTURE = "new Date(Date.now() + 1e9).toUTCString()"
SETTER = "Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').set"


def written(text: str) -> tuple[str, str]:
    return f"document.cookie = '{text}'", DECLARED


WAYS = {
    "session": written("$NAME=1"),
    "max-age": written("$NAME=1; Path=/; Max-Age=99999"),
    "expires": (f"document.cookie = '$NAME=1; Path=/; Expires=' + {FUTURE}", DECLARED),
    "expires-of-old": (
        f"document.cookie = '$NAME=1; Path=/; Expires=' + {FUTURE}.replace(/(\\d\\d) (...) (\\d{{4}})/, '$1-$2-$3')",
        DECLARED,
    ),
    "max-age-and-expires": written("$NAME=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=99999"),
    "bad-max-age": written("$NAME=1; Path=/; Max-Age=soon"),
    "max-age-twice": written("$NAME=1; Path=/; Max-Age=0; Max-Age=99999"),
    "far-future": written("$NAME=1; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
    "domain": written("$NAME=1; Path=/; Domain=shop.localhost; Max-Age=99999"),
    "domain-with-dot": written("$NAME=1; Path=/; Domain=.shop.localhost; Max-Age=99999"),
    "domain-of-host": written("$NAME=1; Path=/; Domain=www.shop.localhost; Max-Age=99999"),
    "domain-in-capitals": written("$NAME=1; Path=/; DOMAIN=.SHOP.Localhost; Max-Age=99999"),
    "path": written("$NAME=1; Path=/shop; Max-Age=99999"),
    "path-deep": written("$NAME=1; Path=/shop/$RUN/; Max-Age=99999"),
    "secure": written("$NAME=1; Path=/; Secure; SameSite=None; Max-Age=99999"),
    "strict": written("$NAME=1; Path=/; SameSite=Strict; Priority=High; Max-Age=99999"),
    "secure-prefix": ("document.cookie = '__Secure-$NAME=1; Path=/; Secure; Max-Age=99999'", "cookie __Secure-$NAME"),
    "host-prefix": ("document.cookie = '__Host-$NAME=1; Path=/; Secure; Max-Age=99999'", "cookie __Host-$NAME"),
    "partitioned": written("$NAME=1; Path=/; Secure; SameSite=None; Partitioned; Max-Age=99999"),
    "host-prefix-partitioned": (
        "document.cookie = '__Host-$NAME=1; Path=/; Secure; SameSite=None; Partitioned; Max-Age=99999'",
        "cookie __Host-$NAME",
    ),
    "capitals": written("$NAME=1;PATH=/;MAX-AGE=99999;SECURE"),
    "spaces": written("  $NAME  =  1  ;   path = / ;  max-age = 99999  "),
    "odd-attributes": written("$NAME=1; ;; =; Foo; Bar=baz; Path=/; Max-Age=99999;"),
    "empty-value": written("$NAME=; Path=/; Max-Age=99999"),
    "equals-in-value": written("$NAME=a=b==; Path=/; Max-Age=99999"),
    "quoted": written('$NAME="a; Path=/; Max-Age=99999'),
    "object": ("document.cookie = {toString: () => '$NAME=1; Path=/; Max-Age=99999'}", DECLARED),
    "setter-taken": (f"{SETTER}.call(document, '$NAME=1; Path=/; Max-Age=99999')", DECLARED),
    "setter-looked-up": ("document.__lookupSetter__('cookie').call(document, '$NAME=1; Path=/')", DECLARED),
    "reflect-set": ("Reflect.set(document, 'cookie', '$NAME=1; Path=/; Max-Age=99999')", DECLARED),
    "twice": ("document.cookie = '$NAME=1; Path=/'; document.cookie = '$NAME=2; Path=/; Max-Age=99999'", DECLARED),
    "deleted-and-back": (
        "document.cookie = '$NAME=; Path=/; Max-Age=0'; document.cookie = '$NAME=2; Path=/; Max-Age=99999'",
        DECLARED,
    ),
    "later": ("setTimeout(() => document.cookie = '$NAME=1; Path=/; Max-Age=99999', 60)", DECLARED),
    "store": ("cookieStore.set('$NAME', '1').catch(() => 0)", DECLARED),
    "store-object": (
        "cookieStore.set({name: '$NAME', value: '1', expires: Date.now() + 1e9}).catch(() => 0)",
        DECLARED,
    ),
    "store-domain": (
        "cookieStore.set({name: '$NAME', value: '1', domain: 'shop.localhost', path: '/shop'}).catch(() => 0)",
        DECLARED,
    ),
    "store-partitioned": (
        "cookieStore.set({name: '$NAME', value: '1', partitioned: true, sameSite: 'none'}).catch(() => 0)",
        DECLARED,
    ),
}


def of_tracker(id: str, text: str, leaf: str, **about: Any) -> Vector:
    """What a known tracker's script keeps under a name that nobody declared."""
    return script(id, leaves=(*RAN, leaf), files={"a.js": f"{A_JS} {text}"}, **about)


VECTORS: list[Vector] = [
    code(f"cookie-{name}", text, leaf, purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, (text, leaf)) in enumerate(WAYS.items())
] + [
    of_tracker(
        "cookie-unknown-of-a-tracker",
        "document.cookie = '$UNKNOWN=1; Path=/; Max-Age=99999'",
        "cookie $UNKNOWN",
        purpose=MARKETING,
    ),
    of_tracker(
        "cookie-unknown-of-a-tracker-later",
        "setTimeout(() => { document.cookie = '$UNKNOWN=1; Path=/; Max-Age=99999' })",
        "cookie $UNKNOWN",
    ),
    of_tracker(
        "cookie-unknown-of-a-tracker-by-eval",
        "eval(\"document.cookie = '$UNKNOWN=1; Path=/; Max-Age=99999'\")",
        "cookie $UNKNOWN",
        purpose=MARKETING,
    ),
    of_tracker("cookie-unknown-of-a-tracker-by-store", "cookieStore.set('$UNKNOWN', '1')", "cookie $UNKNOWN"),
]
