"use strict";

const place = (id) => document.getElementById(id);
const tip = place("tip");
const NEAR = { mouse: 14, pen: 18, touch: 28 }; // pixels from a pointer to the cell that it means
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NOBODY = -1;
const HINT = place("pinned-text").textContent;

const chosen = cells.groups.map(() => new Set()); // of each colouring the groups that are pressed
const searched = cells.names.map((name, i) => `${name} ${cells.patients[i]}`.toLowerCase());
const shown = new Uint8Array(N).fill(1);
// Of each colouring its groups, those with the most cells first: few are painted on top.
const members = cells.groups.map((of) => {
  const lists = [];
  of.forEach((group, i) => { (lists[group] ??= { group, list: [] }).list.push(i); });
  return lists.sort((one, other) => other.list.length - one.list.length);
});
let [way, pictures, current, pinned] = [0, false, NOBODY, NOBODY];
let ink = inks();
let waiting = false;

// The colours that the style sheet gives to groups and marks, in the present scheme.
function inks() {
  const style = getComputedStyle(document.documentElement);
  const swatches = document.querySelectorAll(`[data-legend="${way}"] .swatch`);
  const [line, accent, faint] = ["--ink", "--accent", "--rule"].map((name) => style.getPropertyValue(name));
  const colours = members[way].map(({ group }) => getComputedStyle(swatches[group]).backgroundColor);
  return { line, accent, colours: [...colours, faint] };
}

// Painting, at most once a frame.
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (fit()) showWhole();
    const near = pinned === NOBODY ? [] : neighboursOf(pinned);
    const marks = near.map((i) => [i, ink.accent, 1.5]);
    if (pinned !== NOBODY) marks.push([pinned, ink.line, 2.5]);
    if (current !== NOBODY && current !== pinned) marks.push([current, ink.line, 1.5]);
    const lines = near.map((i) => [pinned, i, ink.accent]);
    const groups = members[way].map(({ list }) => list);
    draw({ groups, colours: ink.colours, shown, pictures, marks, lines });
  });
}

function recolour() {
  ink = inks();
  redraw();
}

function neighboursOf(i) {
  return cells.neighbours[i].filter((j) => j !== NOBODY);
}

// What is known of a cell, a line each.
function facts(i) {
  return [
    cells.names[i],
    cells.patients[i] && `patient ${cells.patients[i]}`,
    cells.labels[i] && `labelled ${cells.labels[i]}`,
    `p ${cells.probability[i]} parasitized`,
    cells.outlier && `outlier score ${cells.outlier[i]}`,
  ].filter(Boolean);
}

function portrait(i, canvas) {
  paint(canvas.getContext("2d"), i, 0, 0, canvas.width);
  canvas.dataset.cell = i;
}

// The cell under the pointer, or stepped to by keys.
function look(i) {
  if (i === current) return;
  current = i;
  tip.hidden = i === NOBODY;
  if (i !== NOBODY) {
    portrait(i, tip.firstElementChild);
    place("tip-text").textContent = facts(i).join("\n");
  }
  redraw();
}

// The card beside its cell, inside the stage.
function setTip() {
  if (current === NOBODY) return;
  const [x, y] = at(current);
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = x + 18 + width < view.width ? x + 18 : x - 18 - width;
  const top = y + 18 + height < view.height ? y + 18 : y - 18 - height;
  const within = (value, room) => Math.max(6, Math.min(value, room - 6));
  tip.style.transform = `translate(${within(left, view.width - width)}px, ${within(top, view.height - height)}px)`;
}

// The row of pictures: the pinned cell and its nearest in the embedding.
function pin(i) {
  pinned = i;
  if (i === NOBODY) {
    place("pinned-text").textContent = HINT;
    place("row").replaceChildren();
  } else {
    const near = neighboursOf(i);
    const alike = near.filter((j) => cells.patients[j] && cells.patients[j] === cells.patients[i]).length;
    place("pinned-text").textContent =
      `${facts(i).join(", ")}. Of its ${near.length} nearest cells ${alike} ${alike === 1 ? "is" : "are"} of the same patient.`;
    place("row").replaceChildren(neighbour(i, i, 0), ...near.map((j, n) => neighbour(j, i, cells.distances[i][n])));
    say(place("pinned-text").textContent);
  }
  redraw();
}

function neighbour(j, i, distance) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.cell = j;
  button.classList.toggle("self", j === i);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 112;
  portrait(j, canvas);
  const same = j !== i && cells.patients[j] !== "" && cells.patients[j] === cells.patients[i];
  button.append(
    canvas,
    line("label", cells.labels[j] || `p ${cells.probability[j]}`),
    line("", j === i ? "pinned" : `distance ${distance.toPrecision(3)}`),
    line(same ? "same" : "", same ? `same patient ${cells.patients[j]}` : cells.patients[j]),
  );
  button.title = cells.names[j];
  button.addEventListener("click", () => { pin(j); uncover(j); look(j); setTip(); });
  return button;
}

