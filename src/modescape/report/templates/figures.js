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
    const layout = themed({ ...item.spec.layout, shapes: item.mark });
    // A finger that scrolls the page must not draw a zoom box.
    layout.dragmode = window.matchMedia("(pointer: coarse)").matches ? false : "zoom";
    const data = themed(item.spec.data).map((trace) => ({ ...trace, visible: !item.hidden.has(trace.meta?.entry) }));
    return Plotly.react(item.plot, data, layout, config);
  };

  const SVG = "http://www.w3.org/2000/svg";
  function sample(entry) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 22 14");
    svg.setAttribute("aria-hidden", "true");
    const color = `var(--${entry.role})`;
    const shapes = {
      line: ["path", { d: "M1 7H21", stroke: color, "stroke-width": 3 }],
      dashes: ["path", { d: "M1 7H21", stroke: color, "stroke-width": 3, "stroke-dasharray": "5 3" }],
      start: ["circle", { cx: 11, cy: 7, r: 5, fill: "none", stroke: "var(--muted)", "stroke-width": 2 }],
      end: ["path", { d: "M11 0l1.9 4.9 5.1.3-4 3.3 1.3 5-4.3-2.8-4.3 2.8 1.3-5-4-3.3 5.1-.3z", fill: "var(--muted)" }],
    };
    const [tag, attributes] = shapes[entry.symbol];
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
    return svg;
  }

  function addLegend(figure, entries, own) {
    const legend = figure.querySelector(".legend");
    entries.forEach((entry, number) => {
      const isLine = entry.symbol === "line" || entry.symbol === "dashes";
      const element = document.createElement(isLine ? "button" : "span");
      element.className = "entry";
      element.append(sample(entry), entry.label);
      legend.append(element);
      if (!isLine) return;
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
    panel.className = isSingle && spec.kind === "matrix" ? "panel single" : "panel";
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
    if (spec.kind === "matrix") panel.append(scaleOf(spec.scale));
    panel.append(plot);
    figure.querySelector(".panels").append(panel);
    const item = { spec, plot, hidden: new Set(), mark: [] };
    if (spec.kind === "matrix") addCell(item, panel);
    items.push(item);
    return item;
  }

  // The key of the colours of a matrix.
  function scaleOf(scale) {
    const element = document.createElement("div");
    element.className = "scale";
    for (const [name, text] of [["label", scale.label], ["low", scale.low], ["bar", ""], ["high", scale.high]]) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      if (name === "bar") part.style.background = `linear-gradient(to right, ${scale.colors.join(", ")})`;
      element.append(part);
    }
    return element;
  }

  function addCell(item, panel) {
    const { plot } = item;
    // "application" hands the arrow keys to us instead of to a screen reader's own cursor.
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-roledescription", "matrix");
    plot.tabIndex = 0;
    item.cell = document.createElement("div");
    item.cell.className = "cell";
    item.cell.id = plot.id + "-cell";
    item.cell.setAttribute("aria-live", "polite");
    plot.setAttribute("aria-describedby", item.cell.id);
    panel.append(item.cell);
    modescape.addHoverTexts(item.spec);
    plot.style.aspectRatio = `${item.spec.columns.length} / ${item.spec.rows.length}`;
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
      if (item.cell) modescape.selectable(item, item.cell);
      await nextFrame();
    }
    modescape.onTheme.push(() => items.forEach(modescape.draw));
    document.documentElement.dataset.drawn = "true";
  }

  start();
})();
