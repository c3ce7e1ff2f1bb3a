// Where the layers stand: each a grid of maps in a plane across the x axis, in rows like lines of
// text, so that a deep network fills the view instead of running out of it.

const FULL_SIDE = 3; // of the cell and of other single maps
const HIGHEST = 3.3; // of a grid
const GAP = 0.12; // between maps, of a map's side
const BETWEEN_ROWS = 1.5;

// The grid of one layer around a centre that is set later. Maps shrink with the square root of
// their size: a map of a quarter of the units is half as wide.
function gridOf(layer, size) {
  const single = layer.kind === "cell" || layer.count === 1;
  const tiles = single ? 1 : layer.count;
  const columns = Math.ceil(Math.sqrt(tiles));
  const rows = Math.ceil(tiles / columns);
  const longer = Math.max(layer.height, layer.width);
  let side = Math.sqrt(longer / size);
  if (single) side = longer === 1 ? 0.8 : FULL_SIDE;
  side *= Math.min(1, HIGHEST / (columns * side * (1 + GAP)));
  const unit = side / longer;
  const pitch = side * (1 + GAP);
  const width = (columns - 1) * pitch + layer.width * unit;
  const height = (rows - 1) * pitch + layer.height * unit;
  return { place: layer.place, tiles, columns, rows, unit, pitch, width, height, x: 0, y: 0 };
}

// The grids of all layers, in as many rows as make them largest in a view of this aspect.
function arranged(layers, size, aspect, yaw) {
  const grids = layers.map((layer) => gridOf(layer, size));
  let best = null;
  for (let count = 1; count <= layers.length; count += 1) {
    const rows = inRows(grids, count);
    const across = Math.max(...rows.map(lengthOf)) * Math.sin(yaw) + HIGHEST * Math.cos(yaw);
    const scale = Math.min(aspect / across, 1 / (rows.length * (HIGHEST + BETWEEN_ROWS)));
    if (!best || scale > best.scale) best = { scale, rows };
  }
  best.rows.forEach((row, line) => stand(row, line - (best.rows.length - 1) / 2));
  return grids;
}

function advance(before, after) {
  return 0.8 * (before.width + after.width) + 0.5;
}

function lengthOf(row) {
  return row.slice(1).reduce((length, grid, at) => length + advance(row[at], grid), 0);
}

function inRows(grids, count) {
  const most = lengthOf(grids) / count;
  const rows = [[grids[0]]];
  for (const grid of grids.slice(1)) {
    const row = rows.at(-1);
    if (lengthOf([...row, grid]) > most && rows.length < count) rows.push([grid]);
    else row.push(grid);
  }
  return rows;
}

function stand(row, line) {
  let x = -lengthOf(row) / 2;
  row.forEach((grid, at) => {
    if (at > 0) x += advance(row[at - 1], grid);
    grid.x = x;
    grid.y = -line * (HIGHEST + BETWEEN_ROWS);
  });
}

// A point of a map, in units from its upper left corner.
function pointOf(grid, tile, row, column) {
  const y = grid.y + grid.height / 2 - Math.floor(tile / grid.columns) * grid.pitch - row * grid.unit;
  const z = (tile % grid.columns) * grid.pitch + column * grid.unit - grid.width / 2;
  return [grid.x, y, z];
}

// The corners of an area of a map, clockwise; rows and columns are the first and the last.
function cornersOf(grid, tile, { top, bottom, left, right }) {
  return [[top, left], [top, right + 1], [bottom + 1, right + 1], [bottom + 1, left]]
    .map(([row, column]) => pointOf(grid, tile, row, column));
}

// All corners of the box that holds some grids.
function boxOf(grids) {
  const ends = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = ends(grids.map((grid) => grid.x));
  const [low, high] = ends(grids.flatMap((grid) => [grid.y - grid.height / 2, grid.y + grid.height / 2]));
  const [far, near] = ends(grids.flatMap((grid) => [-grid.width / 2, grid.width / 2]));
  return [left, right].flatMap((x) => [low, high].flatMap((y) => [far, near].map((z) => [x, y, z])));
}

// The grid that a ray meets first, how far along it, and where; null where it meets none.
function met(grids, { from, along }) {
  let first = null;
  for (const grid of grids) {
    const distance = (grid.x - from[0]) / along[0];
    if (!(distance > 0 && distance < (first?.distance ?? Infinity))) continue;
    const down = grid.y + grid.height / 2 - (from[1] + distance * along[1]);
    const right = from[2] + distance * along[2] + grid.width / 2;
    const inside = down >= 0 && right >= 0 && down <= grid.height && right <= grid.width;
    if (inside) first = { grid, distance, down, right };
  }
  return first;
}

// The unit that a ray meets first; null where it meets no map.
function picked(layers, grids, ray) {
  const first = met(grids, ray);
  return first && unitAt(layers[first.grid.place], first.grid, first.down, first.right);
}

// The unit at a place on a grid; null between maps.
function unitAt(layer, grid, down, right) {
  const [tileRow, tileColumn] = [Math.floor(down / grid.pitch), Math.floor(right / grid.pitch)];
  const map = tileRow * grid.columns + tileColumn;
  const row = Math.floor((down - tileRow * grid.pitch) / grid.unit);
  const column = Math.floor((right - tileColumn * grid.pitch) / grid.unit);
  const inside = map < grid.tiles && row < layer.height && column < layer.width;
  return inside ? { place: layer.place, map, row, column } : null;
}
