/*
 * All that the page shows is put into it here, as text or as an attribute that runs nothing: brokers and publishers chose some of it.
 */
const SVG = 'http://www.w3.org/2000/svg';

/**
 * The element of the page with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export const byId = (id, type) => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {string} className @param {readonly (Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export const element = (name, className = '', children = []) => {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
};

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name @param {Readonly<Record<string, string | number>>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
export const drawn = (name, attributes = {}) => {
  const made = document.createElementNS(SVG, name);
  setAttributes(made, attributes);
  return made;
};

/** Those that differ. @param {Element} target @param {Readonly<Record<string, string | number>>} attributes */
export const setAttributes = (target, attributes) => {
  for (const [name, value] of Object.entries(attributes))
    if (target.getAttribute(name) !== String(value)) target.setAttribute(name, String(value));
};

/** Nothing is done where it is there: a screen reader would begin anew. @param {Node} target @param {string} text */
export const setText = (target, text) => {
  if (target.textContent !== text) target.textContent = text;
};

/**
 * Elements for items that have a key: those that stay are kept, with what is focused or unfolded in them.
 * @template T @template {Element} E
 */
export class KeyedList {
  #parent;
  #make;
  #update;
  /** @type {Map<string, E>} */
  #elements = new Map();

  /** @param {Element} parent @param {() => E} make @param {(made: E, item: T) => void} update */
  constructor(parent, make, update) {
    this.#parent = parent;
    this.#make = make;
    this.#update = update;
  }

  /** In this order. @param {readonly (readonly [key: string, item: T])[]} items */
  show(items) {
    const elements = new Map(items.map(([key]) => [key, this.#elements.get(key) ?? this.#make()]));
    for (const [key, gone] of this.#elements) if (!elements.has(key)) gone.remove();
    this.#elements = elements;
    for (const [key, item] of items) {
      const one = elements.get(key);
      if (one !== undefined) this.#update(one, item);
    }
    let next = this.#parent.firstElementChild;
    for (const one of elements.values()) {
      if (one === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(one, next);
    }
  }
}

/**
 * What is told under names, as a list of definitions.
 * @param {HTMLElement} list
 * @param {readonly (readonly [name: string, value: string])[]} pairs
 */
export const showPairs = (list, pairs) => {
  while (list.children.length > pairs.length) list.lastElementChild?.remove();
  while (list.children.length < pairs.length) list.append(element('div', '', [element('dt'), element('dd')]));
  pairs.forEach(([name, value], index) => {
    const [term, definition] = list.children[index]?.children ?? [];
    if (term === undefined || definition === undefined) return;
    setText(term, name);
    setText(definition, value);
  });
};

/** A row's cells. @param {HTMLTableRowElement} row @param {readonly string[]} texts */
export const showCells = (row, texts) => {
  while (row.cells.length < texts.length) {
    const cell = element(row.cells.length === 0 ? 'th' : 'td');
    if (cell instanceof HTMLTableCellElement && cell.tagName === 'TH') cell.scope = 'row';
    row.append(cell);
  }
  texts.forEach((text, index) => {
    const cell = row.cells[index];
    if (cell !== undefined) setText(cell, text);
  });
};
