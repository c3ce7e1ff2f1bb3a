// The picture: all maps from one texture in one call, all lines in three.

const ATLAS_WIDTH = 2048;
const CARD_MARGIN = 0.09;
const SOLID = 4; // side of the texture's corner that holds the colour of the cards

const MAP_VERTEX = `#version 300 es
uniform mat4 view;
in vec3 place;
in vec2 texel;
in float light;
out vec2 at;
out float lit;
out float depth;
void main() {
  gl_Position = view * vec4(place, 1.0);
  at = texel;
  lit = light;
  depth = gl_Position.w;
}`;

// What is of no matter for the unit that is shown goes dark; what lies farther away pales.
const MAP_FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D atlas;
uniform vec3 backdrop;
uniform vec2 depths;
in vec2 at;
in float lit;
in float depth;
out vec4 colour;
void main() {
  float far = clamp((depth - depths.x) / (depths.y - depths.x), 0.0, 1.0);
  colour = vec4(mix(texture(atlas, at).rgb * lit, backdrop, 0.15 * far), 1.0);
}`;

// A line is a quad as wide as asked for on the screen; what lies behind the eye is cut off.
const LINE_VERTEX = `#version 300 es
uniform mat4 view;
uniform vec2 pixels;
uniform float halo;
in vec3 start;
in vec3 end;
in vec2 corner;
in vec4 paint;
in float thickness;
out vec4 ink;
void main() {
  vec4 a = view * vec4(start, 1.0);
  vec4 b = view * vec4(end, 1.0);
  float near = 0.1;
  if (a.w < near) a = mix(a, b, clamp((near - a.w) / (b.w - a.w), 0.0, 1.0));
  if (b.w < near) b = mix(b, a, clamp((near - b.w) / (a.w - b.w), 0.0, 1.0));
  vec2 along = (b.xy / b.w - a.xy / a.w) * pixels;
  vec2 unit = length(along) > 0.0001 ? normalize(along) : vec2(1.0, 0.0);
  float wide = 0.5 * (thickness + halo);
  float cap = step(0.9, paint.a); // where faint lines met, they would show a dot
  vec2 outwards = wide * (corner.y * vec2(-unit.y, unit.x) + cap * (2.0 * corner.x - 1.0) * unit);
  vec4 point = mix(a, b, corner.x);
  gl_Position = vec4(point.xy + 2.0 * outwards / pixels * point.w, point.z - 0.0005 * point.w, point.w);
  ink = paint;
}`;

const LINE_FRAGMENT = `#version 300 es
precision mediump float;
uniform vec4 tint;
uniform float opacity;
in vec4 ink;
out vec4 colour;
void main() {
  float alpha = ink.a * opacity * mix(1.0, ink.a, tint.a); // the dark edge of a faint line is fainter
  colour = vec4(mix(ink.rgb, tint.rgb, tint.a) * alpha, alpha);
}`;

// Draws the layers on a canvas; throws where the browser gives no WebGL 2.
class Drawing {
  constructor(canvas, layers, palette) {
    this.gl = canvas.getContext("webgl2", { antialias: true, alpha: false });
    if (!this.gl) throw new Error("this browser draws no WebGL 2");
    this.canvas = canvas;
    this.layers = layers;
    this.atlas = atlasOf(layers, palette, this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE));
    this.prepare();
  }

  // All that the graphics card holds; asked again when it was lost.
  prepare() {
    const { gl } = this;
    this.maps = programOf(gl, MAP_VERTEX, MAP_FRAGMENT);
    this.lines = programOf(gl, LINE_VERTEX, LINE_FRAGMENT);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, this.atlas.width, this.atlas.height, 0, gl.RGBA, gl.UNSIGNED_BYTE, this.atlas.pixels);
    const { TEXTURE_2D, CLAMP_TO_EDGE } = gl;
    gl.texParameteri(TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(TEXTURE_2D, gl.TEXTURE_WRAP_S, CLAMP_TO_EDGE);
    gl.texParameteri(TEXTURE_2D, gl.TEXTURE_WRAP_T, CLAMP_TO_EDGE);
    this.mapArray = gl.createVertexArray();
    this.lineArray = gl.createVertexArray();
    this.buffers = new Map(["place", "texel", "light", "maps", "line", "lines"].map((name) => [name, gl.createBuffer()]));
    gl.enable(gl.DEPTH_TEST);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.indices = 0;
    this.segments = 0;
  }

  // Stand the maps where the grids are.
  place(grids) {
    const quads = grids.flatMap((grid) => quadsOf(grid, this.layers[grid.place], this.atlas));
    const { gl } = this;
    gl.bindVertexArray(this.mapArray);
    this.fill("place", this.maps, 3, Float32Array.from(quads.flatMap((quad) => quad.places.flat())));
    this.fill("texel", this.maps, 2, Float32Array.from(quads.flatMap((quad) => quad.texels)));
    this.owners = quads.map(({ place, map }) => ({ place, map }));
    this.indices = 6 * quads.length;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.get("maps"));
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, quadIndices(quads.length), gl.STATIC_DRAW);
    this.light(() => 1);
  }

  // How bright each map is, 0 to 1; a card is map -1.
  light(brightness) {
    const levels = new Uint8Array(4 * this.owners.length);
    this.owners.forEach((owner, at) => levels.fill(Math.round(255 * brightness(owner.place, owner.map)), 4 * at, 4 * at + 4));
    const { gl } = this;
    gl.bindVertexArray(this.mapArray);
    this.fill("light", this.maps, 1, levels, gl.UNSIGNED_BYTE);
  }

  // Lines as { from, to, colour: [r, g, b, a] in 0..1, width in pixels }.
  string(segments) {
    const { gl } = this;
    const stride = 13;
    const values = new Float32Array(4 * stride * segments.length);
    segments.forEach(({ from, to, colour, width }, at) => {
      [[0, 1], [0, -1], [1, -1], [1, 1]].forEach((corner, k) => {
        values.set([...from, ...to, ...corner, ...colour, width], (4 * at + k) * stride);
      });
    });
    gl.bindVertexArray(this.lineArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.get("line"));
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    let offset = 0;
    for (const [name, size] of [["start", 3], ["end", 3], ["corner", 2], ["paint", 4], ["thickness", 1]]) {
      const location = gl.getAttribLocation(this.lines.program, name);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, 4 * stride, 4 * offset);
      offset += size;
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.get("lines"));
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, quadIndices(segments.length), gl.DYNAMIC_DRAW);
    this.segments = segments.length;
  }

  fill(name, { program }, size, values, type = this.gl.FLOAT) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.get(name));
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    const location = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, type, type !== gl.FLOAT, 0, 0);
  }

  // One frame. `depths` are the nearest and the farthest of what is shown, `ratio` pixels of the
  // screen to one of the page.
  draw({ matrix, backdrop, depths, ratio }) {
    const { gl, canvas, maps } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...backdrop, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(maps.program);
    gl.uniformMatrix4fv(maps.at("view"), false, matrix);
    gl.uniform3fv(maps.at("backdrop"), backdrop);
    gl.uniform2fv(maps.at("depths"), depths);
    gl.bindVertexArray(this.mapArray);
    gl.drawElements(gl.TRIANGLES, this.indices, gl.UNSIGNED_INT, 0);
    if (this.segments) this.drawLines(matrix, ratio);
  }

  // Lines shine faintly through what stands before them; a dark edge sets them off from any map.
  drawLines(matrix, ratio) {
    const { gl, canvas, lines } = this;
    gl.useProgram(lines.program);
    gl.uniformMatrix4fv(lines.at("view"), false, matrix);
    gl.uniform2f(lines.at("pixels"), canvas.width / ratio, canvas.height / ratio);
    gl.bindVertexArray(this.lineArray);
    gl.enable(gl.BLEND);
    gl.depthMask(false);
    const pass = (opacity, halo, tint) => {
      gl.uniform1f(lines.at("opacity"), opacity);
      gl.uniform1f(lines.at("halo"), halo);
      gl.uniform4f(lines.at("tint"), ...tint);
      gl.drawElements(gl.TRIANGLES, 6 * this.segments, gl.UNSIGNED_INT, 0);
    };
    gl.disable(gl.DEPTH_TEST);
    pass(0.3, 0, [0, 0, 0, 0]);
    gl.enable(gl.DEPTH_TEST);
    pass(0.8, 2, [0.04, 0.03, 0.06, 1]);
    pass(1, 0, [0, 0, 0, 0]);
    gl.depthMask(true);
    gl.disable(gl.BLEND);
  }
}

function programOf(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the shaders do not compile: ${gl.getProgramInfoLog(program)}`);
  }
  const uniforms = new Map();
  const at = (name) => {
    if (!uniforms.has(name)) uniforms.set(name, gl.getUniformLocation(program, name));
    return uniforms.get(name);
  };
  return { program, at };
}

