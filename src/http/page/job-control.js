/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
/** @import { AccessToken } from './access-token.js' */
import { Confirmation } from './dialogs.js';
import { byId, element, KeyedList, setText } from './dom.js';
import { messageOf } from './live-feed.js';

/** @typedef {'suspend' | 'resume' | 'drain' | 'restart'} Action */

/** What can be asked of a job, by its status. @type {Readonly<Record<string, readonly Action[]>>} */
const ALLOWED = {
  NOT_RUNNING: ['suspend', 'drain'],
  STARTING: ['suspend', 'drain'],
  RUNNING: ['suspend', 'restart', 'drain'],
  SUSPENDED: ['resume', 'drain'],
};
/** @type {Readonly<Record<Action, string>>} */
const NAMES = { suspend: 'Suspend', resume: 'Resume', drain: 'Drain', restart: 'Restart' };
/** What cannot be taken back, or is felt by others. @type {Readonly<Partial<Record<Action, string>>>} */
const ASKED_TWICE = {
  drain: 'It reads no more, delivers what is in flight and ends. The process that it runs in may end with it.',
  restart: 'It delivers what is in flight, closes its connections and begins anew.',
};

/** Buttons that ask a job to do something, where the server allows it. */
export class JobControl {
  #token;
  #askToken;
  #group = byId('controls', HTMLElement);
  #said = byId('control-said', HTMLElement);
  #confirmation = new Confirmation();
  #buttons;
  #job = '';

  /**
   * @param {AccessToken} token
   * @param {(why: string) => Promise<boolean>} askToken resolves with whether there is one now
   */
  constructor(token, askToken) {
    this.#token = token;
    this.#askToken = askToken;
    this.#buttons = new KeyedList(
      this.#group.querySelector('div') ?? this.#group,
      () => this.#makeButton(),
      updateButton,
    );
  }

  /** @param {JobSnapshot} job @param {boolean} allowed */
  show({ name, status }, allowed) {
    if (name !== this.#job) setText(this.#said, '');
    this.#job = name;
    this.#group.hidden = !allowed;
    this.#buttons.show((ALLOWED[status] ?? []).map((action) => [action, action]));
  }

  #makeButton() {
    const button = element('button');
    button.type = 'button';
    button.addEventListener('click', () => void this.#ask(this.#job, actionOf(button.value)));
    return button;
  }

  /** @param {string} job @param {Action} action */
  async #ask(job, action) {
    const twice = ASKED_TWICE[action];
    if (twice !== undefined && !(await this.#confirmation.ask(`${NAMES[action]} ${job}?`, twice, NAMES[action])))
      return;
    if (!this.#token.isThere && !(await this.#askToken('Control needs the token.'))) return;
    setText(this.#said, `${NAMES[action]}: asked`);
    setText(this.#said, `${NAMES[action]}: ${await this.#post(job, action)}`);
  }

  /** @param {string} job @param {Action} action @returns {Promise<string>} what came of it */
  async #post(job, action) {
    try {
      const response = await fetch(`api/jobs/${encodeURIComponent(job)}/${action}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...this.#token.headers },
        body: '{}',
      });
      if (response.status === 401) this.#token.forget();
      if (response.status === 202) return 'it goes on';
      return response.ok ? 'done' : await messageOf(response);
    } catch {
      return 'the server is away';
    }
  }
}

/** @param {HTMLButtonElement} button @param {Action} action */
const updateButton = (button, action) => {
  button.value = action;
  setText(button, NAMES[action]);
};

/** @param {string} value @returns {Action} */
const actionOf = (value) => {
  const actions = /** @type {const} */ (['suspend', 'resume', 'drain', 'restart']);
  return actions.find((one) => one === value) ?? 'suspend';
};
