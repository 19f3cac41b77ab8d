"""Style sheets, and addresses within styles."""

from tests.browser.vectors.vector import MARKETING, Vector, code, markup

P = "const p = document.body.appendChild(document.createElement('p')); p.id = '$ID'; p.textContent = 'p';"
SHEET = "const s = document.head.appendChild(document.createElement('style'));"
URL = "url($URL/a.gif)"
RULE = "#$ID { background-image: url($URL/a.gif) }"
GIF = "request a.gif"

VECTORS: list[Vector] = [
    markup("style-sheet", '<link rel="stylesheet" href="$URL/a.css">', "request a.css"),
    markup(
        "style-sheet-in-head",
        '<link rel="stylesheet" href="$URL/a.css">',
        "request a.css",
        head=True,
        purpose=MARKETING,
    ),
    markup("style-element", f"<style>{RULE}</style><p id=$ID>p</p>", GIF),
    markup("style-import", '<style>@import "$URL/a.css";</style>', "request a.css", purpose=MARKETING),
    markup("style-import-url", "<style>@import url($URL/a.css) screen;</style>", "request a.css"),
    markup(
        "style-font",
        "<style>@font-face { font-family: $ID; src: url($URL/a.woff2) } #$ID { font-family: $ID }</style>"
        "<p id=$ID>p</p>",
        "request a.woff2",
        purpose=MARKETING,
    ),
    markup("style-attribute", '<p style="background-image: url($URL/a.gif)">p</p>', GIF),
    markup(
        "style-variable",
        '<p style="--x: url($URL/a.gif); background-image: var(--x)">p</p>',
        GIF,
        purpose=MARKETING,
    ),
    markup(
        "style-escaped",
        '<p style="background-image: u\\72l(https:\\00002f\\00002f$PLAIN/a.gif)">p</p>',
        GIF,
        again=False,
    ),
    code("style-property", f"{P} p.style.backgroundImage = '{URL}'", GIF, purpose=MARKETING),
    code("style-set-property", f"{P} p.style.setProperty('background-image', '{URL}')", GIF),
    code("style-css-text", f"{P} p.style.cssText = 'background: {URL}'", GIF, purpose=MARKETING),
    code("style-set-attribute", f"{P} p.setAttribute('style', 'background: {URL}')", GIF),
    code("style-put-forward", f"{P} p.style = 'background: {URL}'", GIF, purpose=MARKETING),
    code("style-typed", f"{P} p.attributeStyleMap.set('background-image', '{URL}')", GIF),
    code("style-animation", f"{P} p.animate({{backgroundImage: ['{URL}', '{URL}']}}, 1e6)", GIF, purpose=MARKETING),
    code("style-element-text", f"{P} {SHEET} s.textContent = '{RULE}'", GIF),
    code("style-element-node", f"{P} {SHEET} s.append('{RULE}')", GIF, purpose=MARKETING),
    code("style-element-html", f"{P} document.body.insertAdjacentHTML('beforeend', '<style>{RULE}</style>')", GIF),
    code("style-insert-rule", f"{P} {SHEET} s.sheet.insertRule('{RULE}')", GIF, purpose=MARKETING),
    code(
        "style-rule-property",
        f"{P} {SHEET} s.textContent = '#$ID {{}}'; s.sheet.cssRules[0].style.backgroundImage = '{URL}'",
        GIF,
    ),
    code(
        "style-constructed",
        f"{P} const s = new CSSStyleSheet(); s.replaceSync('{RULE}'); document.adoptedStyleSheets.push(s)",
        GIF,
        purpose=MARKETING,
    ),
    code(
        "style-constructed-later",
        f"{P} const s = new CSSStyleSheet(); document.adoptedStyleSheets.push(s); s.replace('{RULE}')",
        GIF,
    ),
    code(
        "style-constructed-rule",
        f"{P} const s = new CSSStyleSheet(); document.adoptedStyleSheets.push(s); s.insertRule('{RULE}')",
        GIF,
        purpose=MARKETING,
    ),
    code(
        "style-sheet-created",
        "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = '$URL/a.css';"
        " document.head.append(l)",
        "request a.css",
    ),
    code(
        "style-import-created", f"{SHEET} s.textContent = '@import \"$URL/a.css\";'", "request a.css", purpose=MARKETING
    ),
    code(
        "style-font-face",
        "new FontFace('$ID', 'url($URL/a.woff2)').load().catch(() => 0)",
        "request a.woff2",
        again=True,
    ),
]
