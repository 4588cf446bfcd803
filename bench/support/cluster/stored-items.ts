import { defineSource, type Source } from 'millrace/connector';

/** A source whose position is in the store of its job, so that its next owner goes on from there. */
export interface StoredItems {
  readonly source: Source<number>;
  /** Lets the items come. */
  open(): void;
  /** How many the store has. */
  stored(): number;
}

/** The numbers from 0 to `count`, from the moment it is opened; then nothing more comes, and the job goes on. */
export function storedItems(count: number): StoredItems {
  let open = (): void => {};
  let isOpen = false;
  let stored = 0;
  const gate = new Promise<void>((resolve) => {
    open = () => {
      isOpen = true;
      resolve();
    };
  });
  const never = new Promise<void>(() => {});
  const source = defineSource<number>({
    name: 'stored-items',
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async ({ restored }) => {
      stored = typeof restored === 'number' ? restored : 0;
      let next = stored;
      return {
        poll: (max) => {
          const first = next;
          next += isOpen ? Math.min(max, count - next) : 0;
          const items = Array.from({ length: next - first }, (_, index) => first + index);
          return { items, first, last: next - 1, timestampMs: Date.now(), bytes: 0, rejected: [], done: false };
        },
        ready: () => (next < count ? gate : never),
        snapshot: (upTo) => ({ mark: upTo, state: upTo + 1 }),
        committed: (mark) => {
          stored = mark + 1;
        },
        close: async () => {},
      };
    },
  });
  return { source, open, stored: () => stored };
}
