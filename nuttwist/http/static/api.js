// The HTTP side's JSON; docs/api.md has the paths and shapes.

const BASE = "api/v1/";
const PATIENCE = 8000;
const KEPT = "nuttwist.token";

/** The proxy has answered, but with an error. */
export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function asked(path, options = {}) {
  const answer = await fetch(BASE + path, {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE),
    ...options,
  });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, body?.error ?? `the answer was ${answer.status}`);
  if (body === null) throw new Refused(answer.status, "the answer is no JSON");
  return body;
}

export const get = (path) => asked(path);

export const poolPath = (pool, rest = "") => `pools/${encodeURIComponent(pool)}${rest}`;

export const token = {
  get: () => sessionStorage.getItem(KEPT),
  set: (value) => sessionStorage.setItem(KEPT, value),
  forget: () => sessionStorage.removeItem(KEPT),
};

/** Have a server taken out or let in again. */
export function steer(pool, server, deed) {
  return asked(poolPath(pool, `/servers/${encodeURIComponent(server)}/${deed}`), {
    method: "POST",
    headers: { Authorization: `Bearer ${token.get()}` },
  });
}
