"use strict";
// Surfaces in three dimensions, painted on a canvas from back to front: no WebGL is needed. As static/relief.py.
(() => {
  const { scene, box, append } = modescape;
  const [FINE, COARSE] = [72, 33];  // cells along each side when the picture stands still, and while it moves slowly
  const SLOW = 24;  // milliseconds from which a picture is painted coarsely while it moves
  const [AMBIENT, HIDDEN, AHEAD, PIN] = [0.74, 0.35, 0.75, 0.1];
  const ELEVATIONS = [8, 88];

  const rgb = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));

  // 256 colours between the stops of a colour map.
  function table(stops) {
    const colors = stops.map(rgb);
    return Array.from({ length: 256 }, (_, index) => {
      const at = (index / 255) * (colors.length - 1);
      const first = Math.min(Math.floor(at), colors.length - 2);
      return colors[first].map((value, channel) => value + (at - first) * (colors[first + 1][channel] - value));
    });
  }

  function geometryFor(item, cells) {
    const surface = item.spec.surfaces[item.shown];
    surface.made ??= {};
    surface.table ??= table(surface.colors);
    return (surface.made[cells] ??= scene.geometryOf(item.spec, surface, cells));
  }

  // How the picture fits into the canvas, whatever the direction: pixels of a place, and pixels a unit.
  function fit(item, width, height) {
    const { spec } = item;
    const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [0, spec.top].map((z) => [x * spec.half[0], y * spec.half[1], z])));
    const seen = [...Array(24).keys()].flatMap((turn) => {
      const view = scene.viewOf(spec, { azimuth: 15 * turn, elevation: item.camera.elevation });
      return corners.map((corner) => view.seen(corner));
    });
    const ends = [0, 1].map((axis) => [Math.min(...seen.map((one) => one[axis])), Math.max(...seen.map((one) => one[axis]))]);
    const [side, above, below] = width < 520 ? [26, 30, 44] : [58, 34, 62];
    const scale = Math.min((width - 2 * side) / (ends[0][1] - ends[0][0]), (height - above - below) / (ends[1][1] - ends[1][0]));
    const middle = (above + height - below) / 2 + (scale * (ends[1][0] + ends[1][1])) / 2;
    return ([x, y]) => [width / 2 + scale * x, middle - scale * y];
  }

  function paint(item) {
    const { canvas, spec } = item;
    const [width, height] = [item.plot.clientWidth, item.plot.clientHeight];
    if (!width || !height) return;
    const started = performance.now();
    const density = Math.min(2, window.devicePixelRatio || 1);
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
    }
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    const view = scene.viewOf(spec, item.camera);
    const pen = box.makePen(context, view, fit(item, width, height), width < 520);
    const surface = spec.surfaces[item.shown];
    box.drawBehind(pen, spec, surface, view);
    paintSurface(item, context, view, pen);
    box.drawAxes(pen, spec, surface, view);
    paintWays(item, context, view, pen);
    paintPlaces(item, context, view, pen);
    item.milliseconds = performance.now() - started;
    item.plot.dataset.view = `${Math.round(item.camera.azimuth)},${Math.round(item.camera.elevation)}`;
  }

  // Cells, contour lines and sides, what is farther from the eye first.
  function paintSurface(item, context, view, pen) {
    const made = geometryFor(item, item.moves && item.milliseconds > SLOW ? COARSE : FINE);
    const pixels = made.points.map((line) => line.map((point) => pen.place(point)));
    const light = lightOf(view);
    const colors = item.spec.surfaces[item.shown].table;
    const shapes = made.faces.map((face) => ({ at: view.groundDistance(...face.middle), face }));
    for (const line of made.lines) shapes.push({ at: view.groundDistance(...line.middle) - 0.01, line });
    for (const side of made.sides) {
      const facing = side.outwards[0] * view.toward[0] + side.outwards[1] * view.toward[1];
      const middle = [0, 1].map((axis) => (side.from[axis] + side.to[axis]) / 2);
      if (facing > 0) shapes.push({ at: view.groundDistance(...middle) - 0.005, side, facing });
    }
    shapes.sort((a, b) => b.at - a.at);
    const wall = rgb(modescape.color("line"));
    context.lineJoin = "round";
    for (const { face, line, side, facing } of shapes) {
      if (face) {
        const { i, j } = face;
        const color = colors[Math.max(0, Math.min(255, Math.round((255 * face.middle[2]) / item.spec.top)))];
        const bright = AMBIENT + (1.04 - AMBIENT) * Math.max(0, dot(face.normal, light));
        fill(context, [pixels[i][j], pixels[i + 1][j], pixels[i + 1][j + 1], pixels[i][j + 1]], color, bright);
      } else if (line) {
        stroke(context, line.ends.map(([x, y, z]) => pen.place([x, y, z + 0.005])), "rgba(255,255,255,0.45)", 0.8);
      } else {
        const below = [side.to, side.from].map(([x, y]) => pen.place([x, y, 0]));
        fill(context, [pen.place(side.from), pen.place(side.to), ...below], wall, 0.86 + 0.12 * facing);
      }
    }
  }

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

  // Light from the left of the eye and from above.
  function lightOf({ toward, right }) {
    const light = [0.25 * toward[0] - 0.55 * right[0], 0.25 * toward[1] - 0.55 * right[1], 0.25 * toward[2] + 0.9];
    const length = Math.hypot(...light);
    return light.map((value) => value / length);
  }

  function trace(context, points) {
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points.slice(1)) context.lineTo(...point);
  }

  // The edge in its own colour closes the gap that the ground would shine through.
  function fill(context, points, color, bright) {
    const style = `rgb(${color.map((value) => Math.min(255, Math.round(value * bright))).join(",")})`;
    trace(context, points);
    context.closePath();
    Object.assign(context, { fillStyle: style, strokeStyle: style, lineWidth: 0.8 });
    context.fill();
    context.stroke();
  }

  function stroke(context, points, color, width, alpha = 1) {
    trace(context, points);
    Object.assign(context, { strokeStyle: color, lineWidth: width, globalAlpha: alpha, lineCap: "round", lineJoin: "round" });
    context.stroke();
    context.globalAlpha = 1;
  }

  function paintWays(item, context, view, pen) {
    const { spec } = item;
    for (const curve of spec.curves) {
      if (!item.hidden.has(curve.entry)) paintWay(item, context, view, pen, curve, Infinity, false);
    }
    for (const walk of spec.walks) {
      if (item.hidden.has(walk.entry)) continue;
      const progress = item.plane.progress;
      if (progress < spec.steps.length - 1) paintWay(item, context, view, pen, walk, Infinity, true);
      paintWay(item, context, view, pen, walk, progress, false);
      const first = walk.x.findIndex((value) => value !== null);
      if (first >= 0) paintBall(item, context, view, pen, walk, [walk.x[first], walk.y[first]], 4.5, true);
    }
    for (const walk of spec.walks) {
      const place = item.hidden.has(walk.entry) ? null : scene.positionOf(walk, item.plane.progress);
      if (place) paintBall(item, context, view, pen, walk, place, item.plane.progress < spec.steps.length - 1 ? 6.5 : 4.5, false);
    }
  }

  // A way over the surface with the ground's colour at its sides; what is hidden shines through, what is ahead is thin.
  function paintWay(item, context, view, pen, walk, until, isAhead) {
    const { spec } = item;
    const surface = spec.surfaces[item.shown];
    const points = scene.pathOf(spec, surface, walk, until);
    const parts = [];
    for (let n = 1; n < points.length; n++) {
      const middle = points[n].map((value, axis) => (value + points[n - 1][axis]) / 2);
      if (Number.isNaN(middle[2]) || (walk.dashed && n % 4 > 1)) continue;
      const hidden = scene.isHidden(spec, surface, view, middle);
      const ends = [pen.place(points[n - 1]), pen.place(points[n])];
      const last = parts.at(-1);
      if (last && last.hidden === hidden && last.n === n - 1) [last.n] = [n, last.points.push(ends[1])];
      else parts.push({ hidden, n, points: ends });
    }
    const layers = isAhead ? [[modescape.color(walk.role), 1.3]] : [[modescape.color("surface"), 5.2], [modescape.color(walk.role), 2.6]];
    for (const hidden of [true, false]) {
      for (const [color, width] of layers) {
        for (const part of parts.filter((one) => one.hidden === hidden)) {
          stroke(context, part.points, color, width, hidden ? HIDDEN : isAhead ? AHEAD : 1);
        }
      }
    }
  }

  function paintBall(item, context, view, pen, walk, place, radius, isOpen) {
    const { spec } = item;
    const surface = spec.surfaces[item.shown];
    const point = [...scene.onGround(spec, ...place), scene.heightAt(spec, surface, ...place) + spec.lift];
    if (Number.isNaN(point[2])) return;
    const [color, ground] = [modescape.color(walk.role), modescape.color("surface")];
    context.beginPath();
    context.arc(...pen.place(point), radius, 0, 2 * Math.PI);
    context.globalAlpha = scene.isHidden(spec, surface, view, point) ? HIDDEN : 1;
    Object.assign(context, { fillStyle: isOpen ? ground : color, strokeStyle: isOpen ? color : ground, lineWidth: 2.4 });
    context.fill();
    context.stroke();
    context.globalAlpha = 1;
  }

  // A pin with its name at each place; names that would cover others stand below or beside.
  function paintPlaces(item, context, view, pen) {
    const { spec } = item;
    const surface = spec.surfaces[item.shown];
    const taken = [];
    const all = [...spec.places, ...chosenPlace(item)];
    const shown = all.map((place) => {
      const foot = [...scene.onGround(spec, place.x, place.y), scene.heightAt(spec, surface, place.x, place.y)];
      return { place, foot, head: [foot[0], foot[1], foot[2] + PIN] };
    }).filter(({ foot }) => !Number.isNaN(foot[2]));
    shown.sort((a, b) => view.groundDistance(...b.foot) - view.groundDistance(...a.foot));
    for (const { place, foot, head } of shown) {
      const ends = [pen.place(foot), pen.place(head)];
      stroke(context, ends, modescape.color("surface"), 3.4);
      stroke(context, ends, modescape.color(place.isChosen ? "mark" : "ink"), 1.4);
      const [x, y] = pen.place(head);
      const alpha = scene.isHidden(spec, surface, view, head) ? 0.5 : 1;
      paintSymbol(context, place, x, y, alpha);
      taken.push([x - 8, x + 8, y - 8, y + 8]);
    }
    for (const { place, head } of shown) {
      if (place.name) writeName(context, pen, place.name, pen.place(head), taken);
    }
    item.spots = shown.map(({ place, head }) => ({ at: pen.place(head), text: place.note }));
  }

  const chosenPlace = ({ plane, spec }) => (plane.chosen
    ? [{ name: "", note: "", x: spec.x[plane.chosen[0]], y: spec.y[plane.chosen[1]], symbol: "circle", isChosen: true }] : []);

  function paintSymbol(context, place, x, y, alpha) {
    context.save();
    context.translate(x - 11 * 1.15, y - 7 * 1.15);
    context.scale(1.15, 1.15);
    context.globalAlpha = alpha;
    const shape = new Path2D(modescape.shapes[place.symbol]);
    Object.assign(context, { fillStyle: place.isChosen ? modescape.color("mark") : "#ffffff", strokeStyle: "#1b1f24", lineWidth: 1.1 });
    context.fill(shape);
    context.stroke(shape);
    context.restore();
  }

  function writeName(context, pen, name, [x, y], taken) {
    const width = context.measureText(name).width || 8 * name.length;
    const options = [[0, -18], [0, 18], [width / 2 + 14, 0], [-width / 2 - 14, 0]].map(([dx, dy]) => [x + dx, y + dy]);
    const boxOf = ([cx, cy]) => [cx - width / 2, cx + width / 2, cy - 8, cy + 8];
    const covers = (a) => taken.filter((b) => a[0] < b[1] && b[0] < a[1] && a[2] < b[3] && b[2] < a[3]).length;
    const best = options.reduce((one, other) => (covers(boxOf(other)) < covers(boxOf(one)) ? other : one));
    taken.push(boxOf(best));
    pen.write(name, best, { halo: true, role: "ink", bold: true });
  }

  // Paint once before the next picture of the screen, however often it is asked for.
  function draw(item) {
    if (!item.canvas) begin(item);
    if (item.waits) return;
    item.waits = true;
    requestAnimationFrame(() => {
      item.waits = false;
      paint(item);
    });
  }

  function turn(item, azimuth, elevation) {
    item.camera.azimuth = (((item.camera.azimuth + azimuth + 180) % 360) + 360) % 360 - 180;
    item.camera.elevation = Math.min(ELEVATIONS[1], Math.max(ELEVATIONS[0], item.camera.elevation + elevation));
    draw(item);
  }

  const turns = { ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] };

  function begin(item) {
    const { plot, spec } = item;
    item.plane = modescape.planeOf(item.figure, spec.steps.length);
    item.plane.listeners.push(() => draw(item));
    item.camera = { ...spec.camera };
    item.shown = 0;
    item.canvas = document.createElement("canvas");
    plot.append(item.canvas);
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-roledescription", "relief that can be turned");
    plot.tabIndex = 0;
    addChoice(item);
    const hint = append(plot.parentElement, "p", "Drag to turn it, or focus it and use the arrow keys; Home turns it back.");
    hint.className = "hint";
    hint.id = plot.id + "-hint";
    plot.setAttribute("aria-describedby", hint.id);
    if (spec.walks.length) modescape.addWalk(item);
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Home") item.camera = { ...spec.camera };
      else if (!(event.key in turns)) return;
      event.preventDefault();
      turn(item, ...(turns[event.key] ?? [0, 0]));
    });
    addDragging(item);
    new ResizeObserver(() => draw(item)).observe(plot);
  }

  function addDragging(item) {
    const { plot } = item;
    const tip = append(plot, "div", "");
    tip.className = "tip";
    let last = null;
    plot.addEventListener("pointerdown", (event) => {
      last = [event.clientX, event.clientY];
      item.moves = true;
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
      if (!last) {
        const box = plot.getBoundingClientRect();
        const at = [event.clientX - box.left, event.clientY - box.top];
        const spot = (item.spots ?? []).find(({ at: [x, y] }) => Math.hypot(x - at[0], y - at[1]) < 14);
        tip.textContent = spot ? spot.text : "";
        if (spot) Object.assign(tip.style, { left: `${Math.min(at[0], box.width - 180)}px`, top: `${at[1] + 14}px` });
        return;
      }
      turn(item, -0.5 * (event.clientX - last[0]), event.pointerType === "touch" ? 0 : 0.4 * (event.clientY - last[1]));
      last = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) {
      plot.addEventListener(name, () => {
        [last, item.moves] = [null, false];
        draw(item);
      });
    }
  }

  // Which number stands as height, where there are several.
  function addChoice(item) {
    const { plot, spec } = item;
    if (spec.surfaces.length < 2) return;
    const group = document.createElement("div");
    group.className = "choice";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Height shows");
    append(group, "span", "Height shows");
    const buttons = spec.surfaces.map((surface, number) => {
      const button = append(group, "button", surface.title);
      button.type = "button";
      button.setAttribute("aria-pressed", String(number === 0));
      button.addEventListener("click", () => {
        item.shown = number;
        buttons.forEach((one, index) => one.setAttribute("aria-pressed", String(index === number)));
        draw(item);
      });
      return button;
    });
    plot.before(group);
  }

  modescape.painters.relief = draw;
})();
