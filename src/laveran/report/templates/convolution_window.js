
// One window, one number: the crop, the kernel, the output; and the same on the whole cell.

const F = 3;
const GREEN = 1;
const view = {
  kernel: lesson.kernels[lesson.firstKernel], operation: "correlation", padding: "none", stride: 1,
  row: 0, column: 0, top: lesson.crop[0], left: lesson.crop[1], activation: "relu", alpha: 1,
};
const kernelInputs = [...place("kernel").querySelectorAll("input")];

const asUsed = () => (view.operation === "convolution" ? flipped(view.kernel) : view.kernel);

function drawWindow() {
  const kernel = asUsed();
  const width = paddingWidth(view.padding, F);
  const crop = grid(lesson.cropSide, lesson.cropSide, (row, column) => channels[GREEN][view.top + row][view.left + column]);
  const around = padded(crop, width);
  const output = crossCorrelate(crop, kernel, view.stride, width);
  view.row = clamped(view.row, 0, output.length - 1);
  view.column = clamped(view.column, 0, output.length - 1);
  const [top, left] = [view.row * view.stride, view.column * view.stride];
  const within = (row, column) => row >= top && row < top + F && column >= left && column < left + F;
  const beyond = (row, column) => Math.min(row, column) < width || Math.max(row, column) >= around.length - width;
  fillTable(place("numbers"), around, (row, column) =>
    `${beyond(row, column) ? "beyond" : ""} ${within(row, column) ? "framed-number" : ""}`);
  shadeTable(place("numbers"), around, beyond);
  fillTable(place("output"), output, (row, column) =>
    (row === view.row && column === view.column ? "looked" : ""));
  fillTable(place("used"), kernel);
  const values = grid(F, F, (row, column) => around[top + row][left + column]);
  tellSum(values, kernel, output);
  tellSize(output.length, width);
}

function tellSum(values, kernel, output) {
  const sum = output[view.row][view.column];
  fillTable(place("products"), grid(F, F, (row, column) => values[row][column] * kernel[row][column]));
  const terms = values.flatMap((row, y) => row.map((value, x) => `${number(value)}\u00b7${bracketed(kernel[y][x])}`));
  place("sum").textContent = `y(${view.row + 1}, ${view.column + 1}) = ${terms.join(" + ")} = ${number(sum)}`;
  place("result").textContent = number(sum);
}

const bracketed = (value) => (value < 0 ? `(${number(value)})` : number(value));

function tellSize(size, width) {
  const n = lesson.cropSide;
  place("size").textContent =
    `\u230a(n + 2p \u2212 F) / S\u230b + 1 = \u230a(${n} + 2\u00b7${width} \u2212 ${F}) / ${view.stride}\u230b + 1 = ${size}`;
  place("visits").textContent = {
    none: "No padding: only whole windows. The numbers at the corners are used once at stride 1, those in the middle nine times.",
    same: "Same: so many zeros that at stride 1 the map keeps its size. Only corners and edges are used less often.",
    full: "Full: every window that touches the picture, so that each number is used as often as any other, and the map grows.",
  }[view.padding];
}

function activated(map) {
  // a response of the largest weight to full white is drawn out to 4, so that the bend is seen
  const most = largest(map) || 1;
  const scaled = mapped(map, (value) => (4 * value) / most);
  if (view.activation === "relu") return mapped(scaled, relu);
  if (view.activation === "elu") return mapped(scaled, (value) => elu(value, view.alpha));
  return scaled;
}

