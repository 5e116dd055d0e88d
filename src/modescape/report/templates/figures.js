"use strict";
// Draws every figure with plotly.js in the colours of the theme, one panel after the other so that the page stays quick.
(() => {
  const items = [];

  // A copy of a specification with `{theme: role}` replaced by the colour of that role.
  function themed(value) {
    if (Array.isArray(value)) return typeof value[0] === "object" && value[0] !== null ? value.map(themed) : value;
    if (value === null || typeof value !== "object") return value;
    if ("theme" in value) {
      const color = modescape.color(value.theme);
      if (value.alpha === undefined) return color;
      const parts = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
      return `rgba(${parts.join(",")},${value.alpha})`;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
  }

  const config = { displayModeBar: false, responsive: true, displaylogo: false, showTips: false };

  modescape.draw = (item) => {
    const painter = modescape.painters[item.spec.kind];
    if (painter) return painter(item);
    const layout = themed({ ...item.spec.layout, shapes: [...(item.spec.layout.shapes ?? []), ...item.mark] });
    // A finger that scrolls the page must not draw a zoom box.
    layout.dragmode = window.matchMedia("(pointer: coarse)").matches ? false : "zoom";
    const data = themed(item.spec.data).map((trace) => ({ ...trace, visible: !item.hidden.has(trace.meta?.entry) }));
    return Plotly.react(item.plot, data, layout, config);
  };

  const SVG = "http://www.w3.org/2000/svg";
  // The symbols of series (series.py) as paths around (11, 7), and the dashes of lines.
  const shapes = {
    circle: "M6.5 7a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    square: "M7 3h8v8h-8z",
    diamond: "M11 1.5l5.5 5.5-5.5 5.5-5.5-5.5z",
    "triangle-up": "M11 2l5.2 9h-10.4z",
    "triangle-down": "M11 12l5.2-9h-10.4z",
    cross: "M9.2 2h3.6v3.2h3.2v3.6h-3.2v3.2h-3.6v-3.2h-3.2v-3.6h3.2z",
    x: "M11 4.6l2.6-2.6 2.4 2.4-2.6 2.6 2.6 2.6-2.4 2.4-2.6-2.6-2.6 2.6-2.4-2.4 2.6-2.6-2.6-2.6 2.4-2.4z",
    pentagon: "M11 2l5 3.7-1.9 5.8h-6.2l-1.9-5.8z",
    hexagon: "M11 2l4.4 2.5v5l-4.4 2.5-4.4-2.5v-5z",
    star: "M11 0l1.9 4.9 5.1.3-4 3.3 1.3 5-4.3-2.8-4.3 2.8 1.3-5-4-3.3 5.1-.3z",
  };
  modescape.shapes = shapes;
  const dashes = { solid: "none", dash: "5 3", dot: "2 2", dashdot: "6 2 2 2", longdash: "8 4" };

  function add(svg, tag, attributes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }

  function sample(entry) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 22 14");
    svg.setAttribute("aria-hidden", "true");
    const color = `var(--${entry.role})`;
    const stroke = { fill: "none", stroke: color, "stroke-width": 3, "stroke-dasharray": dashes[entry.dash] };
    if (entry.symbol === "line" || entry.symbol === "dashes") add(svg, "path", { d: "M1 7H21", ...stroke });
    const muted = "var(--muted)";
    const edge = entry.is_mark ? { fill: "#ffffff", stroke: "#1b1f24", "stroke-width": 1.2 } : { fill: color };
    if (entry.symbol === "start") add(svg, "path", { d: shapes.circle, fill: "none", stroke: muted, "stroke-width": 2 });
    else if (entry.symbol === "end") add(svg, "path", { d: shapes.star, fill: muted });
    else if (entry.marker) add(svg, "path", { d: shapes[entry.marker], ...edge });
    return svg;
  }

  function addLegend(figure, entries, own) {
    const legend = figure.querySelector(".legend");
    entries.forEach((entry, number) => {
      const element = document.createElement(entry.is_mark ? "span" : "button");
      element.className = "entry";
      element.append(sample(entry), entry.label);
      legend.append(element);
      if (entry.is_mark) return;
      element.type = "button";
      element.title = "Show or hide";
      element.setAttribute("aria-pressed", "true");
      element.addEventListener("click", () => {
        const show = element.getAttribute("aria-pressed") === "false";
        element.setAttribute("aria-pressed", String(show));
        for (const item of own) {
          item.hidden[show ? "delete" : "add"](number);
          modescape.draw(item);
        }
      });
    });
  }

  function addPanel(figure, spec, name, number, isSingle) {
    const panel = document.createElement("div");
    panel.className = isSingle && spec.kind in modescape.grids ? "panel single" : `panel panel-${spec.kind}`;
    if (spec.title) {
      const title = document.createElement("h4");
      title.textContent = spec.title;
      panel.append(title);
    }
    const plot = document.createElement("div");
    plot.id = `${name}-plot-${number}`;
    plot.className = `chart chart-${spec.kind}`;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", spec.alt);
    if (spec.height) plot.style.height = `${spec.height}px`;
    if (spec.scale) panel.append(scaleOf(spec.scale));
    panel.append(plot);
    figure.querySelector(".panels").append(panel);
    const item = { spec, plot, figure: name, hidden: new Set(), mark: [] };
    if (spec.kind in modescape.grids) addCell(item, figure, panel);
    items.push(item);
    return item;
  }

  // The key of the colours of cells.
  function scaleOf(scale) {
    const element = document.createElement("div");
    element.className = "scale";
    for (const [name, text] of [["label", scale.label], ["low", scale.low], ["bar", ""], ["high", scale.high]]) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      if (name === "bar") part.style.background = `linear-gradient(to right, ${scale.colors.join(", ")})`;
      if (name === "bar") part.append(...(scale.ticks ?? []).map(tickOf));
      element.append(part);
    }
    return element;
  }

  // A round number below its colour.
  function tickOf({ at, text }) {
    const tick = document.createElement("span");
    tick.className = "tick";
    tick.textContent = text;
    tick.style.left = `${100 * at}%`;
    return tick;
  }

  // Where the numbers of a chosen cell are told: below its panel, or below all panels that share it.
  function cellOf(item, figure, panel) {
    const shared = modescape.grids[item.spec.kind].isShared;
    const known = shared && figure.querySelector(".panels + .cell");
    if (known) return known;
    const cell = document.createElement("div");
    cell.className = "cell";
    cell.id = item.plot.id + "-cell";
    cell.setAttribute("aria-live", "polite");
    if (shared) figure.querySelector(".panels").after(cell);
    else panel.append(cell);
    return cell;
  }

  function addCell(item, figure, panel) {
    const { plot } = item;
    // "application" hands the arrow keys to us instead of to a screen reader's own cursor.
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-roledescription", modescape.grids[item.spec.kind].role);
    plot.tabIndex = 0;
    item.cell = cellOf(item, figure, panel);
    plot.setAttribute("aria-describedby", item.cell.id);
    modescape.grids[item.spec.kind].prepare(item);
  }

  const nextFrame = () => new Promise((resolve) => setTimeout(resolve, 0));

  async function start() {
    for (const drawing of JSON.parse(document.getElementById("drawings").textContent)) {
      const figure = document.getElementById(drawing.name);
      figure.querySelector("[data-png]").href = figure.querySelector(".picture").src;
      const own = drawing.panels.map((spec, number) =>
        addPanel(figure, spec, drawing.name, number, drawing.panels.length === 1));
      addLegend(figure, drawing.legend, own);
    }
    for (const item of items) {
      await modescape.draw(item);
      if (item.cell) modescape.grids[item.spec.kind].selectable(item, items);
      await nextFrame();
    }
    modescape.onTheme.push(() => items.forEach(modescape.draw));
    document.documentElement.dataset.drawn = "true";
  }

  start();
})();
