/** Where something stands in a file, each from 1. */
export interface Place {
  readonly line: number;
  /** Counts UTF-16 units, as editors do. */
  readonly column: number;
}

/** What kind of mistake it is: for machines, and closed. */
export type ProblemCode =
  | 'unreadable'
  | 'too-large'
  | 'too-deep'
  | 'syntax'
  | 'unknown-key'
  | 'duplicate-key'
  | 'missing-key'
  | 'wrong-type'
  | 'wrong-value'
  | 'unknown-name'
  | 'unset-variable'
  | 'conflict'
  | 'loop';

/** What is wrong with a file, at one place of it. No value of the file is repeated in it. */
export interface FileProblem {
  readonly code: ProblemCode;
  readonly place: Place;
  /** The way to the value: `routes.up.qos`; empty for the file as a whole. */
  readonly path: string;
  /** What was expected, as a sentence without its point. */
  readonly message: string;
  /** What was likely meant. */
  readonly nearest?: string | undefined;
}

/** As compilers say it, so that editors find the place. */
export function problemLine(file: string, { code, place, path, message, nearest }: FileProblem): string {
  const where = `${file}:${place.line}:${place.column}`;
  const what = path === '' ? message : `${path}: ${message}`;
  return `${where}: ${what}${nearest === undefined ? '' : `, did you mean ${nearest}?`} [${code}]`;
}

/** Those that are kept of a file in which everything is wrong. */
const MOST = 50;

/** Collects them, in the order of the file at the end. */
export class Problems {
  readonly #found: FileProblem[] = [];

  add(problem: FileProblem): void {
    if (this.#found.length < MOST) this.#found.push(problem);
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  get all(): readonly FileProblem[] {
    return this.#found.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  }
}
