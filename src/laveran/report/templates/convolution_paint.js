
// Pictures of maps, and tables of numbers.

const place = (id) => document.getElementById(id);
const lesson = JSON.parse(place("lesson").textContent);

// The cell as three maps of 0..255.
const channels = (() => {
  const bytes = atob(lesson.cell);
  return [0, 1, 2].map((channel) => grid(lesson.side, lesson.side, (row, column) =>
    bytes.charCodeAt(3 * (row * lesson.side + column) + channel)));
})();

const largest = (map) => map.reduce((most, row) => row.reduce((so, value) => Math.max(so, Math.abs(value)), most), 0);

const number = (value) => {
  const rounded = Math.abs(value) < 100 ? Math.round(value * 100) / 100 : Math.round(value);
  return String(rounded + 0).replace("-", "\u2212");
};

// The page's colours as numbers, asked for anew at each drawing: the scheme may change.
function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["paper", "parasitized", "uninfected"].map((name) => {
    const hex = style.getPropertyValue(`--${name}`).trim().slice(1);
    const pairs = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g);
    return [name, pairs.map((pair) => parseInt(pair, 16))];
  }));
}

function paint(canvas, map, colour) {
  canvas.height = map.length;
  canvas.width = map[0].length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  map.flat().forEach((value, index) => {
    const [red, green, blue] = colour(value, index);
    image.data.set([red, green, blue, 255], 4 * index);
  });
  context.putImageData(image, 0, 0);
}

const paintGrey = (canvas, map) => paint(canvas, map, (value) => [value, value, value]);

const paintCell = (canvas) => {
  const planes = channels.map((map) => map.flat());
  paint(canvas, channels[0], (_, index) => planes.map((plane) => plane[index]));
};

// One channel in its own colour.
const paintChannel = (canvas, map, channel) =>
  paint(canvas, map, (value) => [0, 1, 2].map((each) => (each === channel ? value : value / 5)));

// Above 0 violet, below orange, 0 the colour of the paper; `most` is painted at full strength.
function paintSigned(canvas, map, most = largest(map)) {
  const { paper, parasitized, uninfected } = colours();
  paint(canvas, map, (value) => {
    const share = most > 0 ? Math.min(Math.abs(value) / most, 1) : 0;
    const end = value > 0 ? parasitized : uninfected;
    return paper.map((from, index) => from + share * (end[index] - from));
  });
}

// Fill a table with the numbers of a map; `kind(row, column)` gives each cell its classes.
function fillTable(table, map, kind = () => "") {
  const body = table.tBodies[0] ?? table.createTBody();
  if (body.rows.length !== map.length || body.rows[0].cells.length !== map[0].length) {
    body.replaceChildren(...map.map((row) => {
      const line = document.createElement("tr");
      line.append(...row.map(() => document.createElement("td")));
      return line;
    }));
  }
  map.forEach((row, y) => row.forEach((value, x) => {
    const cell = body.rows[y].cells[x];
    cell.textContent = number(value);
    cell.className = kind(y, x);
  }));
}

const READABLE = 118; // white on any darker grey, black on any lighter one has a contrast of 4.5

// Give each number of 0..255 the grey that it stands for, but for those beyond the picture.
function shadeTable(table, map, beyond) {
  map.forEach((row, y) => row.forEach((value, x) => {
    const { style } = table.tBodies[0].rows[y].cells[x];
    style.background = beyond(y, x) ? "" : `rgb(${value} ${value} ${value})`;
    style.color = beyond(y, x) ? "" : (value < READABLE ? "#fff" : "#000");
  }));
}

// Row and column of the table's cell or the canvas's pixel under the pointer; null beside them.
function under(event) {
  const cell = event.target.closest("td");
  if (cell) return [cell.parentElement.rowIndex, cell.cellIndex];
  if (!(event.target instanceof HTMLCanvasElement)) return null;
  const box = event.target.getBoundingClientRect();
  const inside = (at, length, units) => Math.min(Math.max(Math.floor((at / length) * units), 0), units - 1);
  return [
    inside(event.clientY - box.top, box.height, event.target.height),
    inside(event.clientX - box.left, box.width, event.target.width),
  ];
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Call `go(rows, columns)` for the arrow keys while `element` has the focus.
function steered(element, go) {
  element.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(...step);
  });
}

// A group of buttons of which one is pressed: call `chosen(value)` when another is.
function choice(group, chosen) {
  const buttons = [...group.querySelectorAll("button")];
  buttons.forEach((button) => button.addEventListener("click", () => {
    press(group, button.value);
    chosen(button.value);
  }));
}

function press(group, value) {
  group.querySelectorAll("button").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === value));
  });
}

const clamped = (value, low, high) => Math.min(Math.max(value, low), high);

const redraws = [];
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraws.forEach((draw) => draw()));
