// What is told of a unit beside the picture: words, sums, small pictures.

const TERMS_SHOWN = 6;
const CHANNELS = ["red", "green", "blue"];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// A small picture of numbers, each a square.
function swatch(values, columns, strength, palette, label) {
  const rows = values.length / columns;
  const canvas = make("canvas", { role: "img", "aria-label": label, title: label });
  putPixels(canvas, Uint32Array.from(values, (value) => palette.ramp[shade(value / strength)]), columns);
  canvas.style.aspectRatio = `${columns} / ${rows}`;
  return canvas;
}

function putPixels(canvas, pixels, width) {
  [canvas.width, canvas.height] = [width, pixels.length / width];
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width), 0, 0);
}

function largest(lists) {
  return lists.reduce((most, list) => list.reduce((a, b) => Math.max(a, Math.abs(b)), most), 1e-30);
}

function mapName(layer, map) {
  return layer.kind === "cell" ? CHANNELS[map] : `map ${map + 1}`;
}

function layerName(layer) {
  return `${layer.place}. ${layer.title}`;
}

// Where a unit is, in words.
function whereabouts(layer, { map, row, column }) {
  const spot = layer.height * layer.width > 1 ? `, row ${row + 1}, column ${column + 1}` : "";
  if (layer.kind === "cell") return `pixel in row ${row + 1}, column ${column + 1}`;
  return layer.count > 1 ? `map ${map + 1} of ${layer.count}${spot}` : spot.slice(2) || "its one unit";
}

// The sum that makes a unit, in one line.
function equation({ layer, terms, bias, sum, before, value, unit }) {
  const after = layer.activation ? ` \u2192 ${layer.activation} \u2192 ${number(value)}` : "";
  if (layer.kind === "convolution") {
    const count = terms.reduce((total, each) => total + each.products.length, 0);
    const added = number(sum - bias);
    return `${count.toLocaleString("en")} products add up to ${added}; with the bias ${number(bias)} that is ${number(sum)}${after}`;
  }
  if (layer.kind === "average") return `the mean of ${terms[0].patch.length.toLocaleString("en")} units of map ${unit.map + 1} is ${number(sum)}`;
  if (layer.kind === "maximum") return `the largest of ${terms[0].patch.length} units of map ${terms[0].map + 1} is ${number(value)}`;
  if (layer.kind === "pointwise") {
    return `${layer.operation} of ${terms.map((each) => number(each.total)).join(" and ")} is ${number(before)}${after}`;
  }
  if (layer.kind === "concatenation") return `a copy of map ${terms[0].map + 1} of layer ${terms[0].place}: maps of several layers, side by side`;
  return "made from whole maps, by an operation that is no sum of units";
}

// How a convolution or any other layer is made, for whoever selects it first.
const MEANING = {
  cell: "The cell as the network gets it. Choose a unit of any layer to see which part of it that unit looks at.",
  convolution: "Each map is made by one filter: at each place, units of the maps before times the filter\u2019s weights, summed, plus a bias.",
  maximum: "Each unit is the largest of a window of the same map before it.",
  average: "Each unit is the mean of a window of the same map before it.",
  pointwise: "Each unit is made of the units at the same place of the layers before it.",
  concatenation: "The maps of several layers, side by side.",
  other: "Each unit depends on whole maps before it.",
};
const ENDS = {
  answer: "The network\u2019s answer: the averages times the head\u2019s weights, plus a bias, are the logit; the sigmoid makes of it the probability that the cell is parasitized.",
  evidence: "The evidence map: what each place of the last maps gives to the answer. Violet speaks for a parasite, orange against; its mean plus the bias is the logit.",
};

class Panel {
  constructor(root, layers, palette, choose) {
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.layers = layers;
    this.palette = palette;
    this.choose = choose;
  }

  show(found, areas) {
    const { layer, unit } = found;
    this.part("title").textContent = layerName(layer);
    this.part("where").textContent = whereabouts(layer, unit);
    this.part("value").textContent = layer.kind === "cell" ? "" : number(found.value);
    this.part("meaning").textContent = ENDS[layer.name] ?? MEANING[layer.kind];
    this.part("made").hidden = layer.kind === "cell";
    this.part("equation").textContent = layer.kind === "cell" ? "" : `${capital(equation(found))}.`;
    this.showTerms(found);
    this.showSight(areas.get(0));
  }

