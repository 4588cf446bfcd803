/** @import { ToldWords } from './told-words.js' */
import { element, KeyedList, setText } from './dom.js';

/** A list of what happened, the newest first, with one line in place of none. */
export class ToldList {
  #empty;
  #items;

  /** @param {HTMLElement} list @param {string} empty what is said where there is nothing */
  constructor(list, empty) {
    this.#empty = element('p', 'faint', [empty]);
    list.before(this.#empty);
    this.#items = new KeyedList(list, makeItem, updateItem);
  }

  /** @param {readonly (readonly [key: string, words: ToldWords])[]} items the newest first */
  show(items) {
    this.#empty.hidden = items.length > 0;
    this.#items.show(items);
  }
}

const makeItem = () =>
  element('li', '', [element('time'), element('b'), element('p', 'message'), element('p', 'advice')]);

/** @param {HTMLLIElement} item @param {ToldWords} words */
const updateItem = (item, { time, title, message, advice, isTrouble }) => {
  const [clock, head, said, todo] = item.children;
  if (clock === undefined || head === undefined || said === undefined || todo === undefined) return;
  item.className = isTrouble ? 'trouble' : '';
  setText(clock, time);
  setText(head, title);
  setText(said, message);
  setText(todo, advice === '' ? '' : `What to do: ${advice}`);
};
