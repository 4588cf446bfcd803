import { availableParallelism } from 'node:os';
import { type Child, startChild } from '../child-process.js';

/** Keeps every core of the machine busy until it is disposed of, so that what runs beside it comes late. */
export class BusyCores implements AsyncDisposable {
  readonly #children: readonly Child[];

  constructor() {
    const spin = ['-e', 'for (;;);'];
    this.#children = Array.from({ length: availableParallelism() }, () => startChild(process.execPath, spin));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end('SIGKILL')));
  }
}
