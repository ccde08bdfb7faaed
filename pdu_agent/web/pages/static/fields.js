// SPDX-License-Identifier: Apache-2.0
// What a form sends: JSON from its fields.

const CONVERSIONS = {
  text: (text) => text,
  number: (text) => (text.trim() === "" ? null : Number(text)),
  minutes: (text) => (text.trim() === "" ? null : 60 * Number(text)),
  list: (text) => text.split(",").map((each) => each.trim()).filter(Boolean),
  numbers: (text) => text.split(/[\s,]+/).filter(Boolean).map(Number),
  day: (text) => (text === "" ? null : `${text}T00:00:00Z`),
  rights: (text) => Object.fromEntries(text.split(",").filter((each) => each.trim())
    .map((each) => each.split(":").map((word) => word.trim()))),
  json: (text) => (text.trim() === "" ? null : JSON.parse(text)),
};

function valueOf(field, form) {
  const send = field.dataset.send ?? "text";
  if (send === "boolean") return field.checked;
  if (field.type === "checkbox" || field.multiple) {
    const several = field.multiple
      ? [...field.selectedOptions].map((each) => each.value)
      : [...form.querySelectorAll(`[name="${CSS.escape(field.name)}"]:checked`)].map((each) => each.value);
    return send === "numbers" ? several.map(Number) : several;
  }
  return CONVERSIONS[send](field.value);
}

function hasChanged(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const options = [...field.options];
  if (!options.some((each) => each.defaultSelected)) return field.selectedIndex !== 0;
  return options.some((each) => each.selected !== each.defaultSelected);
}

/** The object that a form sends; "a.b" is b of the object a. With data-changed on the form only
 * what was changed is in it. Fields with data-omit are left out while they are empty. */
export function bodyOf(form) {
  const body = {};
  const seen = new Set();
  for (const field of form.elements) {
    if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
    if (seen.has(field.name) && field.type !== "radio") continue;
    seen.add(field.name);
    const siblings = [...form.elements].filter((each) => each.name === field.name);
    if ("changed" in form.dataset && !siblings.some(hasChanged)) continue;
    if ("omit" in field.dataset && field.value === "") continue;
    put(body, field.name.split("."), valueOf(field, form));
  }
  return body;
}

function put(body, names, value) {
  const last = names.pop();
  let place = body;
  for (const name of names) place = place[name] ??= {};
  place[last] = value;
}

/** "/plans/{name}/run" with the fields that stand in the path taken out of what is sent. */
export function filledPath(template, body) {
  const rest = { ...body };
  const path = template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(value ?? "");
  });
  return { path, rest };
}
