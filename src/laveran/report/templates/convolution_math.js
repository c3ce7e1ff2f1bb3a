"use strict";

// What a convolutional layer does. A map is an array of rows, a stack an array of maps.

// floor((n + 2p - F) / S) + 1
const outputSize = (size, kernel, stride, padding) =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

const paddingWidth = (way, kernel) => ({ none: 0, same: (kernel - 1) / 2, full: kernel - 1 })[way];

const grid = (height, width, value) =>
  Array.from({ length: height }, (_, row) => Array.from({ length: width }, (__, column) => value(row, column)));

const mapped = (map, change) => map.map((row) => row.map(change));

const flipped = (kernel) => [...kernel].reverse().map((row) => [...row].reverse());

const padded = (map, width) =>
  grid(map.length + 2 * width, map[0].length + 2 * width, (row, column) => map[row - width]?.[column - width] ?? 0);

// The sum of products of a kernel and the window whose first unit is at (top, left).
function windowSum(map, kernel, top, left) {
  let sum = 0;
  for (let row = 0; row < kernel.length; row += 1) {
    for (let column = 0; column < kernel.length; column += 1) {
      sum += map[top + row][left + column] * kernel[row][column];
    }
  }
  return sum;
}

function crossCorrelate(map, kernel, stride, padding) {
  const around = padded(map, padding);
  const side = (size) => outputSize(size, kernel.length, stride, padding);
  return grid(side(map.length), side(map[0].length), (row, column) =>
    windowSum(around, kernel, row * stride, column * stride));
}

const convolve = (map, kernel, stride, padding) => crossCorrelate(map, flipped(kernel), stride, padding);

// One filter: a kernel for each map of the stack, their sums, and a bias.
function filtered(stack, kernels, bias, stride, padding) {
  const parts = stack.map((map, channel) => crossCorrelate(map, kernels[channel], stride, padding));
  return grid(parts[0].length, parts[0][0].length, (row, column) =>
    parts.reduce((sum, part) => sum + part[row][column], bias));
}

function pool(map, size, stride, mode) {
  const side = (length) => outputSize(length, size, stride, 0);
  return grid(side(map.length), side(map[0].length), (row, column) => {
    const values = grid(size, size, (down, right) => map[row * stride + down][column * stride + right]).flat();
    return mode === "max" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

const relu = (value) => Math.max(0, value);
const elu = (value, alpha) => (value >= 0 ? value : alpha * Math.expm1(value));

// For whoever wants to check the page's arithmetic from outside.
globalThis.convolutionMath = {
  outputSize, paddingWidth, flipped, padded, crossCorrelate, convolve, filtered, pool, relu, elu, mapped,
};
