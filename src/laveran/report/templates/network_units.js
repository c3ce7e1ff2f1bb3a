// What a unit is made of, what it sees, and where its value came from.

// Where the edge rule finds unit `at` of `size`; -1 in a padding of zeros.
function withinEdge(edge, at, size) {
  if (at >= 0 && at < size) return at;
  if (edge === "reflect") return at < 0 ? -at : 2 * size - 2 - at;
  if (edge === "replicate") return at < 0 ? 0 : size - 1;
  if (edge === "circular") return ((at % size) + size) % size;
  return -1;
}

// The rows (axis 0) or columns (axis 1) of the input that a window takes, in order.
function taps(window, axis, position, size) {
  const first = position * window.stride[axis] - window.padding[axis];
  return Array.from({ length: window.kernel[axis] }, (_, tap) => (
    withinEdge(window.edge, first + tap * window.dilation[axis], size)
  ));
}

// The units of one map in a window; zeros beyond the edge.
function patchOf(input, map, rows, columns) {
  const patch = new Float32Array(rows.length * columns.length);
  rows.forEach((row, i) => columns.forEach((column, j) => {
    if (row >= 0 && column >= 0) patch[i * columns.length + j] = input.maps[input.index(map, row, column)];
  }));
  return patch;
}

// One map's share in a unit: its units in the window, their weights, and what the products add up to.
function term(input, map, rows, columns, weights) {
  const patch = patchOf(input, map, rows, columns);
  const products = patch.map((value, at) => value * weights[at]);
  return { place: input.place, map, rows, columns, patch, weights, products, total: products.reduce((a, b) => a + b, 0) };
}

const MADE = {
  cell: () => ({ terms: [] }),
  other: () => ({ terms: [] }),
  convolution(layer, unit, [input]) {
    const rows = taps(layer.window, 0, unit.row, input.height);
    const columns = taps(layer.window, 1, unit.column, input.width);
    const perGroup = layer.count / (input.count / layer.fan);
    const first = Math.floor(unit.map / perGroup) * layer.fan;
    const size = rows.length * columns.length;
    const terms = Array.from({ length: layer.fan }, (_, at) => {
      const from = (unit.map * layer.fan + at) * size;
      return term(input, first + at, rows, columns, layer.weights.subarray(from, from + size));
    });
    return { terms, bias: layer.bias[unit.map] };
  },
  average(layer, unit, [input]) {
    const rows = taps(layer.window, 0, unit.row, input.height);
    const columns = taps(layer.window, 1, unit.column, input.width);
    const size = rows.length * columns.length;
    return { terms: [term(input, unit.map, rows, columns, new Float32Array(size).fill(1 / size))] };
  },
  maximum(layer, unit, [input]) {
    const rows = taps(layer.window, 0, unit.row, input.height);
    const columns = taps(layer.window, 1, unit.column, input.width);
    const patch = patchOf(input, unit.map, rows, columns);
    const beyond = (at) => rows[Math.floor(at / columns.length)] < 0 || columns[at % columns.length] < 0;
    const winner = patch.reduce((best, value, at) => (!beyond(at) && (best < 0 || value > patch[best]) ? at : best), -1);
    const weights = new Float32Array(patch.length);
    weights[winner] = 1;
    return { terms: [term(input, unit.map, rows, columns, weights)] };
  },
  pointwise(layer, unit, inputs) {
    const terms = inputs.map((input) => {
      const rows = [input.height === 1 ? 0 : unit.row];
      const columns = [input.width === 1 ? 0 : unit.column];
      return term(input, input.count === 1 ? 0 : unit.map, rows, columns, Float32Array.of(1));
    });
    return { terms };
  },
  concatenation(layer, unit, inputs) {
    let { map } = unit;
    const input = inputs.find((each) => {
      if (map < each.count) return true;
      map -= each.count;
      return false;
    });
    return { terms: [term(input, map, [unit.row], [unit.column], Float32Array.of(1))] };
  },
};

// All that is told of a unit. `sum` is what its terms and bias add up to, where they are summed;
// `before` is what the network itself had there before the activation.
function explain(layers, unit) {
  const layer = layers[unit.place];
  const at = layer.index(unit.map, unit.row, unit.column);
  const { terms, bias } = MADE[layer.kind](layer, unit, layer.inputs.map((place) => layers[place]));
  const summed = layer.kind === "convolution" || layer.kind === "average" || (layer.operation === "sum" && terms.length > 1);
  return {
    unit,
    layer,
    terms: [...terms].sort((a, b) => Math.abs(b.total) - Math.abs(a.total)),
    bias,
    sum: summed ? terms.reduce((sum, each) => sum + each.total, bias ?? 0) : undefined,
    before: (layer.before ?? layer.maps)[at],
    value: layer.maps[at],
  };
}

// The units that feed an explained one, first the one that adds most, or takes most away; of a
// maximum the winner.
function feeding({ terms }) {
  const found = terms.flatMap(({ place, map, rows, columns, products }) => Array.from(products, (product, at) => ({
    unit: { place, map, row: rows[Math.floor(at / columns.length)], column: columns[at % columns.length] },
    counts: Math.abs(product),
  })));
  return found.filter(({ counts }) => counts > 0).sort((a, b) => b.counts - a.counts).map(({ unit }) => unit);
}

// The first of them that is fed itself: where all inputs are 0, a unit has its value from its bias
// alone, and nothing of the cell.
function strongest(layers, found) {
  const units = feeding(found);
  const isFed = (unit) => unit.place === 0
    || explain(layers, unit).terms.some(({ products }) => products.some((product) => Math.abs(product) > 0));
  return units.find(isFed) ?? units[0] ?? null;
}

// From a unit back to a pixel of the cell, each time by the unit that counts most.
function strongestPath(layers, unit) {
  const path = [];
  for (let next = unit; next; next = strongest(layers, explain(layers, next))) path.push(next);
  return path;
}

// What a unit can see of every layer before it: place -> rows and columns, first and last, of those
// that exist. (With a circular edge it also sees what lies opposite.)
function seen(layers, unit) {
  const areas = new Map([[unit.place, { top: unit.row, bottom: unit.row, left: unit.column, right: unit.column }]]);
  for (let place = unit.place; place > 0; place -= 1) {
    const area = areas.get(place);
    if (!area) continue;
    for (const before of layers[place].inputs) {
      const input = layers[before];
      const known = areas.get(before);
      const found = areaBefore(layers[place], input, area);
      areas.set(before, known ? joined(known, found) : found);
    }
  }
  return areas;
}

function areaBefore(layer, input, area) {
  if (layer.kind === "other") return { top: 0, bottom: input.height - 1, left: 0, right: input.width - 1 };
  const [top, bottom] = spanBefore(layer.window, 0, area.top, area.bottom, input.height);
  const [left, right] = spanBefore(layer.window, 1, area.left, area.right, input.width);
  return { top, bottom, left, right };
}

function spanBefore(window, axis, first, last, size) {
  const within = (at) => Math.max(0, Math.min(size - 1, at));
  if (!window) return [within(first), within(last)];
  const reach = (window.kernel[axis] - 1) * window.dilation[axis];
  const start = (at) => at * window.stride[axis] - window.padding[axis];
  return [within(start(first)), within(start(last) + reach)];
}

function joined(a, b) {
  return {
    top: Math.min(a.top, b.top),
    bottom: Math.max(a.bottom, b.bottom),
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
  };
}
