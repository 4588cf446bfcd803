import { type LmdbHeader, PAGE_HEADER_BYTES, type TreeRoot } from './lmdb-header.js';
import {
  BRANCH,
  kindOf,
  LEAF,
  nodeAt,
  nodeOffsets,
  numberOf,
  OVERFLOW,
  overflowPages,
  type PageNode,
  readNumber,
} from './lmdb-page.js';

/** The pages of a file. */
export interface PageSource {
  /** How many are in the file. */
  readonly count: number;
  /** The whole page; its bytes may change with the next call. */
  read(page: number): Buffer;
}

/** The first two pages are the headers. */
const FIRST_PAGE = 2;
const DEEPEST = 32;
const NUMBER_BYTES = 8;

/** A page that is still to be looked at. */
interface Step {
  readonly page: number;
  /** Pages from here to a leaf, itself counted. */
  readonly depth: number;
  readonly tree: 'records' | 'free';
}

/**
 * Looks at all pages that LMDB would follow, as LMDB itself does not (X8): it believes what is on a page, and a wrong number there ends
 * the process. Gives what is wrong with the first one that is. What is checked is the structure: each page is the one it says it is, has
 * its place once, and everything on it lies within it. What the records say has checksums of its own.
 */
export function findDamagedPage(pages: PageSource, header: LmdbHeader): string | undefined {
  return new PageCheck(pages, header).run();
}

class PageCheck {
  readonly #pages: PageSource;
  readonly #header: LmdbHeader;
  readonly #steps: Step[] = [];
  /** Pages that have a place in a tree. */
  readonly #used = new Set<number>();
  readonly #free: number[] = [];

  constructor(pages: PageSource, header: LmdbHeader) {
    this.#pages = pages;
    this.#header = header;
  }

  run(): string | undefined {
    for (const tree of ['records', 'free'] as const) {
      const problem = this.#begin(tree, this.#header[tree]);
      if (problem !== undefined) return problem;
    }
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const problem = this.#checkPage(step);
      if (problem !== undefined) return problem;
    }
    const both = this.#free.find((page) => this.#used.has(page));
    return both === undefined ? undefined : `page ${both} is in use and free`;
  }

  #begin(tree: Step['tree'], { root, depth }: TreeRoot): string | undefined {
    if (root === undefined) return undefined;
    if (depth < 1 || depth > DEEPEST) return `a tree is ${depth} pages deep`;
    this.#steps.push({ page: root, depth, tree });
    return undefined;
  }

  #checkPage(step: Step): string | undefined {
    const taken = this.#take(step.page, 1);
    if (taken !== undefined) return taken;
    const page = this.#pages.read(step.page);
    if (numberOf(page) !== step.page) return `page ${step.page} says that it is page ${numberOf(page)}`;
    if (kindOf(page) !== (step.depth > 1 ? BRANCH : LEAF)) return `page ${step.page} is of another kind than its place`;
    const offsets = nodeOffsets(page);
    // LMDB ends the process when it comes to a branch that leads to one place only
    const fewest = step.depth > 1 && step.tree === 'records' ? 2 : 1;
    if (offsets === undefined || offsets.length < fewest) return `the list of nodes of page ${step.page} is damaged`;
    return this.#checkNodes(step, Buffer.from(page), offsets);
  }

  /** With a copy of the page: to look at the pages of a large value another one is read. */
  #checkNodes(step: Step, page: Buffer, offsets: readonly number[]): string | undefined {
    for (const at of offsets) {
      const node = nodeAt(page, at);
      if (node === undefined) return `a node of page ${step.page} does not lie on it`;
      const problem = step.depth > 1 ? this.#below(step, node) : this.#checkValue(step, page, node);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #below({ depth, tree }: Step, { page }: PageNode): undefined {
    if (page !== undefined) this.#steps.push({ page, depth: depth - 1, tree });
    return undefined;
  }

  #checkValue({ page: number, tree }: Step, page: Buffer, node: PageNode): string | undefined {
    if (node.page === undefined) {
      const { valueAt, valueBytes } = node;
      return tree === 'free' ? this.#checkFree(number, page.subarray(valueAt, valueAt + valueBytes)) : undefined;
    }
    const taken = this.#take(node.page, node.pages);
    if (taken !== undefined) return taken;
    const first = this.#pages.read(node.page);
    const whole = numberOf(first) === node.page && kindOf(first) === OVERFLOW;
    const room = overflowPages(first) * this.#header.pageSize - PAGE_HEADER_BYTES;
    if (!whole || overflowPages(first) !== node.pages || node.valueBytes > room) {
      return `the large value at page ${node.page} is damaged`;
    }
    return undefined;
  }

  /** A list of pages that can be used again: how many entries, and each; one below nought is the length of a row of them. */
  #checkFree(number: number, list: Buffer): string | undefined {
    const damaged = `the list of free pages on page ${number} is damaged`;
    const count = list.byteLength < NUMBER_BYTES ? list.byteLength : readNumber(list, 0);
    if ((count + 1) * NUMBER_BYTES > list.byteLength) return damaged;
    for (let index = 1; index <= count; index += 1) {
      const entry = Number(list.readBigInt64LE(index * NUMBER_BYTES));
      if (Math.abs(entry) > this.#header.lastPage || (entry > 0 && entry < FIRST_PAGE)) return damaged;
      if (entry > 0) this.#free.push(entry);
    }
    return undefined;
  }

  /** Gives pages the one place that they may have. */
  #take(first: number, count: number): string | undefined {
    const last = first + count - 1;
    if (first < FIRST_PAGE || count < 1 || last > this.#header.lastPage) return `page ${first} is none of the file`;
    if (last >= this.#pages.count) return `page ${last} is missing: the file was cut short`;
    for (let page = first; page <= last; page += 1) {
      if (this.#used.has(page)) return `page ${page} is used twice`;
      this.#used.add(page);
    }
    return undefined;
  }
}