  // The part of the cell that the unit can see, in the cell and enlarged.
  showSight(area) {
    const { palette } = this;
    const [height, width] = [area.bottom - area.top + 1, area.right - area.left + 1];
    this.part("sees").textContent = width * height === 1
      ? "It sees one pixel."
      : `It sees ${height} \u00d7 ${width} of ${palette.size} \u00d7 ${palette.size} pixels: rows ${area.top + 1} to ${area.bottom + 1}, columns ${area.left + 1} to ${area.right + 1}.`;
    paintCell(this.part("cell"), palette, { top: 0, left: 0, bottom: palette.size - 1, right: palette.size - 1 });
    paintCell(this.part("crop"), palette, area);
    const frame = this.part("frame").style;
    const share = (value) => `${100 * value / palette.size}%`;
    [frame.left, frame.top, frame.width, frame.height] = [area.left, area.top, width, height].map(share);
  }

  // What fed the unit: the strongest maps with their window, its weights and the products.
  showTerms(found) {
    const shown = found.terms.slice(0, TERMS_SHOWN);
    const most = { patch: largest(shown.map((each) => each.patch)), weights: largest(shown.map((each) => each.weights)), products: largest(shown.map((each) => each.products)) };
    const rest = found.terms.slice(TERMS_SHOWN);
    this.part("terms").replaceChildren(...shown.map((each) => this.term(each, most, found)));
    this.part("heads").hidden = shown.length === 0;
    this.part("heads").textContent = `Strongest first${found.layer.kind === "convolution" ? ": units \u00d7 weights = products" : ""}`;
    this.part("rest").textContent = rest.length === 0 ? ""
      : `The other ${rest.length.toLocaleString("en")} maps add ${number(rest.reduce((sum, each) => sum + each.total, 0))}.`;
    const next = strongest(this.layers, found);
    const follow = this.part("follow");
    follow.disabled = next === null;
    follow.onclick = () => this.choose(next);
  }

  term(each, most, found) {
    const layer = this.layers[each.place];
    const columns = each.columns.length;
    const name = `${found.layer.inputs.length > 1 ? `layer ${each.place}, ` : ""}${mapName(layer, each.map)}`;
    const next = strongest(this.layers, { terms: [each] });
    const button = make("button", { type: "button" }, name);
    button.disabled = next === null;
    button.onclick = () => this.choose(next);
    const pictures = found.layer.kind === "convolution"
      ? [swatch(each.patch, columns, most.patch, this.palette, "units"), "\u00d7",
        swatch(each.weights, columns, most.weights, this.palette, "weights"), "=",
        swatch(each.products, columns, most.products, this.palette, "products")]
      : [swatch(each.patch, columns, most.patch, this.palette, "units")];
    return make("li", {}, button, make("span", { class: "swatches" }, ...pictures), make("b", { class: "numeric" }, number(each.total)));
  }
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// An area of the cell, pixel by pixel.
function paintCell(canvas, { picture, size }, { top, left, bottom, right }) {
  const width = right - left + 1;
  const pixels = new Uint32Array(width * (bottom - top + 1));
  for (let row = top; row <= bottom; row += 1) {
    pixels.set(picture.subarray(row * size + left, row * size + right + 1), (row - top) * width);
  }
  putPixels(canvas, pixels, width);
}

// All maps of one layer, flat: also what is shown where there is no WebGL.
class Flat {
  constructor(canvas, layers, palette, choose) {
    this.canvas = canvas;
    this.layers = layers;
    this.palette = palette;
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const unit = this.at((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
      if (unit) choose(unit);
    });
  }

  // Maps in a row of the layer that is shown, and units from one map to the next.
  get order() {
    const { layer } = this;
    const tiles = layer.kind === "cell" ? 1 : layer.count;
    return { tiles, columns: Math.min(tiles, Math.ceil(Math.sqrt(2 * tiles))), right: layer.width + 1, down: layer.height + 1 };
  }

  at(across, downwards) {
    const { tiles, columns, right, down } = this.order;
    const [x, y] = [across * this.canvas.width, downwards * this.canvas.height].map(Math.floor);
    const map = Math.floor(y / down) * columns + Math.floor(x / right);
    const [row, column] = [y % down, x % right];
    const inside = map < tiles && row < this.layer.height && column < this.layer.width;
    return inside ? { place: this.layer.place, map, row, column } : null;
  }

  show(unit) {
    this.layer = this.layers[unit.place];
    const { tiles, columns, right, down } = this.order;
    const [width, height] = [columns * right - 1, Math.ceil(tiles / columns) * down - 1];
    const pixels = new Uint32Array(width * height);
    const corner = (map) => [(map % columns) * right, Math.floor(map / columns) * down];
    for (let map = 0; map < tiles; map += 1) paintMap(this.layer, map, this.palette, pixels, width, ...corner(map));
    putPixels(this.canvas, pixels, width);
    const [x, y] = corner(Math.min(unit.map, tiles - 1));
    const context = this.canvas.getContext("2d");
    context.fillStyle = this.palette.beam;
    context.fillRect(x + unit.column, y + unit.row, 1, 1);
  }
}
