// Keeps the table up to date while somebody looks at it.
const body = document.querySelector("tbody");
const total = document.querySelector("[role=status]");

async function refresh() {
  if (document.visibilityState !== "visible") return;
  const { requests } = await (await fetch("/demo/requests.json")).json();
  const cells = ({ site, host, path, count }) => [site || "–", host, path, count].map((text) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    return cell;
  });
  body.replaceChildren(...requests.map((row) => {
    const line = document.createElement("tr");
    line.append(...cells(row));
    return line;
  }));
  const sum = String(requests.reduce((all, { count }) => all + count, 0));
  if (total.textContent !== sum) total.textContent = sum;
}

document.querySelector("button").addEventListener("click", () => fetch("/demo/requests/reset", { method: "POST" }).then(refresh));
setInterval(() => refresh().catch(() => {}), 1000);
