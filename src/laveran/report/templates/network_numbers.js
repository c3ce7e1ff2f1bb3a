"use strict";

// The network's own numbers, as the page was given them; unpacked when they are first asked for.

const HALVES = halves();

// What each of the 65,536 16-bit floats is worth.
function halves() {
  const values = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    values[bits] = bits & 32768 ? -size : size;
  }
  return values;
}

function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return bytes;
}

function unpacked({ kind, scale, data }) {
  const { buffer } = bytesOf(data);
  const levels = kind === "half" ? new Uint16Array(buffer) : new Int8Array(buffer);
  const values = new Float32Array(levels.length);
  if (kind === "half") {
    for (let at = 0; at < levels.length; at += 1) values[at] = HALVES[levels[at]] * scale;
  } else {
    const row = levels.length / scale.length;
    for (let at = 0; at < levels.length; at += 1) values[at] = levels[at] * scale[Math.floor(at / row)] / 127;
  }
  return values;
}

class Layer {
  #packed;
  #unpacked = new Map();

  constructor(told, place) {
    this.place = place;
    [this.count, this.height, this.width] = told.shape;
    for (const name of ["name", "title", "short", "kind", "operation", "inputs", "window", "fan", "activation"]) {
      this[name] = told[name];
    }
    this.#packed = told;
  }

  #numbers(name) {
    if (!this.#unpacked.has(name)) {
      const packed = this.#packed[name];
      this.#unpacked.set(name, packed && unpacked(packed));
    }
    return this.#unpacked.get(name);
  }

  get maps() { return this.#numbers("maps"); }
  get before() { return this.#numbers("before"); }
  get weights() { return this.#numbers("weights"); }
  get bias() { return this.#numbers("bias"); }

  // Where the unit of a map lies among `maps` and `before`.
  index(map, row, column) { return (map * this.height + row) * this.width + column; }

  // What is painted at full strength: the 99th percentile of the absolute values above 0, so that
  // a single peak does not darken the rest.
  get strength() {
    if (!this.#unpacked.has("strength")) {
      const sizes = this.maps.map(Math.abs).filter((size) => size > 0).sort();
      this.#unpacked.set("strength", sizes[Math.floor(0.99 * (sizes.length - 1))] ?? 1);
    }
    return this.#unpacked.get("strength");
  }

  // The unit of the largest absolute value in one map.
  peak(map) {
    const size = this.height * this.width;
    let best = 0;
    for (let at = 1; at < size; at += 1) {
      if (Math.abs(this.maps[map * size + at]) > Math.abs(this.maps[map * size + best])) best = at;
    }
    return { place: this.place, map, row: Math.floor(best / this.width), column: best % this.width };
  }
}

// The colour of a share of full strength, -1 to 1: its place in the ramp.
function shade(share) {
  return Math.round(127 + 127 * Math.max(-1, Math.min(1, share)));
}

// Colours as one number a pixel, as pictures hold them, from red, green and blue in bytes.
function pixelsOf(bytes) {
  const pixels = new Uint8Array(bytes.length / 3 * 4).fill(255);
  for (let at = 0; at < bytes.length; at += 1) pixels[Math.floor(at / 3) * 4 + at % 3] = bytes[at];
  return new Uint32Array(pixels.buffer);
}

// A number as it is told: three digits, a true minus.
function number(value) {
  const size = Math.abs(value);
  const text = size >= 1000 ? size.toFixed(0) : String(Number(size.toPrecision(3)));
  return (value < 0 && Number(text) !== 0 ? "\u2212" : "") + text;
}
