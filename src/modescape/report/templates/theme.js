"use strict";
// Runs in the head, before anything is painted: chooses light or dark, and says that scripts work.
const modescape = { onTheme: [] };
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
