"""One element, one attribute, and every way to set it."""

from tests.browser.vectors.vector import AUDIENCE, MARKETING, RAN, Vector, code

IMAGE = "const e = document.createElement('img'); window.$ID = e;"
NODE = "const a = document.createAttribute('src'); a.value = '$URL/a.gif';"
NODE_NS = "const a = document.createAttributeNS(null, 'src'); a.value = '$URL/a.gif';"
EMPTY = "e.setAttribute('src', ''); const a = e.attributes.src;"

WAYS = {
    "property": f"{IMAGE} e.src = '$URL/a.gif'",
    "constructor": "const e = new Image(); window.$ID = e; e.src = '$URL/a.gif'",
    "setter-taken-from-prototype": f"{IMAGE}"
    " Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src').set.call(e, '$URL/a.gif')",
    "looked-up-setter": f"{IMAGE} e.__lookupSetter__('src').call(e, '$URL/a.gif')",
    "object-assign": f"{IMAGE} Object.assign(e, {{src: '$URL/a.gif'}})",
    "reflect-set": f"{IMAGE} Reflect.set(e, 'src', '$URL/a.gif')",
    "url-object": f"{IMAGE} e.src = new URL('$URL/a.gif')",
    "set-attribute": f"{IMAGE} e.setAttribute('src', '$URL/a.gif')",
    "set-attribute-in-capitals": f"{IMAGE} e.setAttribute('SRC', '$URL/a.gif')",
    "set-attribute-ns": f"{IMAGE} e.setAttributeNS(null, 'src', '$URL/a.gif')",
    "set-attribute-node": f"{IMAGE} {NODE} e.setAttributeNode(a)",
    "set-attribute-node-ns": f"{IMAGE} {NODE_NS} e.setAttributeNodeNS(a)",
    "set-named-item": f"{IMAGE} {NODE} e.attributes.setNamedItem(a)",
    "set-named-item-ns": f"{IMAGE} {NODE_NS} e.attributes.setNamedItemNS(a)",
    "value-of-node": f"{IMAGE} {EMPTY} a.value = '$URL/a.gif'",
    "node-value-of-node": f"{IMAGE} {EMPTY} a.nodeValue = '$URL/a.gif'",
    "text-content-of-node": f"{IMAGE} {EMPTY} a.textContent = '$URL/a.gif'",
}

VECTORS: list[Vector] = [
    code(f"attribute-{name}", text, "request a.gif", purpose=MARKETING if i % 2 else AUDIENCE)
    for i, (name, text) in enumerate(WAYS.items())
] + [
    code(
        "attribute-of-a-script",
        "const s = document.createElement('script'); const a = document.createAttribute('src');"
        " a.value = '$URL/a.js'; s.setAttributeNode(a); document.body.append(s)",
        *RAN,
    ),
    code(
        "attribute-of-a-frame",
        "const f = document.body.appendChild(document.createElement('iframe'));"
        " f.setAttribute('src', ''); f.attributes.src.value = '$URL/a.html'",
        "request a.html",
        purpose=MARKETING,
    ),
]
