"use strict";

// Where the map stands on the screen, and how points are painted; what they mean is in map.js.

const cells = JSON.parse(document.getElementById("cells").textContent);
const N = cells.x.length;
const plot = document.getElementById("plot");
const sprites = document.getElementById("sprites");
const MARGIN = 0.06; // of the stage, around the whole map
const CLOSEST = 60; // times the whole map

const view = { scale: 1, left: 0, top: 0, width: 1, height: 1, whole: 1 };

// The point of cell i on the canvas, in CSS pixels.
function at(i) {
  return [view.left + cells.x[i] * view.scale, view.top + cells.y[i] * view.scale];
}

function showWhole() {
  const room = 1 - 2 * MARGIN;
  view.whole = Math.min(
    (view.width * room) / Math.max(cells.width, 0.01),
    (view.height * room) / Math.max(cells.height, 0.01),
  );
  view.scale = view.whole;
  view.left = (view.width - cells.width * view.scale) / 2;
  view.top = (view.height - cells.height * view.scale) / 2;
}

// Zoom about a place on the canvas, which stays where it is.
function zoom(factor, x = view.width / 2, y = view.height / 2) {
  const scale = Math.min(CLOSEST, Math.max(0.5, (view.scale * factor) / view.whole)) * view.whole;
  view.left = x - ((x - view.left) * scale) / view.scale;
  view.top = y - ((y - view.top) * scale) / view.scale;
  view.scale = scale;
}

function move(x, y) {
  view.left += x;
  view.top += y;
}

// Bring cell i into the stage if it is not.
function uncover(i) {
  const [x, y] = at(i);
  const edge = Math.min(40, view.width / 4, view.height / 4);
  move(
    Math.max(0, edge - x) - Math.max(0, x - view.width + edge),
    Math.max(0, edge - y) - Math.max(0, y - view.height + edge),
  );
}

// Fit the canvas to its place; true if its size has changed.
function fit() {
  const { width, height } = plot.getBoundingClientRect();
  const ratio = devicePixelRatio;
  if (view.width === width && view.height === height && plot.width === Math.round(width * ratio)) return false;
  [view.width, view.height] = [width, height];
  [plot.width, plot.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  return true;
}

// Of the cells that are shown, the nearest to a place within so many pixels, or -1.
function nearestTo(x, y, within, shown) {
  let [best, least] = [-1, within * within];
  for (let i = 0; i < N; i += 1) {
    if (!shown[i]) continue;
    const [px, py] = at(i);
    const distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

// The nearest cell that is shown within a quarter turn of a direction, or -1.
function nextTowards(i, dx, dy, shown) {
  const [x, y] = at(i);
  let [best, least] = [-1, Infinity];
  for (let j = 0; j < N; j += 1) {
    if (!shown[j] || j === i) continue;
    const [px, py] = at(j);
    const along = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy - (py - y) * dx);
    const distance = along * along + aside * aside;
    if (along > 0 && aside <= along && distance < least) [best, least] = [j, distance];
  }
  return best;
}

// Of a dot: a share of the room that each cell has, growing more slowly than the map.
function radius() {
  const room = Math.sqrt((view.width * view.height) / N);
  const wanted = Math.min(9, Math.min(4, Math.max(1.3, room / 6)) * (view.scale / view.whole) ** 0.3);
  return Math.round(4 * wanted) / 4; // so that dots are made anew but now and then
}

const dots = { sheet: document.createElement("canvas"), made: "", side: 1 };

// A sheet with a dot of each colour in a row, from which cells are stamped.
function makeDots(colours) {
  const ratio = devicePixelRatio;
  const wanted = `${radius()} ${ratio} ${colours}`;
  if (dots.made === wanted) return;
  const side = Math.ceil(2 * (radius() + 1) * ratio);
  Object.assign(dots, { made: wanted, side });
  Object.assign(dots.sheet, { width: side * colours.length, height: side });
  const pen = dots.sheet.getContext("2d");
  colours.forEach((colour, n) => {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(side * (n + 0.5), side / 2, radius() * ratio, 0, 2 * Math.PI);
    pen.fill();
  });
}

// The picture of cell i into a square of a canvas.
function paint(pen, i, x, y, side) {
  const { side: from, columns } = cells;
  pen.drawImage(
    sprites, from * (i % columns), from * Math.floor(i / columns), from, from, x, y, side, side,
  );
}

function inside(x, y, margin) {
  return x > -margin && y > -margin && x < view.width + margin && y < view.height + margin;
}

// Paint the map. `groups` lists the cells of each group, those with the most cells first, and
// `colours` their colours, after which comes that of cells that are not shown.
function draw({ groups, colours, shown, pictures, marks, lines }) {
  const pen = plot.getContext("2d");
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  makeDots(colours);
  drawDots(pen, groups.length, groups.map((list) => list.filter((i) => !shown[i])).flat());
  groups.forEach((list, n) => drawDots(pen, n, list.filter((i) => shown[i])));
  if (pictures) drawPictures(pen, groups, colours, shown);
  drawMarks(pen, marks, lines, (pictures ? 0.72 * pictureSide() : radius()) + 3);
}

function drawDots(pen, n, list) {
  const side = dots.side / devicePixelRatio;
  for (const i of list) {
    const [x, y] = at(i);
    if (!inside(x, y, side)) continue;
    pen.drawImage(dots.sheet, n * dots.side, 0, dots.side, dots.side, x - side / 2, y - side / 2, side, side);
  }
}

function pictureSide() {
  return Math.min(72, 28 * Math.sqrt(view.scale / view.whole));
}

// Pictures where there is room for them, those of small groups first; zooming in makes room.
function drawPictures(pen, groups, colours, shown) {
  const side = pictureSide();
  const taken = new Set();
  for (let n = groups.length - 1; n >= 0; n -= 1) {
    pen.fillStyle = colours[n];
    for (const i of groups[n]) {
      const [x, y] = at(i);
      if (!shown[i] || !inside(x, y, side)) continue;
      const [column, row] = [cells.x[i], cells.y[i]].map((each) => Math.floor((each * view.scale) / (side + 4)));
      const slot = row * 1e5 + column;
      if (taken.has(slot)) continue;
      taken.add(slot);
      pen.fillRect(x - side / 2 - 1.5, y - side / 2 - 1.5, side + 3, side + 3);
      paint(pen, i, x - side / 2, y - side / 2, side);
    }
  }
}

function drawMarks(pen, marks, lines, reach) {
  pen.lineWidth = 1;
  for (const [from, to, colour] of lines) {
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.moveTo(...at(from));
    pen.lineTo(...at(to));
    pen.stroke();
  }
  for (const [i, colour, width] of marks) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(...at(i), reach, 0, 2 * Math.PI);
    pen.stroke();
  }
}
