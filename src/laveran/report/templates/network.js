// The page: one unit is shown at a time; whatever chooses it, all parts follow.

const root = document.getElementById("network");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const data = JSON.parse(document.getElementById("scene").textContent);
const layers = data.layers.map((each, place) => new Layer(each, place));
const palette = {
  ramp: pixelsOf(bytesOf(data.ramp)),
  picture: pixelsOf(bytesOf(data.picture)),
  card: pixelsOf(Uint8Array.of(10, 8, 14))[0],
  size: data.size,
  beam: "#35e0c8",
};
const STANDING = { yaw: 0.62, pitch: 0.14 };
const FLIGHT_MS = 450;

const camera = Object.assign(new Camera(), STANDING);
const trail = [];
const labels = [];
const state = { unit: null, found: null, areas: null, path: [], grids: [], moved: false, waiting: false, flight: null };
const stage = part("stage");
const canvas = part("canvas");
const panel = new Panel(root, layers, palette, (unit) => select(unit));
const flat = new Flat(part("flat"), layers, palette, (unit) => select(unit));
let drawing = null;

// Choose a unit: { place, map, row, column }.
function select(unit, { fly = false, back = false } = {}) {
  if (state.unit && !back) trail.push(state.unit);
  state.unit = unit;
  state.found = explain(layers, unit);
  state.areas = seen(layers, unit);
  state.path = strongestPath(layers, unit);
  panel.show(state.found, state.areas);
  flat.show(unit);
  part("back").disabled = trail.length === 0;
  fillForm();
  say();
  if (!drawing) return;
  showUnit();
  if (fly) flyTo(unit.place);
}

function say() {
  const { layer, value } = state.found;
  const told = layer.kind === "cell" ? "" : `: ${number(value)}`;
  part("said").textContent = `Layer ${layerName(layer)}, ${whereabouts(layer, state.unit)}${told}. ${part("sees").textContent}`;
}

// Light and lines of the chosen unit.
function showUnit() {
  const { unit, found, areas, grids, path } = state;
  const most = Math.max(1e-30, ...found.terms.map((each) => Math.abs(each.total)));
  const shares = new Map(found.terms.map((each) => [`${each.place} ${each.map}`, Math.abs(each.total) / most]));
  const onTheWay = new Set(path.map((each) => `${each.place} ${each.map}`));
  const feeding = new Set(found.terms.map((each) => each.place));
  drawing.light((place, map) => {
    if (map === -1 || place === 0) return 1;
    if (!areas.has(place)) return 0.45;
    if (onTheWay.has(`${place} ${map}`)) return 1;
    if (feeding.has(place)) return 0.3 + 0.7 * (shares.get(`${place} ${map}`) ?? 0);
    return 0.85;
  });
  const quiet = [...colourOf("--quiet"), 0.45];
  drawing.string([...flow(layers, grids, quiet), ...threads(grids, found, areas, path)]);
  invalidate();
}

// A colour of the style sheet as shares of red, green and blue.
function colourOf(name) {
  const probe = make("span", { hidden: "" });
  probe.style.color = `var(${name})`;
  stage.append(probe);
  const colour = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255);
  probe.remove();
  return colour;
}

// A frame is drawn when something has changed, never otherwise.
function invalidate() {
  if (state.waiting || !drawing) return;
  state.waiting = true;
  requestAnimationFrame((now) => {
    state.waiting = false;
    advanceFlight(now);
    drawFrame();
  });
}

function drawFrame() {
  if (drawing.gl.isContextLost()) return;
  const depths = state.box.map((point) => camera.project(point)?.depth ?? 0.05);
  drawing.draw({
    matrix: camera.matrix,
    backdrop: state.backdrop,
    depths: [Math.min(...depths), Math.max(...depths) + 0.1],
    ratio: devicePixelRatio,
  });
  placeLabels();
}

// Labels stand below their layers; one that would cover a more important one is left out.
function placeLabels() {
  const taken = [];
  const important = (label) => (label.place === state.unit?.place ? -1 : label.seen.depth);
  labels.forEach((label) => {
    const grid = state.grids[label.place];
    label.seen = camera.project([grid.x, grid.y - SHELF - 0.1, 0]);
  });
  const order = labels.filter((label) => label.seen && !isCovered(label.seen)).sort((a, b) => important(a) - important(b));
  const shown = new Set();
  for (const label of order) {
    const left = Math.max(2, Math.min(camera.width - label.width - 2, label.seen.x - label.width / 2));
    const box = { left, right: left + label.width, top: label.seen.y, bottom: label.seen.y + label.height };
    const inside = label.seen.x > 0 && label.seen.x < camera.width && box.top > 0 && box.bottom < camera.height;
    if (!inside || taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) continue;
    taken.push(box);
    shown.add(label);
    label.element.style.transform = `translate(${box.left}px, ${box.top}px)`;
  }
  labels.forEach((label) => { label.element.style.visibility = shown.has(label) ? "visible" : "hidden"; });
}

