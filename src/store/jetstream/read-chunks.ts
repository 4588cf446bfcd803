import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '../../nats/index.js';
import { corruptError } from '../storage-error.js';
import type { PartitionStream } from './partition-stream.js';

/** What is asked for at once, and held. */
const PORTION_CHUNKS = 16;
const PORTION_BYTES = 8 * 1024 * 1024;
/** How long a replica may be behind, and nobody be there. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/**
 * The messages of one subject of a stream, in their order.
 * @param count so many there must be
 * @param what for messages
 * @throws MillraceError STORE_CORRUPT when there are fewer, CLUSTER_UNREACHABLE
 */
export async function* readChunks(
  stream: PartitionStream,
  subject: string,
  count: number,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  let next = 1;
  let endsAt = performance.now() + PATIENCE_MS;
  for (let left = count; left > 0; ) {
    const chunks = await stream.portion({
      seq: next,
      count: Math.min(left, PORTION_CHUNKS),
      maxBytes: PORTION_BYTES,
      subject,
    });
    if (chunks.length === 0) {
      if (await isMissing(stream, subject, next)) throw corruptError(`${what} lacks ${left} of ${count} chunks`);
      if (performance.now() > endsAt) throw unreachable(`${what}: no server has its next chunk`);
      await sleep(PAUSE_MS);
      continue;
    }
    for (const { seq, bytes } of chunks) {
      yield bytes;
      next = seq + 1;
    }
    left -= chunks.length;
    endsAt = performance.now() + PATIENCE_MS;
  }
}

/** A replica may be behind: whoever leads them is asked. */
const isMissing = async (stream: PartitionStream, subject: string, seq: number): Promise<boolean> =>
  (await stream.nextOf(subject, seq)) === undefined;
