// Ejecting and readmitting: the questions before, and what is said after.

import { Refused, steer, token } from "./api.js";
import { byId, say } from "./dom.js";

const DONE = { eject: "is out until it is readmitted", readmit: "is in again" };

let asked = Promise.resolve();

/**
 * A question; the answer is what was typed, or null for no. One at a time: a dialog that has closed
 * tells it a moment later, and would tell it to the next question too.
 */
function ask(...question) {
  asked = asked.then(() => answerOf(...question));
  return asked;
}

function answerOf(title, text, yes, wantsToken) {
  const [dialog, field] = [byId("ask"), byId("ask-token")];
  say(byId("ask-title"), title);
  say(byId("ask-text"), text);
  say(byId("ask-yes"), yes);
  byId("ask-field").hidden = !wantsToken;
  field.required = wantsToken;
  field.disabled = !wantsToken;
  field.value = "";
  dialog.returnValue = "no";
  byId("ask-no").onclick = () => dialog.close("no");
  dialog.showModal();
  if (wantsToken) field.focus();
  return new Promise((answer) => {
    const closed = () => answer(dialog.returnValue === "yes" ? field.value.trim() : null);
    dialog.addEventListener("close", closed, { once: true });
  });
}

export function notice(text, isBad = false) {
  const node = byId("notice");
  node.className = isBad ? "notice bad" : "notice";
  node.hidden = !text;
  say(node, text);
}

async function isMeant(pool, server, deed) {
  if (deed !== "eject" || pool.live !== 1) return true;
  const text = `${server.name} is the last live server of ${pool.name}. Without it every request of the pool fails.`;
  return (await ask(`Eject the last live server?`, text, "Eject it")) !== null;
}

async function hasToken(why) {
  if (token.get()) return true;
  const text = `${why}The first line of the file that the proxy was started with as --http-token-file. It is kept until this tab is closed.`;
  const given = await ask("Who may change this?", text, "Use this token", true);
  if (given) token.set(given);
  return Boolean(given);
}

/** Have it done, and say what came of it. Fires when it is. */
export async function steerServer(pool, server, deed, why = "") {
  if (!why && !(await isMeant(pool, server, deed))) return;
  if (!(await hasToken(why))) return;
  try {
    await steer(pool.name, server.name, deed);
    notice(`${server.name} of ${pool.name} ${DONE[deed]}.`);
  } catch (error) {
    await refused(error, pool, server, deed);
  }
}

async function refused(error, pool, server, deed) {
  if (error instanceof Refused && error.status === 401) {
    token.forget();
    notice(`${server.name} was left as it is: the token was not accepted.`, true);
    await steerServer(pool, server, deed, "The token was not accepted. ");
    return;
  }
  const text = error instanceof Refused ? error.message : "the proxy does not answer";
  notice(`${server.name} was left as it is: ${text}.`, true);
}