// Whether a layer stands before a point that was projected.
function isCovered({ x, y, depth }) {
  const first = met(state.grids, camera.ray(x, y));
  return first !== null && first.distance < depth - 0.01;
}

// Fly to a layer and those before it that stand in its row; to all of them for null.
function flyTo(place) {
  const all = state.grids;
  const grids = place === null ? all : [place, ...layers[place].inputs].map((each) => all[each]).filter((grid) => grid.y === all[place].y);
  const before = camera.pose;
  camera.pose = { ...before, ...(place === null ? STANDING : { yaw: 0.7, pitch: 0.1 }) };
  const goal = camera.fitted(boxOf(grids), place === null ? 0.08 : 0.16);
  camera.pose = before;
  state.moved = place !== null;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  state.flight = { from: before, to: goal, start: performance.now(), length: still ? 0 : FLIGHT_MS };
  invalidate();
}

function advanceFlight(now) {
  if (!state.flight) return;
  const { from, to, start, length } = state.flight;
  const share = length === 0 ? 1 : Math.max(0, Math.min(1, (now - start) / length));
  camera.pose = between(from, to, share * share * (3 - 2 * share));
  if (share < 1) invalidate();
  else state.flight = null;
}

// The user takes the camera in hand.
function steer(change) {
  state.flight = null;
  state.moved = true;
  change();
  invalidate();
}

function fit() {
  const { width, height } = stage.getBoundingClientRect();
  camera.resize(width, height);
  canvas.width = Math.round(camera.width * devicePixelRatio);
  canvas.height = Math.round(camera.height * devicePixelRatio);
  state.grids = arranged(layers, data.size, camera.width / camera.height, STANDING.yaw);
  state.box = boxOf(state.grids);
  if (!state.moved) camera.pose = camera.fitted(state.box, 0.08);
  place();
}

// Everything that the graphics card is given.
function place() {
  state.backdrop = colourOf("--stage");
  drawing.place(state.grids);
  if (state.unit) showUnit();
  drawFrame();
}

function addLabels() {
  for (const layer of layers) {
    const size = layer.kind === "cell" ? `${layer.height} \u00d7 ${layer.width}` : `${layer.count} \u00b7 ${layer.height} \u00d7 ${layer.width}`;
    const element = make("button", { type: "button", tabindex: "-1", class: "label" }, layer.short, make("small", {}, size));
    element.onclick = () => flyTo(layer.place);
    part("labels").append(element);
    labels.push({ place: layer.place, element, width: element.offsetWidth, height: element.offsetHeight });
  }
}

function fillForm() {
  const { unit, found: { layer } } = state;
  part("layer").value = unit.place;
  for (const [name, most] of [["map", layer.count], ["row", layer.height], ["column", layer.width]]) {
    part(name).max = most;
    part(name).value = unit[name] + 1;
    part(name).disabled = most === 1;
    part(`${name}s`).textContent = `of ${most}`;
  }
}

function chosenByForm(event) {
  const place = Number(part("layer").value);
  if (event.target === part("layer")) {
    select(layers[place].peak(0), { fly: true });
    return;
  }
  const unit = { place };
  for (const name of ["map", "row", "column"]) {
    const field = part(name);
    unit[name] = Math.max(1, Math.min(Number(field.max), Math.round(Number(field.value) || 1))) - 1;
  }
  select(unit);
}

function start() {
  layers.forEach((layer) => part("layer").append(make("option", { value: layer.place }, layerName(layer))));
  part("form").addEventListener("change", chosenByForm);
  part("peak").onclick = () => select(layers[state.unit.place].peak(state.unit.map));
  part("back").onclick = () => select(trail.pop(), { back: true });
  putPixels(part("ramp"), palette.ramp.slice(), palette.ramp.length);
  try {
    drawing = new Drawing(canvas, layers, palette);
  } catch (error) {
    for (const name of ["stage", "tools", "hint"]) part(name).hidden = true;
    part("missing").hidden = false;
    part("missing").textContent = `The view in space is left out: ${error.message}. The maps below show the same numbers.`;
  }
  if (drawing) {
    addLabels();
    handle();
    new ResizeObserver(fit).observe(stage);
    fit();
  }
  select(layers.at(-1).peak(0));
}

start();
