/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
import { byId, element, KeyedList, setAttributes, setText } from './dom.js';
import { perSecond } from './format.js';

/** Which of several jobs is looked at. */
export class JobTabs {
  #nav = byId('jobs', HTMLElement);
  #list;
  /** @type {(job: string) => void} */
  #choose;
  #chosen = '';

  /** @param {(job: string) => void} choose */
  constructor(choose) {
    this.#choose = choose;
    /** @type {KeyedList<JobSnapshot, HTMLLIElement>} */
    this.#list = new KeyedList(
      this.#nav.querySelector('ul') ?? this.#nav,
      () => this.#make(),
      (item, job) => this.#update(item, job),
    );
  }

  /** @param {readonly JobSnapshot[]} jobs @param {string} chosen */
  show(jobs, chosen) {
    this.#chosen = chosen;
    this.#nav.hidden = jobs.length < 2;
    this.#list.show(jobs.map((job) => [job.name, job]));
  }

  #make() {
    const button = element('button', 'tab', [element('b'), element('span')]);
    button.type = 'button';
    button.addEventListener('click', () => this.#choose(button.value));
    return element('li', '', [button]);
  }

  /** @param {HTMLLIElement} item @param {JobSnapshot} job */
  #update(item, { name, status, rates, reasons }) {
    const button = item.firstElementChild;
    const [title, state] = button?.children ?? [];
    if (!(button instanceof HTMLButtonElement) || title === undefined || state === undefined) return;
    button.value = name;
    setAttributes(button, { 'aria-current': name === this.#chosen ? 'true' : 'false' });
    button.className = reasons.length === 0 ? 'tab' : 'tab trouble';
    setText(title, name);
    setText(state, `${status}, ${perSecond(rates.receivedPerSecond)} in, ${perSecond(rates.deliveredPerSecond)} out`);
  }
}
