"use strict";
const table = document.querySelector("table.data");
const search = document.querySelector("input[type=search]");
if (table && search) {
  search.closest("p").hidden = false;
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const original = Array.from(body.rows);
  const text = (row, at) => row.cells[at].textContent;
  const compare = (at, isNumber) => (one, other) => {
    const a = text(one, at), b = text(other, at);
    if (a === "" || b === "") return (a === "") - (b === "");
    return isNumber ? Number(a) - Number(b) : a.localeCompare(b);
  };
  heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
    const next = { ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")] || "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    let rows = original.slice();
    if (next !== "none") {
      head.setAttribute("aria-sort", next);
      rows.sort(compare(at, head.classList.contains("number")));
      if (next === "descending") rows.reverse();
    }
    body.append(...rows);
  }));
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const row of original) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
