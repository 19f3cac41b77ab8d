"""Elements that a script makes and puts into the page, by every method that does so.

Not here: ``moveBefore``, which takes only what is in the page already and starts nothing.
"""

from typing import Any

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code, held, markup

MADE = "const s = document.createElement('script'); s.src = '$URL/a.js';"
SPOT = "const spot = document.body.appendChild(document.createElement('div'));"
CHILD = f"{SPOT} const child = spot.appendChild(document.createElement('i'));"
TEMPLATE = '<template id="$ID"><script src="$URL/a.js"></script></template>'

WAYS = {
    "append-child": f"{MADE} {SPOT} spot.appendChild(s)",
    "insert-before": f"{MADE} {CHILD} spot.insertBefore(s, child)",
    "replace-child": f"{MADE} {CHILD} spot.replaceChild(s, child)",
    "append": f"{MADE} {SPOT} spot.append(s)",
    "prepend": f"{MADE} {SPOT} spot.prepend(s)",
    "before": f"{MADE} {CHILD} child.before(s)",
    "after": f"{MADE} {CHILD} child.after(s)",
    "replace-with": f"{MADE} {CHILD} child.replaceWith(s)",
    "replace-children": f"{MADE} {SPOT} spot.replaceChildren(s)",
    "insert-adjacent-element": f"{MADE} {SPOT} spot.insertAdjacentElement('afterbegin', s)",
    "text-before": f"{MADE} {SPOT} spot.append('text'); spot.firstChild.before(s)",
    "fragment": f"{MADE} {SPOT} const f = document.createDocumentFragment(); f.append(s); spot.appendChild(f)",
    "nested": f"{MADE} {SPOT} const outer = document.createElement('p'); outer.append(s); spot.append(outer)",
    "range-insert-node": f"{MADE} {SPOT} const r = new Range(); r.selectNodeContents(spot); r.insertNode(s)",
    "range-surround": f"{MADE} {CHILD} const r = new Range(); r.selectNode(child); r.surroundContents(s)",
    "shadow-root": f"{MADE} {SPOT} spot.attachShadow({{mode: 'closed'}}).append(s)",
    "clone": f"{MADE} {SPOT} spot.append(s.cloneNode())",
    "source-afterwards": f"{SPOT} const s = document.createElement('script'); spot.append(s); s.src = '$URL/a.js'",
    "element-ns": "const s = document.createElementNS('http://www.w3.org/1999/xhtml', 'script');"
    f" s.src = '$URL/a.js'; {SPOT} spot.append(s)",
    "other-document": "const other = document.implementation.createHTMLDocument('');"
    f" const s = other.createElement('script'); s.src = '$URL/a.js'; {SPOT} spot.append(s)",
    "adopted": "const other = document.implementation.createHTMLDocument(''); const s = other.createElement('script');"
    f" s.setAttribute('src', '$URL/a.js'); {SPOT} spot.append(document.adoptNode(s))",
    "borrowed-method": f"{MADE} Reflect.apply(Node.prototype.appendChild, document.body, [s])",
    "custom-element": f"""{SPOT}
customElements.define('x-$ID', class extends HTMLElement {{ connectedCallback() {{ {MADE} this.append(s) }} }});
spot.append(document.createElement('x-$ID'))""",
}


def template(id: str, copied: str, **about: Any) -> Vector:
    """A template that the parser made, and a copy of what is in it; one that a script made never runs its scripts."""
    content = "document.getElementById('$ID').content"
    text = f"document.body.append({copied.format(content=content)})"
    return markup(id, f"{TEMPLATE}<script>{text}</script>", *RAN, tagged=TEMPLATE + held(text), **about)


VECTORS: list[Vector] = [
    code(f"insert-{name}", text, *RAN, purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, text) in enumerate(WAYS.items())
] + [
    code(
        "insert-parsed-document",
        "const d = new DOMParser().parseFromString('<img src=\"$URL/a.gif\">', 'text/html');"
        " document.body.append(d.images[0])",
        "request a.gif",
        purpose=MARKETING,
    ),
    code(
        "insert-parsed-frame",
        "const d = new DOMParser().parseFromString('<iframe src=\"$URL/a.html\"></iframe>', 'text/html');"
        " document.body.append(d.querySelector('iframe'))",
        "request a.html",
    ),
    template("insert-template-clone", "{content}.cloneNode(true)", purpose=MARKETING),
    template("insert-template-import", "document.importNode({content}, true)"),
]
