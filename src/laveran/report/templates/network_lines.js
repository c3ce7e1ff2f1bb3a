// The lines in space: how layers follow one another, and what belongs to the unit that is shown.

const FEEDERS_SHOWN = 6;
const BEAM = [0.208, 0.878, 0.784]; // what a unit sees, and its strongest way
const ADDS = [0.74, 0.63, 1];
const TAKES = [1, 0.66, 0.3];
const CURVE = 28; // pieces of a bent line
const SHELF = HIGHEST / 2 + 0.25; // below the middle of a row

function segment(from, to, colour, width) {
  return { from, to, colour, width };
}

function chain(points, colour, width) {
  return points.slice(1).map((point, at) => segment(points[at], point, colour, width));
}

function loop(points, colour, width) {
  return chain([...points, points[0]], colour, width);
}

// A cubic of Bezier.
function curve(a, b, c, d) {
  return Array.from({ length: CURVE + 1 }, (_, at) => {
    const t = at / CURVE;
    const [i, j, k, l] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    return a.map((value, axis) => i * value + j * b[axis] + k * c[axis] + l * d[axis]);
  });
}

// From each layer to those that take its maps: along the shelf to the next one, in an arc over
// those between, around the end of a row.
function flow(layers, grids, colour) {
  const foot = (grid) => [grid.x, grid.y - SHELF, 0];
  const top = (grid) => [grid.x, grid.y + grid.height / 2 + CARD_MARGIN, 0];
  const pale = [...colour.slice(0, 3), colour[3] / 3]; // long lines, that cross others
  const stems = grids.flatMap((grid) => segment([grid.x, grid.y - grid.height / 2 - CARD_MARGIN, 0], foot(grid), colour, 1.2));
  const ways = layers.flatMap((layer) => layer.inputs.flatMap((place) => {
    const [from, to] = [grids[place], grids[layer.place]];
    if (from.y !== to.y) {
      return chain(aroundTheEnd(foot(from), foot(to)), pale, 1.2);
    }
    if (layer.place === place + 1) return chain([foot(from), foot(to)], colour, 1.2);
    const [a, d] = [top(from), top(to)];
    const high = from.y + HIGHEST / 2 + 0.35 + 0.12 * (layer.place - place);
    const lean = 0.25 * (d[0] - a[0]);
    return chain(curve(a, [a[0] + lean, high, 0], [d[0] - lean, high, 0], d), colour, 1.2);
  }));
  return [...stems, ...ways];
}

// The map of a grid that a unit stands on: a cell's three colours are one picture.
function tileOf(grid, { map }) {
  return Math.min(map, grid.tiles - 1);
}

function areaOf({ row, column }) {
  return { top: row, bottom: row, left: column, right: column };
}

function middleOf(grid, unit) {
  return pointOf(grid, tileOf(grid, unit), unit.row + 0.5, unit.column + 0.5);
}

// The unit, the windows that feed it, what it sees of the cell, and the way of its strongest input.
function threads(grids, found, areas, path) {
  const { unit, terms, layer } = found;
  const paint = (opacity) => [...BEAM, opacity];
  const grid = grids[unit.place];
  const own = cornersOf(grid, tileOf(grid, unit), areaOf(unit));
  const map = cornersOf(grid, tileOf(grid, unit), { top: 0, left: 0, bottom: layer.height - 1, right: layer.width - 1 });
  const lines = [...loop(own, paint(1), 2.5), ...loop(map, paint(0.6), 1.2)];
  if (unit.place > 0) {
    const sight = cornersOf(grids[0], 0, areas.get(0));
    lines.push(...loop(sight, paint(1), 2), ...sight.map((corner, at) => segment(corner, own[at], paint(0.3), 1)));
  }
  const shown = terms.filter((each) => each.total !== 0).slice(0, FEEDERS_SHOWN);
  for (const each of shown) lines.push(...feeder(grids[each.place], each, own, Math.abs(each.total / shown[0].total)));
  path.slice(1).forEach((each, at) => lines.push(...way(grids, each, path[at], paint(0.9), 2)));
  return lines;
}

// The frame of a window that feeds a unit, and threads from its corners to those of the unit.
function feeder(grid, each, own, share) {
  const colour = [...(each.total > 0 ? ADDS : TAKES), 0.35 + 0.65 * share];
  const faint = [...colour.slice(0, 3), 0.15 + 0.5 * share];
  const area = windowArea(each);
  const corners = cornersOf(grid, tileOf(grid, each), area);
  const single = area.top === area.bottom && area.left === area.right;
  const ends = single ? [[corners[0], own[0]]] : corners.map((corner, at) => [corner, own[at]]);
  return [...loop(corners, colour, 1.5), ...ends.map(([from, to]) => segment(from, to, faint, 1.2))];
}

// From a unit to one that it feeds; bent around the end of a row.
function way(grids, from, to, colour, width) {
  const [a, d] = [middleOf(grids[from.place], from), middleOf(grids[to.place], to)];
  if (grids[from.place].y === grids[to.place].y) return [segment(a, d, colour, width)];
  return chain(aroundTheEnd(a, d), colour, width);
}

function aroundTheEnd(from, to) {
  const drop = (from[1] - to[1]) / 3;
  return curve(from, [from[0] + 5, from[1] - drop, from[2]], [to[0] - 5, to[1] + drop, to[2]], to);
}

// The part of a term's window that lies on the map.
function windowArea({ rows, columns }) {
  const [down, across] = [rows, columns].map((taps) => taps.filter((tap) => tap >= 0));
  return { top: Math.min(...down), bottom: Math.max(...down), left: Math.min(...across), right: Math.max(...across) };
}
