"use strict";
// Polar surfaces: pixels take the colour of the cell they lie in, and a cell can be chosen as in a matrix.
(() => {
  const { append, plain } = modescape;
  const SIDE = 360;  // pixels along each side of the heat map: finer than the cells of any grid that can be told apart
  const RADIANS = Math.PI / 180;

  // The number of the interval between edges that holds a value, or -1.
  function between(edges, value) {
    if (value < edges[0] || value > edges.at(-1)) return -1;
    let [first, last] = [0, edges.length - 1];
    while (last - first > 1) {
      const middle = (first + last) >> 1;
      if (edges[middle] <= value) first = middle;
      else last = middle;
    }
    return first;
  }

  // The cell [ring, direction] at a place, or null outside of the grid.
  function cellAt(grid, x, y) {
    const ring = between(grid.radiusEdges, Math.hypot(x, y));
    let angle = Math.atan2(y, x) / RADIANS;
    while (angle >= grid.angleEdges.at(-1)) angle -= 360;
    while (angle < grid.angleEdges[0]) angle += 360;
    const direction = between(grid.angleEdges, angle);
    return ring < 0 || direction < 0 ? null : [ring, direction];
  }

  const number = (value) => Number(value.toPrecision(4)).toString();
  const placeOf = (grid, [ring, direction]) =>
    `distance ${number(grid.radius[ring])}, angle ${Math.round(grid.angle[direction])}°`;
  function valueOf(grid, [ring, direction]) {
    const value = grid.values[ring][direction];
    return value === null ? "not measured" : `${value.toFixed(grid.decimals)} ${grid.unit}`.trim();
  }

  function prepare(item) {
    const { grid, data: [trace] } = item.spec;
    const outer = grid.radiusEdges.at(-1);
    const step = (2 * outer) / SIDE;
    const [z, texts] = [[], []];
    const written = grid.values.map((line, ring) => line.map((_, direction) =>
      plain(`${placeOf(grid, [ring, direction])}: ${valueOf(grid, [ring, direction])}`)));
    for (let row = 0; row < SIDE; row++) {
      const y = -outer + (row + 0.5) * step;
      const cells = Array.from({ length: SIDE }, (_, column) => cellAt(grid, -outer + (column + 0.5) * step, y));
      const values = cells.map((cell) => (cell ? grid.values[cell[0]][cell[1]] : null));
      z.push(grid.log ? values.map((value) => (value > 0 ? Math.log10(value) : null)) : values);
      texts.push(cells.map((cell) => (cell ? written[cell[0]][cell[1]] : "")));
    }
    Object.assign(trace, { z, customdata: texts, x0: -outer + step / 2, dx: step, y0: -outer + step / 2, dy: step });
  }

  // The edge of a cell as a path; arcs are made of short straight pieces.
  function outline(grid, [ring, direction]) {
    const [from, to] = [grid.angleEdges[direction], grid.angleEdges[direction + 1]];
    const pieces = Math.max(1, Math.ceil((to - from) / 2));
    const arc = (radius) => Array.from({ length: pieces + 1 }, (_, piece) => {
      const angle = (from + ((to - from) * piece) / pieces) * RADIANS;
      return `${radius * Math.cos(angle)},${radius * Math.sin(angle)}`;
    });
    const points = [...arc(grid.radiusEdges[ring + 1]), ...arc(grid.radiusEdges[ring]).reverse()];
    return [{ type: "path", path: `M${points.join("L")}Z`, line: { color: { theme: "mark" }, width: 3 } }];
  }

  function show(item, cell) {
    const { grid } = item.spec;
    item.mark = outline(grid, cell);
    item.plot.dataset.cell = cell.join(",");
    modescape.draw(item);
    item.cell.replaceChildren();
    const heading = placeOf(grid, cell);
    append(item.cell, "p", heading[0].toUpperCase() + heading.slice(1)).className = "which";
    const list = append(item.cell, "dl", "");
    append(list, "dt", item.spec.title || grid.label);
    append(list, "dd", valueOf(grid, cell));
  }

  // Up leads outwards, left goes around against the clock; a full circle has no end.
  const steps = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, 1], ArrowRight: [0, -1] };
  function moved(key, cell, grid) {
    if (!(key in steps)) return null;
    if (!cell) return [0, between(grid.angleEdges, 0) < 0 ? 0 : between(grid.angleEdges, 0)];
    const [rings, directions] = [grid.radius.length, grid.angle.length];
    const closed = grid.angleEdges.at(-1) - grid.angleEdges[0] > 359.9;
    const clamp = (value, most) => Math.max(0, Math.min(most, value));
    const direction = cell[1] + steps[key][1];
    return [
      clamp(cell[0] + steps[key][0], rings - 1),
      closed ? (direction + directions) % directions : clamp(direction, directions - 1),
    ];
  }

  // A chosen cell is shown in all surfaces of the figure that have the same grid, and read out once.
  function selectable(item, items) {
    const { spec, plot } = item;
    const alike = (other) => other.spec.kind === "polar" && other.figure === item.figure
      && JSON.stringify([other.spec.grid.radius, other.spec.grid.angle]) === JSON.stringify([spec.grid.radius, spec.grid.angle]);
    const own = items.filter(alike);
    append(item.cell, "p", "Choose a cell: click it, or focus the surface and use the arrow keys.");
    function select(cell) {
      for (const other of own) {
        other.cell.setAttribute("aria-live", other === item ? "polite" : "off");
        other.chosen = cell;
        show(other, cell);
      }
    }
    plot.on("plotly_click", (event) => {
      const { x, y } = event.points[0];
      const cell = cellAt(spec.grid, x, y);
      if (cell) select(cell);
    });
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const next = moved(event.key, item.chosen, spec.grid);
      if (!next) return;
      event.preventDefault();
      select(next);
    });
  }

  modescape.grids.polar = { prepare, selectable, role: "polar surface" };
})();
