// How a server stands, by sign, word and class: never by colour alone.

export const STATES = {
  live: { mark: "●", word: "live" },
  ejected: { mark: "▲", word: "ejected" },
  out: { mark: "■", word: "out by hand" },
};

/** Of a pool, in the same signs. */
export function standingOf(pool) {
  const all = pool.servers.length;
  if (pool.draining) return { state: "out", mark: "■", word: "draining" };
  if (!pool.listening) return { state: "ejected", mark: "▲", word: "not listening" };
  if (pool.live === all) return { state: "live", mark: "●", word: all === 1 ? "live" : `all ${all} live` };
  return { state: "ejected", mark: "▲", word: `${pool.live} of ${all} live` };
}
