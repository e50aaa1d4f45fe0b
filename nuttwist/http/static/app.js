// The page: asks the proxy each second, and hands what it says to the parts.

import { Refused, get, poolPath } from "./api.js";
import { byId, say } from "./dom.js";
import { EventsView } from "./events.js";
import { KeysView } from "./keys.js";
import { Overview } from "./overview.js";
import { Polling } from "./polling.js";
import { PoolsView } from "./pools.js";
import { Recent } from "./recent.js";
import { RingView } from "./ring.js";
import { Series } from "./series.js";
import { ServersView } from "./servers.js";
import { FailuresView, SlowView } from "./slow.js";
import { steerServer } from "./steering.js";
import { age, clock } from "./units.js";

// Rounds between two questions for what changes slowly.
const SELDOM = 3;

class Page {
  #about = null;
  #pools = [];
  #series = new Series();
  #recent = new Map();
  #chosen = null;
  #ringOf = "";
  #round = 0;
  #lastAnswer = null;

  constructor() {
    this.polling = new Polling(() => this.#ask(), (error) => this.#told(error));
    this.poolsView = new PoolsView();
    this.overview = new Overview();
    this.serversView = new ServersView((server, deed) => this.#steer(server, deed));
    this.ringView = new RingView();
    this.keysView = new KeysView(() => this.#now());
    this.slowView = new SlowView();
    this.failuresView = new FailuresView();
    this.eventsView = new EventsView();
    addEventListener("hashchange", () => this.#choose());
    document.addEventListener("click", within);
    this.polling.soon();
  }

  get pool() {
    return this.#pools.find((each) => each.name === this.#chosen);
  }

  #now() {
    this.#round = 0;
    this.polling.soon();
  }

  // -- asking

  async #ask() {
    if (this.#lost || this.#round % (SELDOM * 5) === 0) await this.#who();
    const [pools, series, events] = await Promise.all(
      ["pools", this.#series.query(), this.eventsView.query()].map(get),
    );
    this.#take(pools, series, events);
    if (this.pool) await this.#askAbout(this.pool);
    this.#round += 1;
  }

  async #who() {
    const about = await get("about");
    if (this.#about && this.#about.started !== about.started) {
      this.#series.forget();
      this.eventsView.forget();
      this.#recent.clear();
    }
    this.#about = about;
  }

  async #askAbout(pool) {
    const states = JSON.stringify([pool.name, pool.servers.map((each) => [each.name, each.state, each.share])]);
    const questions = [];
    if (states !== this.#ringOf)
      questions.push([poolPath(pool.name, "/ring"), (told) => this.ringView.show(told)]);
    if (this.#round % SELDOM === 0)
      questions.push(
        [poolPath(pool.name, `/keys?by=${this.keysView.by}&limit=20`), (told) => this.keysView.show(told)],
        [poolPath(pool.name, "/slow?limit=50"), (told) => this.slowView.show(told)],
        [poolPath(pool.name), (told) => this.failuresView.show(told)],
      );
    const answers = await Promise.all(questions.map(([path]) => get(path)));
    if (pool.name !== this.#chosen) return;
    answers.forEach((told, at) => questions[at][1](told));
    this.#ringOf = states;
  }

  // -- showing

  #take({ time, pools }, series, events) {
    this.#pools = pools;
    this.#series.add(series);
    for (const each of pools) {
      if (!this.#recent.has(each.name)) this.#recent.set(each.name, new Recent());
      this.#recent.get(each.name).add(time, each.servers);
    }
    this.eventsView.add(events);
    this.#time = time;
    this.#show();
  }

  #time = 0;

  #show() {
    if (!this.pool) this.#chosen = wanted(this.#pools) ?? this.#pools[0]?.name ?? null;
    byId("waiting").hidden = true;
    byId("events").hidden = false;
    this.poolsView.show(this.#pools, this.#series, this.#chosen);
    byId("pool").hidden = !this.pool;
    if (!this.pool) return;
    this.overview.show(this.pool, this.#series);
    this.serversView.show(this.pool, this.#recent.get(this.pool.name), this.#time, this.#about.steerable);
  }

  #choose() {
    const name = location.hash ? wanted(this.#pools) : this.#pools[0]?.name;
    if (!name || name === this.#chosen) return;
    this.#chosen = name;
    this.#ringOf = "";
    this.#show();
    byId("pool-name").scrollIntoView({ block: "nearest" });
    this.#now();
  }

  async #steer(server, deed) {
    await steerServer(this.pool, server, deed);
    this.polling.soon();
  }

  // -- the connection

  get #lost() {
    return document.body.classList.contains("lost");
  }

  #told(error) {
    document.body.classList.toggle("lost", error !== null);
    if (error === null) this.#lastAnswer = Date.now() / 1000;
    const { source, version, started, workers } = this.#about ?? {};
    if (this.#about) {
      const many = workers.length ? `, ${workers.length} workers` : "";
      say(byId("about"), `${source} · ${version}${many} · up ${age(this.#time - started)}`);
      document.title = `${trouble(this.#pools)}${source} · nuttwist`;
    }
    const node = byId("connection");
    node.className = error === null ? "good" : "bad";
    say(node, error === null ? "● live" : this.#complaint(error));
    if (error && !this.#about) say(byId("waiting"), "The proxy does not answer yet.");
  }

  #complaint(error) {
    const since = this.#lastAnswer === null ? "" : ` since ${clock(this.#lastAnswer)}`;
    return error instanceof Refused
      ? `▲ no answer${since}: ${error.message}`
      : `▲ no connection${since}, trying again`;
  }
}

/** A link to a part of the page goes there, and leaves the pool in the address. */
function within(event) {
  const id = event.target.closest?.("a[href^='#']")?.getAttribute("href").slice(1);
  const goal = id && byId(id);
  if (!goal) return;
  event.preventDefault();
  goal.scrollIntoView();
  goal.focus({ preventScroll: true });
}

/** The pool that the address names, if there is one. */
function wanted(pools) {
  const [, name] = location.hash.match(/^#pool=(.*)$/) ?? [];
  if (name === undefined) return null;
  return pools.find((each) => encodeURIComponent(each.name) === name || each.name === decoded(name))?.name ?? null;
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function trouble(pools) {
  const out = pools.reduce((sum, each) => sum + each.servers.length - each.live, 0);
  return out ? `▲ ${out} out · ` : "";
}

new Page();
