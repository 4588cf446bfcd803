import type { StoreView } from '../../store.js';
import { encodeSnapshot } from './snapshot-codec.js';

/** Above every key: the longest is shorter. */
const ABOVE_ALL = '\u{10ffff}'.repeat(400);

/** All that a view has, as the slices of a snapshot. In between, the commits have their turns. */
export async function* snapshotSlices(view: StoreView): AsyncGenerator<Buffer, void> {
  for (const slice of encodeSnapshot(view.range('', ABOVE_ALL))) {
    yield slice;
    await new Promise(setImmediate);
  }
}
