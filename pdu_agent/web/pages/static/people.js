// SPDX-License-Identifier: Apache-2.0
// The secret of a new token: the answer to its form is the only place where it ever stands.

const place = document.getElementById("secret");

document.addEventListener("api:done", ({ target, detail }) => {
  if (!detail.secret || !place) return;
  place.querySelector("[data-secret-name]").textContent = detail.token.name;
  place.querySelector("[data-secret]").textContent = detail.secret;
  place.hidden = false;
  target.hidden = true;
  place.scrollIntoView({ block: "nearest" });
});
