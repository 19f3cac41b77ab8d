"""Scripts in the markup, as the parser and the browser's look-ahead meet them; and addresses in disguise.

Not here, because browsers of today ask for none of them: ``nomodule``, and addresses with a name and a password.
"""

from tests.browser.vectors.vector import MARKETING, RAN, Vector, held, markup, script

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SVG_SCRIPT = f"{{ const s = document.createElementNS('{SVG}', 'script'); %s; document.body.append(s) }}"

VECTORS: list[Vector] = [
    script("script-in-head", head=True),
    script("script-async-in-head", "async", head=True, purpose=MARKETING),
    script("script-defer-in-head", "defer", head=True),
    script("script-module-in-head", "type=module", head=True, purpose=MARKETING),
    script("script-in-body"),
    script("script-async", "async", purpose=MARKETING),
    script("script-defer", "defer"),
    script("script-module", "type=module", purpose=MARKETING),
    script("script-module-async", "type=module async"),
    script("script-crossorigin", "crossorigin=anonymous", purpose=MARKETING),
    script("script-without-scheme", src="//$PLAIN/a.js"),
    script("script-host-in-capitals", src="HTTPS://$CAPITALS/a.js", purpose=MARKETING),
    script("script-host-with-root-dot", src="https://$DOTTED/a.js"),
    script("script-among-spaces", src=" \n\thttps:\n//$PLAIN/a.js \n"),
    script("script-with-backslashes", src="https:\\\\$PLAIN/a.js", purpose=MARKETING),
    script("script-with-entities", src="https:&#x2f;&#47;$PLAIN/a.js"),
    script("script-on-a-path-of-the-site", src="$FIRST/a.js", purpose=MARKETING),
    script("script-on-a-subdomain-of-the-tracker", src="https://cdn.$PLAIN/a.js"),
    Vector(
        "script-in-capitals",
        '<SCRIPT TYPE=TEXT/JAVASCRIPT SRC="$URL/a.js"></SCRIPT>',
        '<SCRIPT TYPE="text/plain" DATA-CONSENT="$PURPOSE" SRC="$URL/a.js"></SCRIPT>',
        RAN,
        purpose=MARKETING,
    ),
    markup(
        "script-svg",
        '<svg width="1" height="1"><script href="$URL/a.js"></script></svg>',
        *RAN,
        tagged=held(SVG_SCRIPT % "s.setAttribute('href', '$URL/a.js')"),
    ),
    markup(
        "script-svg-xlink",
        '<svg width="1" height="1"><script xlink:href="$URL/a.js"></script></svg>',
        *RAN,
        tagged=held(SVG_SCRIPT % f"s.setAttributeNS('{XLINK}', 'href', '$URL/a.js')"),
        purpose=MARKETING,
    ),
]
