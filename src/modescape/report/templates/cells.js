"use strict";
// Matrices: a cell is chosen by a click or by the arrow keys, and its numbers are shown and read out.
(() => {
  const { append, plain } = modescape;

  // The first entry stands for a whole row or column where there is only one.
  const at = (table, row, column) => {
    const line = table[Math.min(row, table.length - 1)];
    return line[Math.min(column, line.length - 1)];
  };
  const shown = (value, decimals) => (value === null ? "not measured" : value.toFixed(decimals));

  const labelOf = (detail, place) =>
    detail.label.replace("{row}", () => place.rowLabel).replace("{column}", () => place.columnLabel);

  // A number too small for its digits, as p values are, is written as such.
  function written(detail, value) {
    const least = 10 ** -detail.decimals;
    return detail.isP && value !== null && value < least ? `< ${shown(least, detail.decimals)}` : shown(value, detail.decimals);
  }

  // How each kind of detail is shown; each function gets the detail, the place and where to write: numbers the list of
  // the cell, other kinds (confusion.js, gallery.js) a part of their own below.
  // A new kind of detail (drawables/matrix.py) is one more function in `modescape.details`.
  modescape.details.number = (detail, place, list) => {
    const value = at(detail.values, place.row, place.column);
    let text = written(detail, value);
    if (value !== null && detail.unit) text += " " + detail.unit;
    if (value !== null && detail.low && detail.high) {
      const ends = [detail.low, detail.high].map((end) => at(end, place.row, place.column));
      if (!ends.includes(null)) text += ` [${ends.map((end) => shown(end, detail.decimals)).join(", ")}]`;
    }
    append(list, "dt", labelOf(detail, place));
    append(list, "dd", text);
  };

  const named = (spec, label) => `${spec.word} ${label}`.trim();

  function nameOf(spec, row, column) {
    const [first, second] = [spec.rows[row], spec.columns[column]];
    return first === second ? `${named(spec, first)} with itself` : `${named(spec, first)} and ${named(spec, second)}`;
  }

  // What a pointer over a cell shows.
  function addHoverTexts(spec) {
    spec.data[0].customdata = spec.data[0].z.map((line, row) => line.map((value, column) => {
      const name = plain(nameOf(spec, row, column));
      return value === null ? name : `${name}: ${value.toFixed(spec.decimals)}`;
    }));
  }

  function fill(list, details, place) {
    const seen = new Set();
    for (const detail of details) {
      const key = labelOf(detail, place);
      if (!seen.has(key)) modescape.details[detail.kind](detail, place, list);
      seen.add(key);
    }
  }

  function show(item, place) {
    const { spec, cell } = item;
    cell.replaceChildren();
    const heading = nameOf(spec, place.row, place.column);
    append(cell, "p", spec.word ? heading[0].toUpperCase() + heading.slice(1) : heading).className = "which";
    const numbers = spec.details.filter((detail) => detail.kind === "number");
    fill(append(cell, "dl", ""), numbers.filter((detail) => !detail.isLess), place);
    const isPair = place.rowLabel !== place.columnLabel;
    const isKnown = (detail) => detail.isLess && at(detail.values, place.row, place.column) !== null;
    const less = isPair ? numbers.filter(isKnown) : [];
    if (less.length) {
      const list = append(cell, "dl", "");
      list.className = "less";
      list.setAttribute("aria-live", "off");
      fill(list, less, place);
    }
    if (item.more) showMore(item, place, isPair);
  }

  // What needs more room than a list: below the matrix, and not read out unasked.
  function showMore({ spec, more }, place, isPair) {
    more.replaceChildren();
    if (!isPair) return;
    for (const detail of spec.details.filter((one) => one.kind !== "number")) {
      modescape.details[detail.kind](detail, place, append(more, "section", ""));
    }
  }

  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // The place that a key leads to, or null where the key means nothing here.
  function moved(key, row, column, spec) {
    const last = [spec.rows.length - 1, spec.columns.length - 1];
    if (key === "Home") return [row, 0];
    if (key === "End") return [row, last[1]];
    if (!(key in steps)) return null;
    if (row < 0) return [0, Math.min(1, last[1])];
    const clamp = (value, most) => Math.max(0, Math.min(most, value));
    return [clamp(row + steps[key][0], last[0]), clamp(column + steps[key][1], last[1])];
  }

  function prepare(item) {
    addHoverTexts(item.spec);
    item.plot.style.aspectRatio = `${item.spec.columns.length} / ${item.spec.rows.length}`;
    if (item.spec.details.every((detail) => detail.kind === "number")) return;
    item.more = append(item.plot.parentElement, "div", "");
    item.more.className = "more";
  }

  // Make a drawn matrix selectable. `item.mark` is kept for the next drawing, in the colours of another theme.
  function selectable(item) {
    const { spec, plot } = item;
    let [row, column] = [-1, -1];
    append(item.cell, "p", "Choose a cell: click it, or focus the matrix and use the arrow keys.");
    function select(newRow, newColumn) {
      [row, column] = [newRow, newColumn];
      const edges = { x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5 };
      item.mark = [{ type: "rect", ...edges, line: { color: { theme: "mark" }, width: 3 } }];
      plot.dataset.cell = `${row},${column}`;
      modescape.draw(item);
      const [rowLabel, columnLabel] = [spec.rows[row], spec.columns[column]];
      const names = [rowLabel, columnLabel].map((label) => named(spec, label));
      show(item, { row, column, rowLabel, columnLabel, names, id: plot.id });
    }
    plot.on("plotly_click", (event) => {
      const [newRow, newColumn] = event.points[0].pointIndex ?? event.points[0].pointNumber;
      select(newRow, newColumn);
    });
    plot.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const next = moved(event.key, row, column, spec);
      if (!next) return;
      event.preventDefault();
      select(...next);
    });
  }

  modescape.grids.matrix = { prepare, selectable, role: "matrix" };
})();
