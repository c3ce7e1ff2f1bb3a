// The eye: it turns about a point, always on the side from which the cell enters.

const OPENING = 20 * Math.PI / 180; // of the view, up and down
const TURNS = { yaw: [-1.35, 1.35], pitch: [-0.6, 1.35] };

class Camera {
  target = [0, 0, 0];
  distance = 20;
  yaw = 0.9;
  pitch = 0.2;
  width = 1;
  height = 1;

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  // Right, up and forward, each of length 1.
  get axes() {
    const [sy, cy, sp, cp] = [Math.sin(this.yaw), Math.cos(this.yaw), Math.sin(this.pitch), Math.cos(this.pitch)];
    return { right: [sy, 0, cy], up: [sp * cy, cp, -sp * sy], forward: [cp * cy, -sp, -cp * sy] };
  }

  get eye() {
    const { forward } = this.axes;
    return this.target.map((value, axis) => value - this.distance * forward[axis]);
  }

  get slopes() {
    const up = Math.tan(OPENING / 2);
    return [up * this.width / this.height, up];
  }

  turn(yaw, pitch) {
    const within = (value, [least, most]) => Math.max(least, Math.min(most, value));
    this.yaw = within(this.yaw + yaw, TURNS.yaw);
    this.pitch = within(this.pitch + pitch, TURNS.pitch);
  }

  // Move by pixels of the view.
  pan(x, y) {
    const { right, up } = this.axes;
    const scale = 2 * this.distance * this.slopes[1] / this.height;
    this.target = this.target.map((value, axis) => value - x * scale * right[axis] + y * scale * up[axis]);
  }

  // Come nearer by a factor, towards a ray's direction.
  zoom(factor, ray = null) {
    const before = this.distance;
    this.distance = Math.max(1.2, Math.min(400, before / factor));
    if (!ray) return;
    const { forward } = this.axes;
    const depth = dot(ray.along, forward);
    const share = before - this.distance;
    this.target = this.target.map((value, axis) => value + share * (ray.along[axis] / depth - forward[axis]));
  }

  // The pose from which all points are in view, as large and as much in the middle as can be.
  fitted(points, margin = 0.06) {
    const before = this.pose;
    this.target = [0, 1, 2].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    this.distance = 1000;
    for (let round = 0; round < 8; round += 1) {
      const spots = points.map((point) => this.project(point));
      const ends = ["x", "y"].map((axis) => spots.map((spot) => spot[axis]));
      const [left, top] = ends.map((values) => Math.min(...values));
      const [right, bottom] = ends.map((values) => Math.max(...values));
      this.pan((this.width - left - right) / 2, (this.height - top - bottom) / 2);
      this.distance *= Math.max((right - left) / this.width, (bottom - top) / this.height) / (1 - margin);
    }
    const pose = this.pose;
    this.pose = before;
    return pose;
  }

  get pose() {
    return { target: [...this.target], distance: this.distance, yaw: this.yaw, pitch: this.pitch };
  }

  set pose(pose) {
    Object.assign(this, pose);
  }

  // Column by column, from space to the clip volume.
  get matrix() {
    const { right, up, forward } = this.axes;
    const [x, y] = this.slopes.map((slope) => 1 / slope);
    const eye = this.eye;
    const [near, far] = [Math.max(0.05, this.distance / 100), 2000]; // a card lies close behind its maps
    const depth = (far + near) / (far - near);
    const row = (axis, scale) => [...axis.map((value) => value * scale), -dot(axis, eye) * scale];
    const w = row(forward, 1);
    const rows = [row(right, x), row(up, y), [...forward.map((value) => value * depth), w[3] * depth - 2 * far * near / (far - near)], w];
    return Float32Array.from({ length: 16 }, (_, at) => rows[at % 4][Math.floor(at / 4)]);
  }

  // Where a point is seen, in pixels of the view; null behind the eye.
  project(point) {
    const { right, up, forward } = this.axes;
    const from = point.map((value, axis) => value - this.eye[axis]);
    const depth = dot(from, forward);
    if (depth < 0.05) return null;
    const [x, y] = this.slopes;
    return {
      x: this.width * (0.5 + dot(from, right) / depth / x / 2),
      y: this.height * (0.5 - dot(from, up) / depth / y / 2),
      depth,
    };
  }

  // The ray through a pixel of the view.
  ray(x, y) {
    const { right, up, forward } = this.axes;
    const [across, upwards] = [(2 * x / this.width - 1) * this.slopes[0], (1 - 2 * y / this.height) * this.slopes[1]];
    return { from: this.eye, along: forward.map((value, axis) => value + across * right[axis] + upwards * up[axis]) };
  }
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// The pose a share of the way between two; distances grow by factors.
function between(from, to, share) {
  const mix = (a, b) => a + (b - a) * share;
  return {
    target: from.target.map((value, axis) => mix(value, to.target[axis])),
    distance: Math.exp(mix(Math.log(from.distance), Math.log(to.distance))),
    yaw: mix(from.yaw, to.yaw),
    pitch: mix(from.pitch, to.pitch),
  };
}
