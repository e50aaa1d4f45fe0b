// Asks again and again: each second while somebody looks, seldom in a hidden tab, and more and more
// seldom while there is no answer.

const PAUSE = 1000;
const HIDDEN_PAUSE = 15000;
const LONGEST = 8000;

export class Polling {
  #timer = null;
  #busy = false;
  #again = false;
  #failures = 0;

  /** `ask` is awaited each time; `told` hears of its error, or null. */
  constructor(ask, told) {
    this.ask = ask;
    this.told = told;
    for (const name of ["visibilitychange", "online", "pageshow"])
      (name === "visibilitychange" ? document : window).addEventListener(name, () => this.soon());
  }

  /** Ask now, or as soon as the answer is there that is waited for. */
  async soon() {
    clearTimeout(this.#timer);
    this.#again = this.#busy;
    if (this.#busy) return;
    this.#busy = true;
    const wrong = await this.ask().then(() => null, (error) => error);
    this.#busy = false;
    this.#failures = wrong ? this.#failures + 1 : 0;
    this.told(wrong);
    this.#timer = setTimeout(() => this.soon(), this.#again ? 0 : this.#pause());
  }

  #pause() {
    const wanted = document.hidden ? HIDDEN_PAUSE : PAUSE;
    const backOff = this.#failures ? Math.min(PAUSE * 2 ** (this.#failures - 1), LONGEST) : 0;
    return Math.max(wanted, backOff);
  }
}
