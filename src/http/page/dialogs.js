import { byId, setText } from './dom.js';

/** A question that covers the page until it is answered. Nothing of it is ever sent as a form. */
class Question {
  #dialog;
  /** @type {(yes: boolean) => void} */
  #answer = () => {};

  /** @param {string} id */
  constructor(id) {
    this.#dialog = byId(id, HTMLDialogElement);
    this.#dialog.querySelector('form')?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#close(true);
    });
    this.#dialog.querySelector('[data-close]')?.addEventListener('click', () => this.#close(false));
    this.#dialog.addEventListener('close', () => this.#answer(false));
  }

  /** @returns {Promise<boolean>} */
  ask() {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#answer(false);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** @param {boolean} yes */
  #close(yes) {
    this.#answer(yes);
    this.#dialog.close();
  }
}

/** Asks for the token. */
export class TokenQuestion {
  #question = new Question('token');
  #why = byId('token-why', HTMLElement);
  #input = byId('token-text', HTMLInputElement);

  /** @param {string} why shown above the field @returns {Promise<string | undefined>} undefined: none was given */
  async ask(why) {
    setText(
      this.#why,
      [why, 'It is sent with each request, and kept in this tab until that is closed.'].filter(Boolean).join(' '),
    );
    const given = await this.#question.ask();
    const token = this.#input.value.trim();
    this.#input.value = '';
    return given && token !== '' ? token : undefined;
  }
}

/** Asks whether something is really to be done. */
export class Confirmation {
  #question = new Question('confirm');
  #title = byId('confirm-title', HTMLElement);
  #text = byId('confirm-text', HTMLElement);
  #button = document.querySelector('#confirm button[type=submit]');

  /** @param {string} title @param {string} text @param {string} button @returns {Promise<boolean>} */
  ask(title, text, button) {
    setText(this.#title, title);
    setText(this.#text, text);
    if (this.#button !== null) setText(this.#button, button);
    return this.#question.ask();
  }
}
