/** @import { EngineSnapshot } from '../snapshot/engine-snapshot.js' */
/** @import { HistoryRow } from '../snapshot/job-histories.js' */
/** @import { AccessToken } from './access-token.js' */
import { EventParser } from './event-parser.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Who is told of what comes.
 * @typedef {object} FeedListener
 * @property {(snapshot: EngineSnapshot) => void} jobs
 * @property {(histories: Readonly<Record<string, readonly HistoryRow[]>>) => void} histories comes before the first picture, at each beginning
 * @property {(words: string, isLive: boolean) => void} state how the feed itself stands
 * @property {(problem: string) => void} tokenNeeded nothing comes before `restart`
 */

/**
 * The server's events, for as long as the page is there: with a token in a header, which an EventSource cannot send. What was cut is asked
 * for again, after half a second at first, then twice as long up to ten.
 */
export class LiveFeed {
  #token;
  #listener;
  #waitMs = FIRST_WAIT_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | undefined} */
  #running;

  /** @param {AccessToken} token @param {FeedListener} listener */
  constructor(token, listener) {
    this.#token = token;
    this.#listener = listener;
  }

  /** Begins, or begins anew with another token. */
  restart() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = new AbortController();
    void this.#follow(this.#running.signal);
  }

  /** @param {AbortSignal} signal */
  async #follow(signal) {
    try {
      const response = await fetch('api/events', { headers: this.#token.headers, cache: 'no-store', signal });
      if (response.status === 401) return this.#refused();
      if (!response.ok || response.body === null) throw new Error(await messageOf(response));
      await this.#read(response.body);
      throw new Error('the server has ended the connection');
    } catch (error) {
      if (!signal.aborted) this.#again(error);
    }
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const parser = new EventParser();
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) this.#take(event, data);
    }
  }

  /** @param {string} event @param {string} data */
  #take(event, data) {
    if (event === 'histories') this.#listener.histories(JSON.parse(data));
    // what has happened is in each picture of the jobs, too
    if (event !== 'jobs') return;
    this.#waitMs = FIRST_WAIT_MS;
    this.#listener.state('live', true);
    this.#listener.jobs(JSON.parse(data));
  }

  #refused() {
    const problem = this.#token.isThere ? 'This token is not the one that the server has.' : '';
    this.#token.forget();
    this.#listener.state('a token is needed', false);
    this.#listener.tokenNeeded(problem);
  }

  /** @param {unknown} error */
  #again(error) {
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    const why = error instanceof TypeError || !(error instanceof Error) ? 'the server is away' : error.message;
    this.#listener.state(`${why}: tried again in ${Math.ceil(waitMs / 1000)} s`, false);
    this.#timer = setTimeout(() => this.restart(), waitMs);
  }
}

/** What the server says of an answer that is none. @param {Response} response @returns {Promise<string>} */
export const messageOf = async (response) => {
  try {
    const { error } = await response.json();
    return typeof error?.message === 'string' ? error.message : `status ${response.status}`;
  } catch {
    return `status ${response.status}`;
  }
};
