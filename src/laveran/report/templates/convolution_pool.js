
// Pooling: the lecture's example, which may be changed, and a map of the cell.

const pooling = { mode: "max", size: 2, stride: 2, row: 0, column: 0 };
const poolInputs = [...place("pool-in").querySelectorAll("input")];

function drawPool() {
  const side = lesson.pooled.length;
  const map = grid(side, side, (row, column) => Number(poolInputs[side * row + column].value) || 0);
  const output = pool(map, pooling.size, pooling.stride, pooling.mode);
  pooling.row = clamped(pooling.row, 0, output.length - 1);
  pooling.column = clamped(pooling.column, 0, output.length - 1);
  const [top, left] = [pooling.row * pooling.stride, pooling.column * pooling.stride];
  poolInputs.forEach((input, index) => {
    const [row, column] = [Math.floor(index / side), index % side];
    const looked = row >= top && row < top + pooling.size && column >= left && column < left + pooling.size;
    input.parentElement.className = looked ? "looked" : "";
  });
  fillTable(place("pool-out"), output, (row, column) =>
    (row === pooling.row && column === pooling.column ? "looked" : ""));
  place("pool-size").textContent =
    `\u230a(${side} \u2212 ${pooling.size}) / ${pooling.stride}\u230b + 1 = ${output.length}`;
  const edges = mapped(crossCorrelate(channels[GREEN], lesson.kernels.edges, 1, 1), relu);
  const small = pool(edges, pooling.size, pooling.stride, pooling.mode);
  paintSigned(place("pool-before"), edges);
  paintSigned(place("pool-after"), small, largest(edges));
  place("pool-sizes").textContent = `${edges.length} \u00d7 ${edges.length} \u2192 ${small.length} \u00d7 ${small.length}`;
}

function lookPool(row, column) {
  [pooling.row, pooling.column] = [Math.max(row, 0), Math.max(column, 0)];
  drawPool();
}

for (const [id, key, read] of [["pool-mode", "mode", String], ["pool-F", "size", Number], ["pool-S", "stride", Number]]) {
  choice(place(id), (value) => { pooling[key] = read(value); drawPool(); });
}
poolInputs.forEach((input) => input.addEventListener("input", drawPool));
for (const kind of ["pointerover", "pointerdown"]) {
  place("pool-out").addEventListener(kind, (event) => { if (under(event)) lookPool(...under(event)); });
}
steered(place("pool-out"), (rows, columns) => lookPool(pooling.row + rows, pooling.column + columns));
redraws.push(drawPool);
drawPool();
