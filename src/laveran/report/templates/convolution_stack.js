
// A stack of maps in, one map a filter out.

const stackView = { filter: 0, activation: false };
const filterButtons = [...place("filters").querySelectorAll("button")];

const through = ({ weights, bias, stride }) =>
  filtered(channels, weights, bias, stride, paddingWidth("same", weights[0].length));

const bend = (map) => (stackView.activation ? mapped(map, relu) : map);

function drawFilter() {
  const filter = lesson.filters[stackView.filter];
  const first = filter.weights[0];
  const strongest = Math.max(...filter.weights.map(largest));
  const parts = channels.map((map, channel) =>
    crossCorrelate(map, filter.weights[channel], filter.stride, paddingWidth("same", first.length)));
  const most = Math.max(...parts.map(largest));
  channels.forEach((map, channel) => {
    paintChannel(place(`plane-${channel}`), map, channel);
    paintSigned(place(`slice-${channel}`), filter.weights[channel], strongest);
    paintSigned(place(`part-${channel}`), parts[channel], most);
    place(`slice-${channel}`).title = filter.weights[channel].map((row) => row.map(number).join("  ")).join("\n");
  });
  const map = through(filter);
  paintSigned(place("stack-map"), bend(map));
  const { length } = first;
  place("stack-tells").textContent =
    `${filter.name}: 3 kernels of ${length} \u00d7 ${length}, one a channel, at stride ${filter.stride}; ` +
    `bias ${number(filter.bias)}. Their three maps and the bias are added to one map of ` +
    `${map.length} \u00d7 ${map.length}. Weights: ${length} \u00d7 ${length} \u00d7 3 + 1 = ${length * length * 3 + 1}.`;
  filterButtons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === stackView.filter)));
}

function drawStack() {
  filterButtons.forEach((button, index) => {
    paintSigned(button.querySelector("canvas"), bend(through(lesson.filters[index])));
  });
  drawFilter();
}

filterButtons.forEach((button, index) => button.addEventListener("click", () => {
  stackView.filter = index;
  drawFilter();
}));
place("stack-relu").addEventListener("change", (event) => {
  stackView.activation = event.target.checked;
  drawStack();
});
place("count").addEventListener("input", () => {
  const [filters, kernel, maps] = ["K", "F", "C"].map((id) => Math.max(1, Math.round(Number(place(`count-${id}`).value) || 1)));
  place("count-sum").textContent =
    `${filters} \u00d7 (${kernel} \u00d7 ${kernel} \u00d7 ${maps} + 1) = ${(filters * (kernel * kernel * maps + 1)).toLocaleString("en")}`;
});
redraws.push(drawStack);
stackView.filter = lesson.filters.findIndex((filter) => filter.name === "purple chromatin");
drawStack();
