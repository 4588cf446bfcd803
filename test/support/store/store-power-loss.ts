import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { memoryDir } from '../memory-dir.js';
import type { SeededRandom } from '../seeded-random.js';
import { type DiskImage, type DiskTree, putImage } from './disk-tree.js';
import { recordedCalls } from './recorded-calls.js';
import { recoverHistory } from './run-store-writer.js';

/** A moment of a recording at which the power may fail. */
export interface RecordedMoment {
  /** What the writer has said by then of the store: that it is open, and the number of the last commit that is durable; -1 for none. */
  readonly isOpen: boolean;
  readonly durable: number;
  /** The call that came last, with its file. */
  readonly call: string;
}

/**
 * Moments of a recording: behind each call that changes what is below `root`, or makes it durable; of one that writes through to the disk also the one
 * before that is so. The tree is what it was at each of them.
 */
export function* recordedMoments(
  tree: DiskTree,
  lines: readonly string[],
  root: string,
): Generator<RecordedMoment, void> {
  let durable = -1;
  let isOpen = false;
  tree.begin();
  for (const call of recordedCalls(lines)) {
    if (call.name === 'write' && call.fd === 1) {
      const said = call.bytes.toString();
      durable = Number(/^durable (\d+)$/m.exec(said)?.[1] ?? durable);
      isOpen ||= /^open$/m.test(said);
    }
    if (!tree.play(call, root)) continue;
    const moment = { isOpen, durable, call: `${call.name} ${call.paths.join(' ')}${call.file}` };
    yield moment;
    if (tree.settle()) yield moment;
  }
}

/** Has the power fail now, and the store opened on what a disk may have then: it has the commits up to the last durable one, or one more. */
export async function losePower(
  tree: DiskTree,
  random: SeededRandom,
  { durable, call }: RecordedMoment,
): Promise<void> {
  const root = memoryDir('power');
  putImage(root, startedAnew(tree.afterPowerLoss(random)));
  const found = await recoverHistory(join(root, 'store'), undefined, 'embedded');
  assert.ok(found === durable || found === durable + 1, `behind ${call}: ${durable} was durable, ${found} is there`);
  rmSync(root, { recursive: true });
}

/** A system that starts again has another name for its start. */
function startedAnew(image: DiskImage): DiskImage {
  const started = new Map(image);
  for (const [path, bytes] of image) {
    if (path.endsWith('.boot') && bytes !== undefined && bytes.byteLength > 0) {
      started.set(path, Buffer.from('another-start'));
    }
  }
  return started;
}
