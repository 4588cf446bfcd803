import { setText } from './dom.js';

/** A screen reader is told no more often. */
const PAUSE_MS = 5000;
const MOST_SENTENCES = 3;

/**
 * Tells a screen reader what has changed, politely: what comes meanwhile is told together, three sentences and how many more.
 */
export class Announcer {
  #region;
  /** @type {string[]} */
  #waiting = [];
  #more = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
  }

  /** @param {string} sentence */
  say(sentence) {
    if (this.#waiting.length < MOST_SENTENCES) this.#waiting.push(sentence);
    else this.#more += 1;
    if (this.#timer === undefined) this.#speak();
  }

  #speak() {
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const more = this.#more === 0 ? [] : [`And ${this.#more} more.`];
    setText(this.#region, [...this.#waiting, ...more].join(' '));
    this.#waiting = [];
    this.#more = 0;
    this.#timer = setTimeout(() => this.#speak(), PAUSE_MS);
  }
}
