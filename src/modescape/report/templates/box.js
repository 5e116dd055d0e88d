"use strict";
// The ground, the walls behind and the three axes of a surface in space. As static/box.py.
(() => {
  const [TICK, NUMBERS, LABEL] = [0.05, 0.15, 0.34];
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif";
  const sides = [[0, -1], [0, 1], [1, -1], [1, 1]];

  const minus = (text) => text.replaceAll("-", "\u2212");
  const written = (number) => minus(Number(number.toPrecision(6)).toString());

  // Round numbers between two ends, about so many.
  function roundTicks([low, high], about) {
    const width = (high - low) / about;
    const power = 10 ** Math.floor(Math.log10(width));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= width * (1 - 1e-9));
    const first = Math.ceil(low / step - 1e-9);
    const number = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: number }, (_, index) => Number(((first + index) * step).toPrecision(12)));
  }

  // Places from -1 to 1 along one side of the ground.
  function onSide(spec, [along, end], at, height = 0) {
    const point = [0, 0, height];
    point[along] = at * spec.half[along];
    point[1 - along] = end * spec.half[1 - along];
    return point;
  }

  // What stands behind the surface: the edges of the ground, and walls with lines at the heights of the numbers.
  function drawBehind(pen, spec, surface, view) {
    for (const side of sides) {
      pen.line([onSide(spec, side, -1), onSide(spec, side, 1)], "line");
      if (isFront(side, view)) continue;
      for (const { at } of surface.ticks) {
        pen.line([onSide(spec, side, -1, at * spec.top), onSide(spec, side, 1, at * spec.top)], "grid");
      }
      for (const place of [-1, 1]) pen.line([onSide(spec, side, place), onSide(spec, side, place, spec.top)], "grid");
    }
  }

  const isFront = ([along, end], view) => end * view.toward[1 - along] > 0;

  // The numbers and labels around the surface.
  function drawAxes(pen, spec, surface, view) {
    for (const side of sides.filter((one) => isFront(one, view))) drawAxis(pen, spec, view, side);
    const corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]].map(([x, y]) => [x * spec.half[0], y * spec.half[1], 0]);
    const corner = corners.reduce((left, one) => (view.seen(one)[0] < view.seen(left)[0] ? one : left));
    const left = (point, by) => [point[0] - by * view.right[0], point[1] - by * view.right[1], point[2]];
    pen.line([corner, [corner[0], corner[1], spec.top]], "line");
    for (const { at, text } of surface.ticks) {
      const point = [corner[0], corner[1], at * spec.top];
      pen.line([point, left(point, TICK)], "muted");
      pen.write(minus(text), pen.place(left(point, 1.5 * TICK)), { align: "right" });
    }
    pen.write(surface.label, [8, 16], { align: "left", role: "ink" });
  }

  function drawAxis(pen, spec, view, side) {
    const [along, end] = side;
    const places = [spec.x, spec.y][along];
    const ends = [places[0], places.at(-1)];
    const away = (point, by) => point.map((value, axis) => (axis === 1 - along ? value + by * end : value));
    for (const tick of roundTicks(ends, pen.isNarrow ? 3 : 5)) {
      const point = onSide(spec, side, 2 * (tick - ends[0]) / (ends[1] - ends[0]) - 1);
      pen.line([point, away(point, TICK)], "muted");
      pen.write(written(tick), pen.place(away(point, NUMBERS)), {});
    }
    const [from, to] = [-1, 1].map((at) => pen.place(away(onSide(spec, side, at), pen.isNarrow ? LABEL + 0.1 : LABEL)));
    pen.writeAlong([spec.xLabel, spec.yLabel][along], from, to);
  }

  // What draws lines and texts in one picture; `toPixels` turns a place of the picture into pixels.
  function makePen(context, view, toPixels, isNarrow) {
    const place = (point) => toPixels(view.seen(point));
    function write(text, [x, y], { align = "center", role = "muted", angle = 0, halo = false, bold = false }) {
      context.save();
      context.translate(x, y);
      context.rotate(angle);
      context.font = `${bold ? "600 " : ""}12px ${FONT}`;
      context.textAlign = align;
      context.textBaseline = "middle";
      if (halo) {
        Object.assign(context, { lineWidth: 3.5, lineJoin: "round", strokeStyle: modescape.color("surface") });
        context.strokeText(text, 0, 0);
      }
      context.fillStyle = modescape.color(role);
      context.fillText(text, 0, 0);
      context.restore();
    }
    // A label along an axis, never upside down, in two lines where one is too long.
    function writeAlong(text, from, to) {
      let angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle < -Math.PI / 2) angle += Math.PI;
      context.font = `12px ${FONT}`;
      const lines = cut(text, (part) => context.measureText(part).width, Math.max(110, Math.hypot(to[0] - from[0], to[1] - from[1])));
      lines.forEach((line, index) => {
        const by = 14 * (index - (lines.length - 1) / 2);
        const [x, y] = [0, 1].map((axis) => (from[axis] + to[axis]) / 2);
        write(line, [x - by * Math.sin(angle), y + by * Math.cos(angle)], { angle });
      });
    }
    function line(points, role) {
      context.beginPath();
      for (const point of points) context.lineTo(...place(point));
      Object.assign(context, { lineWidth: 1, strokeStyle: modescape.color(role) });
      context.stroke();
    }
    return { place, write, writeAlong, line, isNarrow };
  }

  // Words in lines no wider than the room.
  function cut(text, widthOf, room) {
    const lines = [];
    for (const word of text.split(" ")) {
      const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
      if (lines.length && widthOf(longer) <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  modescape.box = { drawBehind, drawAxes, makePen };
})();
