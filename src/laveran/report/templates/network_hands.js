// Mouse, touch and keyboard on the stage.

const CLICK_PX = 5;
const PER_PX = 0.006; // radians

function handle() {
  const pointers = new Map();
  let travelled = 0;
  const spot = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const unitUnder = (event) => picked(layers, state.grids, camera.ray(...spot(event)));

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, spot(event));
    part("tip").hidden = true;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      hover(event, unitUnder(event));
      return;
    }
    const [before, now] = [pointers.get(event.pointerId), spot(event)];
    const [x, y] = [now[0] - before[0], now[1] - before[1]];
    travelled += Math.abs(x) + Math.abs(y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (travelled <= CLICK_PX) return;
    steer(() => {
      if (other) pinch(other, before, now);
      else if (event.shiftKey || event.buttons & 6) camera.pan(x, y);
      else camera.turn(-x * PER_PX, y * PER_PX);
    });
  });
  canvas.addEventListener("pointerup", (event) => {
    const alone = pointers.size === 1;
    pointers.delete(event.pointerId);
    const unit = alone && event.button === 0 && travelled <= CLICK_PX ? unitUnder(event) : null;
    if (unit) select(unit);
  });
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => { part("tip").hidden = true; });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", (event) => {
    const unit = unitUnder(event);
    if (unit) flyTo(unit.place);
  });
  // the page scrolls until the stage is clicked: a picture must not catch a reader's wheel
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return;
    event.preventDefault();
    steer(() => camera.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), camera.ray(...spot(event))));
  }, { passive: false });
  canvas.addEventListener("keydown", pressed);
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    drawing.prepare();
    place();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", place);
  part("whole").onclick = () => flyTo(null);
  part("near").onclick = () => flyTo(state.unit.place);
  part("in").onclick = () => steer(() => camera.zoom(1.3));
  part("out").onclick = () => steer(() => camera.zoom(1 / 1.3));
}

// Two fingers: their distance zooms, their middle pans.
function pinch(other, before, now) {
  const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  camera.zoom(apart(other, now) / Math.max(1, apart(other, before)));
  camera.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}

function hover(event, unit) {
  const tip = part("tip");
  tip.hidden = !unit;
  canvas.style.cursor = unit ? "pointer" : "grab";
  if (!unit) return;
  const layer = layers[unit.place];
  const value = layer.kind === "cell" ? "" : `: ${number(layer.maps[layer.index(unit.map, unit.row, unit.column)])}`;
  tip.textContent = `${layer.short}, ${whereabouts(layer, unit)}${value}`;
  const box = stage.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  tip.style.left = `${Math.max(4, Math.min(x + 14, box.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y > 48 ? y - 40 : y + 20}px`;
}

const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = KEYS[event.key];
  if (direction && event.shiftKey) steer(() => camera.pan(-30 * direction[0], -30 * direction[1]));
  else if (direction) steer(() => camera.turn(0.08 * direction[0], -0.08 * direction[1]));
  else if (event.key === "+" || event.key === "=") steer(() => camera.zoom(1.15));
  else if (event.key === "-") steer(() => camera.zoom(1 / 1.15));
  else if (event.key === "0" || event.key === "Home") flyTo(null);
  else if (event.key === "Enter") flyTo(state.unit.place);
  else return;
  event.preventDefault();
}