function drawCell() {
  const width = paddingWidth(view.padding, F);
  const map = crossCorrelate(channels[GREEN], asUsed(), view.stride, width);
  const other = crossCorrelate(channels[GREEN], flipped(asUsed()), view.stride, width);
  const apart = largest(map.map((row, y) => row.map((value, x) => value - other[y][x])));
  paintGrey(place("cell"), channels[GREEN]);
  paintSigned(place("map"), map);
  paintSigned(place("bent"), activated(map), 4);
  place("map-size").textContent = `${map.length} \u00d7 ${map.length}`;
  const negative = map.flat().filter((value) => value < 0).length / (map.length * map[0].length);
  place("negative").textContent = `${Math.round(100 * negative)}% of the map is below 0`;
  place("apart").textContent = apart < 1e-9
    ? "This kernel is the same after half a turn: convolution and cross-correlation agree everywhere."
    : `This kernel changes by half a turn: convolution and cross-correlation differ by up to ${number(apart)} on this cell.`;
  const frame = place("frame").style;
  const share = (units) => `${(100 * units) / lesson.side}%`;
  [frame.top, frame.left] = [share(view.top), share(view.left)];
  [frame.width, frame.height] = [share(lesson.cropSide), share(lesson.cropSide)];
}

function drawCurve() {
  const at = (x, y) => `${(20 + (x + 4) * 25).toFixed(1)},${(115 - y * 25).toFixed(1)}`;
  const xs = Array.from({ length: 81 }, (_, index) => -4 + index / 10);
  place("relu-curve").setAttribute("points", xs.map((x) => at(x, relu(x))).join(" "));
  place("elu-curve").setAttribute("points", xs.map((x) => at(x, elu(x, view.alpha))).join(" "));
  place("alpha-now").textContent = view.alpha.toFixed(1);
}

function drawAll() {
  drawWindow();
  drawCell();
}

function setKernel(name) {
  view.kernel = lesson.kernels[name].map((row) => [...row]);
  kernelInputs.forEach((input, index) => { input.value = String(Math.round(view.kernel.flat()[index] * 1e4) / 1e4); });
  drawAll();
}

function readKernel() {
  view.kernel = grid(F, F, (row, column) => Number(kernelInputs[F * row + column].value) || 0);
  press(place("kernels"), "");
  drawAll();
}

function look(row, column) {
  [view.row, view.column] = [row, column];
  drawWindow();
}

// The window whose middle is at a number of the padded crop, as far as strides allow.
function lookAround([row, column]) {
  const window = (middle) => Math.round((middle - 1) / view.stride);
  look(Math.max(window(row), 0), Math.max(window(column), 0));
}

function moveCrop(top, left) {
  const last = lesson.side - lesson.cropSide;
  [view.top, view.left] = [clamped(top, 0, last), clamped(left, 0, last)];
  drawAll();
}

let walk = 0;
function toggleWalk() {
  if (walk) {
    clearInterval(walk);
    walk = 0;
  } else {
    walk = setInterval(() => {
      const side = place("output").rows.length;
      const next = (view.row * side + view.column + 1) % (side * side);
      look(Math.floor(next / side), next % side);
    }, 600);
  }
  place("walk").textContent = walk ? "Stop" : "Let it walk";
}

choice(place("kernels"), setKernel);
choice(place("operation"), (value) => { view.operation = value; drawAll(); });
choice(place("padding"), (value) => { view.padding = value; drawAll(); });
choice(place("stride"), (value) => { view.stride = Number(value); drawAll(); });
choice(place("activation"), (value) => { view.activation = value; drawCell(); });
kernelInputs.forEach((input) => input.addEventListener("input", readKernel));
place("alpha").addEventListener("input", (event) => {
  view.alpha = Number(event.target.value);
  drawCurve();
  drawCell();
});
place("walk").addEventListener("click", toggleWalk);
for (const [id, go] of [["numbers", lookAround], ["output", ([row, column]) => look(row, column)]]) {
  for (const kind of ["pointerover", "pointerdown"]) {
    place(id).addEventListener(kind, (event) => { if (under(event)) go(under(event)); });
  }
  steered(place(id), (rows, columns) => look(Math.max(view.row + rows, 0), Math.max(view.column + columns, 0)));
}
const half = Math.floor(lesson.cropSide / 2);
place("cell").addEventListener("pointerdown", (event) => {
  const [row, column] = under(event);
  moveCrop(row - half, column - half);
});
steered(place("cell"), (rows, columns) => moveCrop(view.top + rows, view.left + columns));
redraws.push(drawAll);
setKernel(lesson.firstKernel);
drawCurve();