function line(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function say(text) {
  place("said").textContent = text;
}

// Which cells are shown: in a pressed group of every colouring that has any, and found.
function filter() {
  const query = place("search").value.trim().toLowerCase();
  let n = 0;
  for (let i = 0; i < N; i += 1) {
    const within = chosen.every((groups, w) => groups.size === 0 || groups.has(cells.groups[w][i]));
    shown[i] = within && searched[i].includes(query) ? 1 : 0;
    n += shown[i];
  }
  const all = N.toLocaleString("en");
  place("count").textContent = n === N ? `${all} cells shown` : `${n.toLocaleString("en")} of ${all} cells shown`;
  place("all").hidden = n === N && query === "";
  if (current !== NOBODY && !shown[current]) look(NOBODY);
  redraw();
}

function showAll() {
  chosen.forEach((groups) => groups.clear());
  document.querySelectorAll("[data-group]").forEach((button) => button.setAttribute("aria-pressed", "false"));
  place("search").value = "";
  filter();
}

function press(buttons, pressed) {
  buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === pressed)));
}

// Pointers: one moves the map or means a cell, two zoom.
const pointers = new Map();
let travelled = 0;

function placeOf(event) {
  const { left, top } = plot.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function pointed(event) {
  look(nearestTo(...placeOf(event), NEAR[event.pointerType] ?? NEAR.mouse, shown));
  setTip();
}

plot.addEventListener("pointerdown", (event) => {
  plot.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, placeOf(event));
  if (pointers.size === 1) travelled = 0;
});

plot.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) {
    pointed(event);
    return;
  }
  const now = placeOf(event);
  travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
    zoom(apart(now) / Math.max(1, apart(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  } else {
    move(now[0] - before[0], now[1] - before[1]);
  }
  pointers.set(event.pointerId, now);
  setTip();
  redraw();
});

function lifted(event) {
  const alone = pointers.size === 1;
  if (!pointers.delete(event.pointerId) || !alone || travelled > 6 || event.type === "pointercancel") return;
  pointed(event);
  pin(current);
}

plot.addEventListener("pointerup", lifted);
plot.addEventListener("pointercancel", lifted);
plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") look(NOBODY); });
plot.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.3, Math.abs(event.deltaY) / 400)), ...placeOf(event));
  setTip();
  redraw();
}, { passive: false });

// Keys on the map.
const KEYS = {
  Enter: () => pin(current),
  " ": () => pin(current),
  Escape: () => pin(NOBODY),
  "+": () => zoom(1.4),
  "=": () => zoom(1.4),
  "-": () => zoom(1 / 1.4),
  0: showWhole,
};

function step([dx, dy]) {
  const next = current === NOBODY
    ? nearestTo(view.width / 2, view.height / 2, Infinity, shown)
    : nextTowards(current, dx, dy, shown);
  if (next === NOBODY) return;
  uncover(next);
  look(next);
  say(facts(next).join(", "));
}

plot.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = STEPS[event.key];
  if (direction) step(direction);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
  setTip();
  redraw();
});

// Buttons and the search.
const ways = [...document.querySelectorAll("[data-way]")];
ways.forEach((button) => button.addEventListener("click", () => {
  way = Number(button.dataset.way);
  press(ways, button);
  document.querySelectorAll("[data-legend]").forEach((legend) => { legend.hidden = Number(legend.dataset.legend) !== way; });
  recolour();
}));
const kinds = [...document.querySelectorAll("[data-drawn]")];
kinds.forEach((button) => button.addEventListener("click", () => {
  pictures = button.dataset.drawn === "pictures";
  press(kinds, button);
  redraw();
}));
document.querySelectorAll("[data-legend]").forEach((legend) => {
  const groups = chosen[legend.dataset.legend];
  legend.querySelectorAll("[data-group]").forEach((button) => button.addEventListener("click", () => {
    const group = Number(button.dataset.group);
    if (!groups.delete(group)) groups.add(group);
    button.setAttribute("aria-pressed", String(groups.has(group)));
    filter();
  }));
});
const turned = (change) => () => { change(); setTip(); redraw(); };
place("nearer").addEventListener("click", turned(() => zoom(1.4)));
place("farther").addEventListener("click", turned(() => zoom(1 / 1.4)));
place("whole").addEventListener("click", turned(showWhole));
place("all").addEventListener("click", showAll);
place("search").addEventListener("input", filter);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
new ResizeObserver(redraw).observe(plot);
sprites.decode().then(redraw, redraw);
