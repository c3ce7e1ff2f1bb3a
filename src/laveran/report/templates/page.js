"use strict";

// Read-outs: the mark's own <title>, shown at once and on touch, near the pointer.
function showReadings() {
  const box = document.createElement("div");
  box.className = "reading";
  box.hidden = true;
  document.body.append(box);
  for (const title of document.querySelectorAll(".chart title")) {
    title.parentElement.dataset.reading = title.textContent;
    title.remove();
  }
  const show = (event) => {
    const mark = event.target.closest?.("[data-reading]");
    box.hidden = !mark;
    if (!mark) return;
    box.textContent = mark.dataset.reading;
    const { width, height } = box.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 8);
    const above = event.clientY - height - 12;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${above > 8 ? above : event.clientY + 18}px`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", () => { box.hidden = true; }, { passive: true });
}

// Tables of class "sortable": each heading becomes a button.
function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const rising = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, rising);
    });
  });
}

function sortRows(body, column, rising) {
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const order = new Intl.Collator("en", { numeric: true });
  const rows = [...body.rows].filter((row) => key(row) !== "");
  const blank = [...body.rows].filter((row) => key(row) === "");
  const numeric = rows.every((row) => !Number.isNaN(Number(key(row))));
  const compare = numeric ? (a, b) => key(a) - key(b) : (a, b) => order.compare(key(a), key(b));
  rows.sort((a, b) => (rising ? compare(a, b) : compare(b, a)));
  body.append(...rows, ...blank); // what is not known comes last, either way
}

// Groups of buttons that show one kind of what they filter.
function filtering(group) {
  const items = document.getElementById(group.dataset.filters).querySelectorAll("[data-kind]");
  const buttons = [...group.querySelectorAll("button")];
  buttons.forEach((button) => button.addEventListener("click", () => {
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    const kind = button.dataset.kind;
    items.forEach((item) => { item.hidden = kind !== "" && item.dataset.kind !== kind; });
  }));
  group.hidden = false;
}

showReadings();
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("[data-filters]").forEach(filtering);
