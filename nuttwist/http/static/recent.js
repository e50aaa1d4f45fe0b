// What the counters did lately: differences between what was told now and a little earlier.

const RATE_SECONDS = 5;
const LATENCY_SECONDS = 30;

export class Recent {
  #looks = [];

  add(time, servers) {
    const last = this.#looks.at(-1);
    if (last && time <= last.time) return;
    if (last && servers.some((each) => each.requests < (last.servers.get(each.name)?.requests ?? 0)))
      this.#looks = [];
    this.#looks.push({ time, servers: new Map(servers.map((each) => [each.name, each])) });
    while (this.#looks[0].time < time - LATENCY_SECONDS - 1) this.#looks.shift();
  }

  /** Requests a second, and the quantiles, of a server; null when not known. */
  of(name) {
    const now = this.#looks.at(-1);
    const before = this.#before(name, RATE_SECONDS);
    const after = now?.servers.get(name);
    if (!after || !before) return { rate: null, p50: null, p99: null };
    const rate = (after.requests - before.server.requests) / (now.time - before.time);
    const earlier = this.#before(name, LATENCY_SECONDS).server;
    const buckets = difference(earlier.latency.buckets, after.latency.buckets);
    return { rate, p50: quantile(buckets, 0.5), p99: quantile(buckets, 0.99) };
  }

  #before(name, seconds) {
    const now = this.#looks.at(-1);
    const look = this.#looks.find(
      (each) => each !== now && each.time >= now.time - seconds - 0.5 && each.servers.has(name),
    );
    return look && { time: look.time, server: look.servers.get(name) };
  }
}

function difference(before, after) {
  return after.map(([bound, below], at) => [bound, below - before[at][1]]);
}

/** Between the bounds of a bucket it is taken to be spread evenly, as Prometheus does. */
export function quantile(buckets, part) {
  const all = buckets.at(-1)[1];
  if (!all) return null;
  let [floor, under] = [0, 0];
  for (const [bound, below] of buckets) {
    if (below >= part * all)
      return bound === "+Inf" ? floor : floor + ((bound - floor) * (part * all - under)) / (below - under || 1);
    [floor, under] = [bound, below];
  }
  return floor;
}
