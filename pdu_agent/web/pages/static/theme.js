// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint: a theme that was chosen here must not flash the other one.
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
