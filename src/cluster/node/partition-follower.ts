import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import { type FollowerOptions, LogFollower } from '../../store/log/log-follower.js';

/** Between two looks at how far the owner has come, in milliseconds. */
const LOOK_MS = 500;

/** Follows the log of a partition until it is closed, over outages: what is followed late, or not, costs time only. */
export class PartitionFollower {
  readonly #options: FollowerOptions;
  readonly #closing = new AbortController();
  readonly #over: Promise<void>;
  #follower: LogFollower | undefined;
  #warm = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#over = this.#run();
  }

  /** Its view was at the end of the log at the last look. */
  get isWarm(): boolean {
    return this.#warm;
  }

  /** Resolves when nothing holds the view any more. Never rejects. @param openedAgain as for `LocalView.close` */
  async close(openedAgain = false): Promise<void> {
    this.#closing.abort();
    await this.#over;
    await this.#letGo(openedAgain);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#look();
      await abortableWait(LOOK_MS, signal);
    }
  }

  async #look(): Promise<void> {
    try {
      this.#follower ??= await LogFollower.open(this.#options);
      await this.#follower.catchUp();
      this.#warm = true;
    } catch {
      // it is behind, and opened anew; what is wrong with the log, who opens it to write is told
      this.#warm = false;
      await this.#letGo();
    }
  }

  async #letGo(openedAgain = false): Promise<void> {
    const follower = this.#follower;
    this.#follower = undefined;
    await follower?.close(openedAgain).catch(() => {});
  }
}
