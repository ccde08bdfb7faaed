// SPDX-License-Identifier: Apache-2.0
// On every page: actions, the theme, and what follows the unit live.

import "./actions.js";

const theme = document.querySelector("[data-theme-switch]");
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

function present() {
  return root.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function labelTheme() {
  if (theme) theme.textContent = present() === "dark" ? "Light theme" : "Dark theme";
}

theme?.addEventListener("click", () => {
  root.dataset.theme = present() === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  labelTheme();
  document.dispatchEvent(new CustomEvent("theme:changed"));
});
dark.addEventListener("change", labelTheme);
labelTheme();

if (document.body.dataset.stream) await import("./live.js");
if (document.querySelector("[data-chart]")) await import("./charts.js");
