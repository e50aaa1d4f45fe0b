// Slow requests with their phases, and what the proxy has answered with errors.

import { bodyOf, h, part, say } from "./dom.js";
import { Table, column } from "./tables.js";
import { bytes, clock, duration, exact } from "./units.js";

export class SlowView {
  constructor() {
    this.note = h("p", { class: "note" });
    const columns = [
      column("Time", (each) => clock(each.time), "time"),
      { title: "Request", head: true, as: "subject key", write: request },
      column("Server", (each) => each.server ?? ""),
      { title: "Queued + server", as: "phases", write: phases, hint: "before it was written, and from then to the reply" },
      column("Total", (each) => duration(each.total), "number"),
      column("Sent", (each) => bytes(each.bytes), "number"),
      column("Reply", (each) => bytes(each.reply_bytes), "number"),
      column("Error", (each) => each.error ?? "", "wide"),
    ];
    this.table = new Table("Slow requests, newest first", columns, keyOf, "", true);
    bodyOf("slow").append(this.note, this.table.element);
  }

  show({ threshold, requests }) {
    const off = threshold === null;
    this.note.hidden = off || !requests.length;
    say(this.note, `${duration(threshold)} or longer (slow_log_threshold), newest first.`);
    const none = off ? "The slow log of this pool is off (slow_log_threshold: 0)." : `No request took ${duration(threshold)} or longer.`;
    const longest = Math.max(...requests.map((each) => each.total));
    const seen = new Map();
    this.table.show(requests.map((each) => ({ ...each, longest, again: repeated(seen, each) })), none);
  }
}

// Two requests may be alike in every field.
function repeated(seen, each) {
  const key = `${each.time} ${each.server} ${each.command} ${each.key}`;
  seen.set(key, (seen.get(key) ?? 0) + 1);
  return seen.get(key);
}

const keyOf = (each) => `${each.time} ${each.again} ${each.server} ${each.command} ${each.key}`;

function request(cell, { command, key }) {
  say(part(cell, "command"), command);
  say(part(cell, "value"), key === null ? "" : ` ${key}`);
}

function phases(cell, { queued, server_time: server, total, longest }) {
  const bar = part(cell, "bar");
  part(bar, "queued").style.width = `${((queued ?? total) / longest) * 100}%`;
  part(bar, "served").style.width = `${((queued === null ? 0 : (server ?? 0)) / longest) * 100}%`;
  say(part(cell, "value"), queued === null ? "never sent" : `${duration(queued)} + ${duration(server)}`);
}

export class FailuresView {
  constructor() {
    const columns = [
      { title: "Server", head: true, as: "subject", write: (cell, each) => say(cell, each.server ?? "no server was live") },
      column("Reason", (each) => each.reason, "wide"),
      column("Requests", (each) => exact(each.count), "number"),
    ];
    const keyed = (each) => `${each.server}\n${each.reason}`;
    const none = "No request was answered with an error of the proxy's own.";
    this.table = new Table("Errors since the start", columns, keyed, none, true);
    bodyOf("failures").append(this.table.element);
  }

  show({ failures }) {
    this.table.show([...failures].sort((a, b) => b.count - a.count));
  }
}
