import type { OpenContext } from '../../../connector/open-context.js';
import type { ServiceWork } from '../../vertex.js';

type Ends = Pick<ServiceWork, 'create' | 'destroy'>;

/**
 * A service that several stages of a run use: the first that asks has it made, and it is destroyed when the last has let it go. Those that ask
 * while it is made wait for the same attempt, and each is told that it has failed: when it is tried again is for each to say.
 */
export class SharedService implements Ends {
  readonly #work: Ends;
  /** That have it, or wait for it. */
  #users = 0;
  #making: Promise<unknown> | undefined;

  constructor(work: Ends) {
    this.#work = work;
  }

  async create(context: OpenContext): Promise<unknown> {
    this.#users += 1;
    this.#making ??= made(this.#work, context);
    const making = this.#making;
    try {
      return await making;
    } catch (error) {
      this.#users -= 1;
      // another one may be made already
      if (this.#making === making) this.#making = undefined;
      throw error;
    }
  }

  async destroy(service: unknown): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#making = undefined;
    await this.#work.destroy(service);
  }
}

/** What throws at once rejects as well. */
const made = async (work: Ends, context: OpenContext): Promise<unknown> => work.create(context);
