"""How the public pages look, and the policy that lets this one style in and nothing else."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; font: 1rem/1.6 system-ui, sans-serif; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 1.5rem 0 .5rem; }
h1, h2 { overflow-wrap: break-word; } pre { overflow-wrap: anywhere; white-space: pre-wrap; font-size: .8rem; }
code { overflow-wrap: anywhere; font: .9em ui-monospace, monospace; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
figure { display: inline-block; margin: 0 1rem 1rem 0; vertical-align: top; }
img { max-width: 100%; height: 16rem; border: 1px solid; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th:nth-child(1) { width: 26%; } th:nth-child(3) { width: 22%; } th:nth-child(4) { width: 14%; }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid; text-align: start; vertical-align: top; }
td:first-child { overflow-wrap: anywhere; font-family: ui-monospace, monospace; } small { display: block; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tr { display: block; border-top: 1px solid; padding: .5rem 0; }
  th, td { display: block; border: 0; padding: .1rem 0; }
}
"""

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
"""The page may be framed: a site may show it inside its own policy page."""
