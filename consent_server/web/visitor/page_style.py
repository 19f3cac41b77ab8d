"""How the public pages look, and the policy that lets this one style in and nothing else."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; background: Canvas; color: CanvasText; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; font: 1rem/1.6 system-ui, sans-serif; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 1.5rem 0 .5rem; }
h1, h2 { overflow-wrap: break-word; } pre { overflow-wrap: anywhere; white-space: pre-wrap; font-size: .8rem; }
code { overflow-wrap: anywhere; font: .9em ui-monospace, monospace; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
figure { display: inline-block; margin: 0 1rem 1rem 0; vertical-align: top; }
img { max-width: 100%; height: 16rem; border: 1px solid; object-fit: contain; }
button {
  min-height: 2.75rem; margin: 0 .5rem .5rem 0; padding: .5rem 1rem;
  border: 2px solid; border-radius: .5rem; background: none; color: inherit; font: inherit; cursor: pointer;
}
button:hover { text-decoration: underline; }
.alert { padding-inline-start: .75rem; border-inline-start: .4rem solid; font-weight: 600; }
input[type=text] {
  display: block; box-sizing: border-box; width: 100%; max-width: 26rem; min-height: 2.75rem;
  padding: .25rem .5rem; font: 1rem ui-monospace, monospace;
}
input[type=checkbox] { width: 1.25rem; height: 1.25rem; margin: 0 .5rem 0 0; vertical-align: -.2rem; }
summary { padding: .5rem 0; cursor: pointer; }
.record { margin-top: 1.5rem; padding-top: .5rem; border-top: 1px solid; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th:nth-child(1) { width: 26%; } th:nth-child(3) { width: 22%; } th:nth-child(4) { width: 14%; }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid; text-align: start; vertical-align: top; }
td:first-child { overflow-wrap: anywhere; font-family: ui-monospace, monospace; } small { display: block; }
.declared th { width: 18%; } .declared th:nth-child(3) { width: auto; } .declared th:nth-child(4) { width: 14%; }
.declared td { overflow-wrap: break-word; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tr { display: block; border-top: 1px solid; padding: .5rem 0; }
  th, td { display: block; border: 0; padding: .1rem 0; }
  .declared td[data-label]::before { content: attr(data-label) " – "; font-weight: 600; }
}
@media print {
  :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; }
  form, summary, .screen { display: none; }
  .record, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""


def source_of(inline: str) -> str:
    """Return the source by which a policy lets this very text in."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


_READING = f"default-src 'none'; base-uri 'none'; img-src 'self'; style-src {source_of(STYLE)}"

POLICY = f"{_READING}; form-action 'none'"
"""The page may be framed: a site may show it inside its own policy page."""

FORM_POLICY = f"{_READING}; form-action 'self'; frame-ancestors 'none'"
"""For pages about one visitor: they may send forms to us, and nobody frames them."""
