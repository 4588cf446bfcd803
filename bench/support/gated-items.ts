import { defineSource, type Source } from 'millrace/connector';

/** The numbers from 0 to `count`, from the moment the gate opens: a job can be running before its work begins. */
export function gatedItems(count: number): { readonly source: Source<number>; open(): void } {
  let open = (): void => {};
  let isOpen = false;
  const gate = new Promise<void>((resolve) => {
    open = () => {
      isOpen = true;
      resolve();
    };
  });
  let next = 0;
  const source = defineSource<number>({
    name: 'gated-items',
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async () => ({
      poll: (max) => {
        const first = next;
        const length = isOpen ? Math.min(max, count - next) : 0;
        next += length;
        const items: number[] = [];
        for (let item = first; item < next; item++) items.push(item);
        const rest = { timestampMs: Date.now(), bytes: 0, rejected: [], done: next === count };
        return { items, first, last: next - 1, ...rest };
      },
      ready: () => gate,
      snapshot: (upTo) => ({ mark: upTo, state: undefined }),
      committed: () => {},
      close: async () => {},
    }),
  });
  return { source, open };
}
