"use strict";

const page = document.getElementById("reading");
const place = (id) => document.getElementById(id);
const cells = [...page.querySelectorAll("[data-id]")];
const ids = new Set(cells.map((cell) => cell.dataset.id));
const WORDS = ["parasite", "none", "unsure"];
const KEYS = new Map([["p", "parasite"], ["n", "none"], ["u", "unsure"]]);
const STORED = `laveran-reread-${page.dataset.code}`;

let read = stored(); // pairs of id and reading, in the order in which they were read

// What this browser kept of an earlier sitting; some browsers keep nothing for files.
function stored() {
  try {
    return known(JSON.parse(localStorage.getItem(STORED) ?? "[]"));
  } catch {
    return [];
  }
}

function keep() {
  try {
    localStorage.setItem(STORED, JSON.stringify(read));
  } catch {
    say("This browser keeps nothing: save the readings before you close the page.");
  }
}

// The pairs that are readings of cells of this page, the first of each cell.
function known(pairs) {
  const seen = new Set();
  return pairs.filter(([id, word]) => {
    const good = ids.has(id) && WORDS.includes(word) && !seen.has(id);
    seen.add(id);
    return good;
  });
}

function current() {
  const done = new Set(read.map(([id]) => id));
  return cells.find((cell) => !done.has(cell.dataset.id));
}

function show() {
  const cell = current();
  cells.forEach((other) => { other.hidden = other !== cell; });
  place("done").hidden = cell !== undefined;
  place("bar").value = read.length;
  place("count").textContent = `${read.length} of ${cells.length} read`;
  place("undo").disabled = read.length === 0;
  page.querySelectorAll("[data-reading]").forEach((button) => { button.disabled = !cell; });
  const order = new Map(read);
  const rows = cells.filter((each) => order.has(each.dataset.id))
    .map((each) => `${each.dataset.id},${order.get(each.dataset.id)}\n`);
  place("save").href = `data:text/csv;charset=utf-8,${encodeURIComponent(`id,reading\n${rows.join("")}`)}`;
}

function answer(word) {
  const cell = current();
  if (!cell) return;
  read.push([cell.dataset.id, word]);
  changed("");
}

function undo() {
  read.pop();
  changed("");
}

function changed(message) {
  say(message);
  keep();
  show();
}

function say(message) {
  place("message").textContent = message;
}

async function load(event) {
  const [file] = event.target.files;
  if (!file) return;
  const lines = (await file.text()).split(/\r?\n/).slice(1);
  const found = known(lines.map((line) => line.split(",").map((text) => text.trim())));
  event.target.value = "";
  if (found.length === 0) {
    say(`${file.name} holds no reading of this page.`);
    return;
  }
  const loaded = new Set(found.map(([id]) => id));
  read = [...read.filter(([id]) => !loaded.has(id)), ...found];
  changed(`${found.length} readings loaded from ${file.name}.`);
}

function anew() {
  if (!confirm("Forget all readings of this page? Save them first if they are needed.")) return;
  read = [];
  changed("");
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const word = KEYS.get(event.key.toLowerCase());
  if (word) answer(word);
  else if (event.key === "Backspace") undo();
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", pressed);
page.querySelectorAll("[data-reading]").forEach((button) => {
  button.addEventListener("click", () => answer(button.dataset.reading));
});
place("undo").addEventListener("click", undo);
place("anew").addEventListener("click", anew);
place("load").addEventListener("change", load);
show();