function quadIndices(count) {
  const indices = new Uint32Array(6 * count);
  for (let quad = 0; quad < count; quad += 1) {
    indices.set([0, 1, 2, 0, 2, 3].map((corner) => 4 * quad + corner), 6 * quad);
  }
  return indices;
}

// All maps, coloured, in one picture: shelf upon shelf. `spots` holds for each layer the upper left
// corner of every map.
function atlasOf(layers, palette, largest) {
  const width = Math.min(ATLAS_WIDTH, largest);
  const spots = [];
  let [x, y, tall] = [SOLID, 0, SOLID];
  for (const layer of layers) {
    const tiles = layer.kind === "cell" ? 1 : layer.count;
    spots.push(Array.from({ length: tiles }, () => {
      if (x + layer.width > width) [x, y, tall] = [0, y + tall, 0];
      const spot = [x, y];
      x += layer.width;
      tall = Math.max(tall, layer.height);
      return spot;
    }));
  }
  const height = y + tall;
  if (height > largest) throw new Error("the maps are more than this graphics card can hold");
  const pixels = new Uint32Array(width * height);
  for (let row = 0; row < SOLID; row += 1) pixels.fill(palette.card, row * width, row * width + SOLID);
  layers.forEach((layer, place) => spots[place].forEach(([left, top], map) => (
    paintMap(layer, map, palette, pixels, width, left, top)
  )));
  return { width, height, pixels: new Uint8Array(pixels.buffer), spots };
}

