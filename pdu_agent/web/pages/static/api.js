// SPDX-License-Identifier: Apache-2.0
// Asking the API, as every action of the page does.

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** A refusal, as RFC 9457 words it. status is 0 where nobody answered. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The unit answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** What the API answers, decoded. Throws Refused. etag: what an edit is of. */
export async function ask(method, path, body, { etag, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = token();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { detail: "The unit does not answer." });
  }
  const text = await answer.text();
  const decoded = text && answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : {};
  if (answer.status === 401 && !path.endsWith("/session")) toLogin();
  if (!answer.ok) throw new Refused(answer.status, decoded);
  return decoded;
}

export function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
