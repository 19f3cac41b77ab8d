"""How the page of an audit looks, on a screen, on a phone and on paper; every contrast is 7 and more."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: #fff; color: #1b1b1b;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 2.5rem 0 .75rem; padding-top: .5rem;
  border-top: 2px solid #1b1b1b; }
h3 { font-size: 1.08rem; line-height: 1.35; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; max-width: 52rem; }
a { color: #003d7a; }
a:focus-visible { outline: 3px solid #003d7a; outline-offset: 2px; }
code { font: .9em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
.host { overflow-wrap: normal; }
.tally { font-size: 1.15rem; font-weight: 600; padding: .75rem 1rem; border-left: .4rem solid; }
.bad { color: #7a0000; background: #fdf0ef; }
.good { color: #0d4a1c; background: #eef7f0; }
.todo { padding: .5rem 1rem; background: #f2f4f8; }
.source { color: #3d3d3d; font-size: .92rem; }
.limit { color: #5c3a00; }
.known { font-size: .8rem; font-weight: 400; padding: 0 .4rem; border: 1px solid #4a4a4a; border-radius: .3rem;
  white-space: nowrap; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border: 1px solid #8a8a8a; }
thead th { background: #e9edf3; }
tbody th { font-weight: 400; }
figure { margin: 1rem 0; }
figure img { display: block; max-width: min(100%, 46rem); height: auto; border: 1px solid #8a8a8a; }
figure.phone img { max-width: min(100%, 17rem); }
figcaption { font-size: .92rem; color: #3d3d3d; }
small { font-size: .85rem; }
@media screen and (max-width: 44rem) {
  body { padding: .75rem; }
  table, caption, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border: 1px solid #8a8a8a; margin: 0 0 .6rem; }
  th, td { border: 0; padding: .25rem .6rem; }
  tbody th { background: #e9edf3; }
  td:empty { display: none; }
  td[data-head]::before { content: attr(data-head); display: block; font-size: .8rem; color: #3d3d3d; }
}
@page { size: A4; margin: 16mm 14mm; }
@media print {
  :root { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .tally, .todo, .short { break-inside: avoid; }
  thead { break-after: avoid; }
  table { font-size: 8pt; }
  th, td { padding: 1.2mm 1.8mm; }
  figure img { max-height: 90mm; width: auto; }
  figure.phone img { max-width: 55mm; }
  .source a[href^="https:"]::after { content: " <" attr(href) ">"; overflow-wrap: anywhere; font-size: 7pt; }
}
"""
