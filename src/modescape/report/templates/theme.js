"use strict";
// Runs in the head, before anything is painted: chooses light or dark, and says that scripts work.
// `grids` holds what each kind of panel whose cells can be chosen needs, by the name of the kind; `painters` holds how
// the kinds are drawn that plotly does not draw; `details` holds what a chosen cell of a matrix can show.
const modescape = { onTheme: [], grids: {}, painters: {}, details: {} };
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;

  modescape.setTheme = (name) => {
    root.dataset.theme = name;
    const button = document.getElementById("theme");
    if (button) button.setAttribute("aria-pressed", String(name === "dark"));
    for (const listener of modescape.onTheme) listener();
  };
  // A role of colors.py, as #rrggbb.
  modescape.color = (role) => getComputedStyle(root).getPropertyValue("--" + role).trim();

  modescape.append = (parent, tag, text) => {
    const child = document.createElement(tag);
    child.textContent = text;
    parent.append(child);
    return child;
  };
  // plotly reads a few tags in texts, so markup is written out.
  modescape.plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  root.classList.add("script");
  modescape.setTheme(system.matches ? "dark" : "light");
  system.addEventListener("change", () => {
    if (!chosen) modescape.setTheme(system.matches ? "dark" : "light");
  });
  document.addEventListener("DOMContentLoaded", () => {
    modescape.setTheme(root.dataset.theme);
    document.getElementById("theme").addEventListener("click", () => {
      chosen = true;
      modescape.setTheme(root.dataset.theme === "dark" ? "light" : "dark");
    });
  });
})();