// Put a map into a picture of pixels; of the cell its own picture.
function paintMap(layer, map, { ramp, picture }, pixels, width, left, top) {
  const { maps, strength } = layer;
  for (let row = 0; row < layer.height; row += 1) {
    const to = (top + row) * width + left;
    const from = layer.index(map, row, 0);
    for (let column = 0; column < layer.width; column += 1) {
      pixels[to + column] = layer.kind === "cell" ? picture[from + column] : ramp[shade(maps[from + column] / strength)];
    }
  }
}

// The quads of a layer: a card, and before it the maps.
function quadsOf(grid, layer, atlas) {
  const middle = SOLID / 2;
  const solid = [middle / atlas.width, middle / atlas.height];
  const [up, across] = [grid.height / 2 + CARD_MARGIN, grid.width / 2 + CARD_MARGIN];
  const card = [[up, -across], [up, across], [-up, across], [-up, -across]]
    .map(([y, z]) => [grid.x + 0.012, grid.y + y, z]);
  const quads = [{ place: grid.place, map: -1, places: card, texels: [...solid, ...solid, ...solid, ...solid] }];
  atlas.spots[grid.place].forEach(([x, y], map) => {
    const whole = { top: 0, bottom: layer.height - 1, left: 0, right: layer.width - 1 };
    const inset = 0.02;
    const [left, right] = [(x + inset) / atlas.width, (x + layer.width - inset) / atlas.width];
    const [top, bottom] = [(y + inset) / atlas.height, (y + layer.height - inset) / atlas.height];
    quads.push({
      place: grid.place,
      map,
      places: cornersOf(grid, map, whole),
      texels: [left, top, right, top, right, bottom, left, bottom],
    });
  });
  return quads;
}
