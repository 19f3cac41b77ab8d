// Comfort for the table of trackers; without it, every link and form does the same by loading a page.
//
// A row becomes a form in its place and back; Escape leaves it. One box marks or unmarks every row that is shown, Shift
// with a click marks all between two.
"use strict";
(() => {
  const table = document.querySelector("table.catalogue");
  if (!table) return;

  async function swap(row, address, focus) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = document.adoptNode(page.querySelector("tr"));
    const mark = row.querySelector("[name=rows]");
    const freshMark = fresh.querySelector("[name=rows]");
    if (mark && freshMark) freshMark.checked = mark.checked;
    row.replaceWith(fresh);
    const first = fresh.querySelector(focus);
    if (first) first.focus();
  }

  table.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-row]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const leaving = link.classList.contains("cancel");
    swap(link.closest("tr"), link.dataset.row, leaving ? "a[data-row]" : "select").catch(() => link.ownerDocument.location.assign(link.href));
  });

  table.addEventListener("keydown", (event) => {
    const cancel = event.key === "Escape" && event.target.closest("tr") && event.target.closest("tr").querySelector("a.cancel");
    if (cancel) cancel.click();
  });

  const boxes = () => [...table.querySelectorAll("[name=rows]")];
  const head = table.querySelector("thead .mark");
  if (boxes().length) {
    const all = document.createElement("input");
    all.type = "checkbox";
    all.setAttribute("aria-label", head.textContent.trim());
    all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
    head.replaceChildren(all);
  }
  let last = null;
  table.addEventListener("click", (event) => {
    if (event.target.name !== "rows") return;
    const list = boxes();
    const [from, to] = [list.indexOf(last), list.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) list.slice(from, to).forEach((box) => { box.checked = event.target.checked; });
    last = event.target;
  });
})();
