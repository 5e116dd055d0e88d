"use strict";
// A surface in space: where its points come to lie in a picture, and which of them it hides. As drawables/scene.py.
(() => {
  const RADIANS = Math.PI / 180;
  const RAY_STEP = 0.03;  // steps along the ground from a point to the eye, in which something may hide it
  const HIDING = 0.004;

  // Where the eye is, and the directions to it, to the right and upwards.
  function viewOf(spec, { azimuth, elevation }) {
    const [turn, rise] = [azimuth * RADIANS, elevation * RADIANS];
    const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
    const toward = [Math.cos(rise) * cos, Math.cos(rise) * sin, Math.sin(rise)];
    const { distance } = spec.camera;
    const aim = spec.aim * spec.top;
    return {
      toward, right: [-sin, cos], up: [-Math.sin(rise) * cos, -Math.sin(rise) * sin, Math.cos(rise)],
      eye: [distance * toward[0], distance * toward[1], distance * toward[2] + aim],
      // Where a point lies in the picture: to the right and upwards.
      seen([x, y, z]) {
        const h = z - aim;
        const near = distance / (distance - x * toward[0] - y * toward[1] - h * toward[2]);
        return [near * (x * this.right[0] + y * this.right[1]), near * (x * this.up[0] + y * this.up[1] + h * this.up[2])];
      },
      // Cells painted in falling order of this hide each other as they should.
      groundDistance(x, y) {
        return Math.hypot(x - this.eye[0], y - this.eye[1]);
      },
    };
  }

  // The cell between sorted places that holds a value, and how far across it; null beside them.
  function cellOf(places, value) {
    const last = places.length - 1;
    const slack = 1e-9 * (places[last] - places[0]);
    if (!(value >= places[0] - slack && value <= places[last] + slack)) return null;
    let [first, end] = [0, last];
    while (end - first > 1) {
      const middle = (first + end) >> 1;
      if (places[middle] <= value) first = middle;
      else end = middle;
    }
    return [first, Math.min(1, Math.max(0, (value - places[first]) / (places[first + 1] - places[first])))];
  }

  // The height of a surface over a place of the plane; NaN in gaps and beside it.
  function heightAt(spec, surface, x, y) {
    const [column, row] = [cellOf(spec.x, x), cellOf(spec.y, y)];
    if (!column || !row) return NaN;
    const at = (i, j) => surface.shares[column[0] + i][row[0] + j] ?? NaN;
    const [a, b] = [column[1], row[1]];
    return spec.top * ((1 - a) * ((1 - b) * at(0, 0) + b * at(0, 1)) + a * ((1 - b) * at(1, 0) + b * at(1, 1)));
  }

  const onGround = (spec, x, y) => [[x, spec.x], [y, spec.y]].map(([value, places], axis) =>
    spec.half[axis] * (2 * (value - places[0]) / (places.at(-1) - places[0]) - 1));

  const onPlane = (spec, ground) => [spec.x, spec.y].map((places, axis) =>
    places[0] + ((ground[axis] / spec.half[axis] + 1) / 2) * (places.at(-1) - places[0]));

  // Whether something stands higher than the way from a point to the eye.
  function isHidden(spec, surface, view, [x, y, z]) {
    const away = [view.eye[0] - x, view.eye[1] - y, view.eye[2] - z];
    const length = Math.max(Math.hypot(away[0], away[1]), 1e-9);
    const most = 2 * Math.hypot(...spec.half);
    for (let step = RAY_STEP; step < most; step += RAY_STEP) {
      const height = z + (step * away[2]) / length;
      if (height > spec.top) return false;
      const place = onPlane(spec, [x + (step * away[0]) / length, y + (step * away[1]) / length]);
      if (heightAt(spec, surface, ...place) > height + HIDING) return true;
    }
    return false;
  }

  // Places with more between them; those that were there stay.
  function finer(places, cells) {
    const pieces = Math.max(1, Math.round(cells / (places.length - 1)));
    const all = places.slice(0, -1).flatMap((place, index) => Array.from({ length: pieces },
      (_, piece) => place + ((places[index + 1] - place) * piece) / pieces));
    return [...all, places.at(-1)];
  }

  const around = [[0, 0], [1, 0], [1, 1], [0, 1]];

  // The pieces of contour lines in one cell, given its corners [x, y, z] in order around it.
  function crossings(corners, level) {
    const met = corners.map((from, index) => {
      const to = corners[(index + 1) % 4];
      if ((from[2] < level) === (to[2] < level)) return null;
      const share = (level - from[2]) / (to[2] - from[2]);
      return from.map((value, axis) => value + share * (to[axis] - value));
    });
    const there = met.filter(Boolean);
    if (there.length === 4) return [[met[0], met[3]], [met[1], met[2]]];
    return there.length === 2 ? [there] : [];
  }

  // All that does not depend on from where one looks: corners, cells with their normals and shares, contour lines.
  function geometryOf(spec, surface, cells) {
    const [xs, ys] = [finer(spec.x, cells), finer(spec.y, cells)];
    const points = xs.map((x) => ys.map((y) => [...onGround(spec, x, y), heightAt(spec, surface, x, y)]));
    const [faces, lines] = [[], []];
    const levels = surface.levels.map((level) => level * spec.top);
    for (let i = 0; i + 1 < xs.length; i++) {
      for (let j = 0; j + 1 < ys.length; j++) {
        const corners = around.map(([a, b]) => points[i + a][j + b]);
        if (corners.some((corner) => Number.isNaN(corner[2]))) continue;
        const middle = [0, 1, 2].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / 4);
        faces.push({ i, j, middle, normal: normalOf(corners) });
        const heights = corners.map((corner) => corner[2]);
        const [low, high] = [Math.min(...heights), Math.max(...heights)];
        for (const level of levels) {
          if (level > low && level <= high) {
            for (const ends of crossings(corners, level)) lines.push({ ends, middle });
          }
        }
      }
    }
    return { points, faces, lines, sides: sidesOf(points) };
  }

  function normalOf([a, b, c, d]) {
    const [p, q] = [c.map((value, axis) => value - a[axis]), d.map((value, axis) => value - b[axis])];
    const normal = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    const length = Math.hypot(...normal);
    return normal.map((value) => value / length);
  }

  // What stands below the edges of the surface: pairs of neighbours, and the direction outwards.
  function sidesOf(points) {
    const edges = [
      [points.map((line) => line[0]), [0, -1]], [points.map((line) => line.at(-1)), [0, 1]],
      [points[0], [-1, 0]], [points.at(-1), [1, 0]],
    ];
    return edges.flatMap(([edge, outwards]) => edge.slice(0, -1).map((from, index) => ({ from, to: edge[index + 1], outwards })))
      .filter(({ from, to }) => !Number.isNaN(from[2] + to[2]));
  }

  // A way as points so near to each other that a line through them follows the surface.
  function pathOf(spec, surface, walk, until) {
    const known = walk.x.map((_, index) => index).filter((index) => walk.x[index] !== null && walk.y[index] !== null);
    const points = [];
    for (let n = 0; n < known.length; n++) {
      const [first, second] = [known[n], known[n + 1] ?? known[n]];
      if (first > until) break;
      const share = second === first ? 0 : Math.min(1, (until - first) / (second - first));
      const [from, to] = [onGround(spec, walk.x[first], walk.y[first]), onGround(spec, walk.x[second], walk.y[second])];
      const pieces = Math.max(1, Math.ceil((share * Math.hypot(to[0] - from[0], to[1] - from[1])) / 0.03));
      for (let piece = n ? 1 : 0; piece <= (second === first ? 0 : pieces); piece++) {
        const part = (share * piece) / pieces;
        const place = [0, 1].map((axis) => from[axis] + part * (to[axis] - from[axis]));
        points.push([...place, heightAt(spec, surface, ...onPlane(spec, place)) + spec.lift]);
      }
    }
    return points;
  }

  // Where one is who has walked so many steps; steps that are missing are walked past. Null where there is none.
  function positionOf(walk, progress) {
    const known = walk.x.map((_, index) => index).filter((index) => walk.x[index] !== null && walk.y[index] !== null);
    if (!known.length) return null;
    const at = Math.min(Math.max(progress, known[0]), known.at(-1));
    const second = known.find((index) => index >= at);
    const first = known.filter((index) => index <= at).at(-1);
    const share = second === first ? 0 : (at - first) / (second - first);
    return [walk.x, walk.y].map((places) => places[first] + share * (places[second] - places[first]));
  }

  modescape.scene = { viewOf, heightAt, onGround, isHidden, geometryOf, pathOf, positionOf };
})();
