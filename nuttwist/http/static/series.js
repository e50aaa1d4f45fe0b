// The last five minutes of all pools. Only what is new is asked for.

const SECONDS = 300;
const RATE_POINTS = 5;
const MEANS = ["requests", "errors", "bytes"];

export class Series {
  times = [];
  pools = {};

  /** The query that asks for what is not here yet. */
  query() {
    return `series?after=${Math.floor(this.times.at(-1) ?? 0)}`;
  }

  forget() {
    this.times = [];
    this.pools = {};
  }

  add({ times, pools }) {
    const last = this.times.at(-1) ?? -Infinity;
    const first = times.findIndex((each) => each > last);
    const fresh = first < 0 ? [] : times.slice(first);
    const all = [...this.times, ...fresh];
    const old = all.findIndex((each) => each >= all.at(-1) - SECONDS);
    const kept = {};
    for (const [name, lines] of Object.entries(pools)) {
      kept[name] = {};
      for (const [field, values] of Object.entries(lines)) {
        const before = this.pools[name]?.[field] ?? this.times.map(() => null);
        kept[name][field] = [...before, ...(first < 0 ? [] : values.slice(first))].slice(Math.max(0, old));
      }
    }
    this.times = all.slice(Math.max(0, old));
    this.pools = kept;
  }

  of(pool) {
    return this.pools[pool] ?? {};
  }

  /** What a pool does now: rates over a few seconds, quantiles of the last second with a reply. */
  last(pool) {
    const lines = this.of(pool);
    const values = {};
    for (const [field, all] of Object.entries(lines)) {
      const few = all.slice(-RATE_POINTS).filter((each) => each !== null);
      if (!few.length) values[field] = null;
      else if (MEANS.includes(field)) values[field] = few.reduce((sum, each) => sum + each, 0) / few.length;
      else values[field] = few.at(-1);
    }
    return values;
  }
}
