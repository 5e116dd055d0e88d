"use strict";
// Surfaces over a plane: a point of the grid is chosen in one and read in all of a figure, and walkers move over them.
(() => {
  const { append, plain } = modescape;
  const planes = {};

  // What all panels of a figure share: the chosen point, how many steps have been walked, and who wants to know.
  modescape.planeOf = (figure, steps = 0) => {
    planes[figure] ??= { chosen: null, progress: 0, listeners: [] };
    if (steps) planes[figure].progress = steps - 1;
    return planes[figure];
  };

  const number = (value) => Number(value.toPrecision(4)).toString().replaceAll("-", "\u2212");
  const placeOf = (grid, [i, j]) => `(${number(grid.x[i])}, ${number(grid.y[j])})`;
  function valueOf(grid, [i, j]) {
    const value = grid.values[i][j];
    if (value === null) return "not a number";
    const text = `${value.toFixed(grid.decimals)} ${grid.unit}`.trim();
    return grid.measured && !grid.measured[i][j] ? `${text} (interpolated)` : text;
  }

  function prepare(item) {
    const { grid, data: [trace] } = item.spec;
    trace.customdata = grid.y.map((_, j) => grid.x.map((_, i) => plain(`${placeOf(grid, [i, j])}: ${valueOf(grid, [i, j])}`)));
    item.plot.style.aspectRatio = String(item.spec.aspect);
    item.plane = modescape.planeOf(item.figure);
  }

  // The chosen point: a cross over the whole plane, kept for the next drawing.
  function crossOf(grid, [i, j]) {
    const line = { color: { theme: "mark" }, width: 1.6 };
    const [x, y] = [grid.x[i], grid.y[j]];
    return [
      { type: "line", x0: x, x1: x, y0: grid.y[0], y1: grid.y.at(-1), line },
      { type: "line", x0: grid.x[0], x1: grid.x.at(-1), y0: y, y1: y, line },
    ];
  }

  function show(items, chosen) {
    const [first] = items;
    const list = document.createElement("dl");
    for (const item of items) {
      item.mark = crossOf(item.spec.grid, chosen);
      item.plot.dataset.cell = chosen.join(",");
      modescape.draw(item);
      append(list, "dt", item.spec.title || item.spec.grid.label);
      append(list, "dd", valueOf(item.spec.grid, chosen));
    }
    first.cell.replaceChildren();
    append(first.cell, "p", `At ${placeOf(first.spec.grid, chosen)}`).className = "which";
    first.cell.append(list);
    first.plane.chosen = chosen;
    for (const listener of first.plane.listeners) listener();
  }

  const nearest = (places, value) =>
    places.reduce((best, place, index) => (Math.abs(place - value) < Math.abs(places[best] - value) ? index : best), 0);

  const steps = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  function moved(key, chosen, grid) {
    if (!(key in steps)) return null;
    if (!chosen) return [nearest(grid.x, 0), nearest(grid.y, 0)];
    const clamp = (value, most) => Math.max(0, Math.min(most, value));
    return [clamp(chosen[0] + steps[key][0], grid.x.length - 1), clamp(chosen[1] + steps[key][1], grid.y.length - 1)];
  }

  function selectable(item, items) {
    const { spec, plot } = item;
    const own = items.filter((other) => other.spec.kind === "surface" && other.figure === item.figure);
    if (!item.cell.childElementCount) {
      append(item.cell, "p", "Choose a point: click a surface, or focus one and use the arrow keys.");
    }
    // Where the pointer is: plotly tells the nearest mark instead, such as a point of a walk.
    plot.on("plotly_click", ({ event }) => {
      const { xaxis, yaxis } = plot._fullLayout;
      const edge = plot.getBoundingClientRect();
      const [x, y] = [xaxis.p2l(event.clientX - edge.left - xaxis._offset), yaxis.p2l(event.clientY - edge.top - yaxis._offset)];
      show(own, [nearest(spec.grid.x, x), nearest(spec.grid.y, y)]);
    });
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const next = moved(event.key, item.plane.chosen, spec.grid);
      if (!next) return;
      event.preventDefault();
      show(own, next);
    });
    addWalkers(item);
  }

  // A ball for each walk, over what plotly has drawn: drawing all anew for each picture would be slow.
  function addWalkers(item) {
    if (!item.spec.walks.length) return;
    const balls = item.spec.walks.map((walk) => {
      const ball = append(item.plot, "span", "");
      ball.className = "walker";
      ball.style.background = `var(--${walk.role})`;
      return ball;
    });
    const place = () => {
      const { xaxis, yaxis } = item.plot._fullLayout;
      item.spec.walks.forEach((walk, index) => {
        const at = modescape.scene.positionOf(walk, item.plane.progress);
        const inside = at && [[at[0], item.spec.grid.x], [at[1], item.spec.grid.y]].every(
          ([value, places]) => value >= places[0] && value <= places.at(-1));
        // At the end the ball of the drawing itself is there.
        const isEnd = item.plane.progress >= item.spec.steps.length - 1;
        balls[index].hidden = !inside || isEnd || item.hidden.has(walk.entry);
        if (balls[index].hidden) return;
        const [x, y] = [xaxis._offset + xaxis.l2p(at[0]), yaxis._offset + yaxis.l2p(at[1])];
        balls[index].style.transform = `translate(${x}px, ${y}px)`;
      });
    };
    item.plane.listeners.push(place);
    item.plot.on("plotly_afterplot", place);
    place();
  }

  modescape.grids.surface = { prepare, selectable, role: "surface", isShared: true };
})();
