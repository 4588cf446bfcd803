import assert from 'node:assert/strict';
import type { SeededRandom } from '../seeded-random.js';

/** What strace must record of a file, with `-xx` and all bytes, for `powerLosses`. */
export const RECORDED_CALLS = 'openat,writev,pwrite64,lseek,fdatasync';

/** Disks write these whole or not at all. */
const SECTOR = 512;
/** What is on the disk when the power fails at some moment. */
export interface PowerLoss {
  readonly image: Buffer;
  /** Commits that were durable since the recording began: each ends with a write of the header to a file that is open with O_DSYNC. */
  readonly durable: number;
}

interface Write {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Images of a file at moments of a recording at which the power could have failed: of what was written and not flushed, each sector is
 * there or not. @param before the file when the recording began @param calls strace's lines
 */
export function* powerLosses(before: Buffer, calls: readonly string[], random: SeededRandom): Generator<PowerLoss> {
  const disk = new Disk(before);
  let durable = 0;
  let position = 0;
  let header = 'no file';
  for (const line of calls) {
    assert.ok(!/unfinished|resumed/.test(line), 'the recording has calls of several threads');
    header = /openat\(.*O_DSYNC.*= (\d+)$/.exec(line)?.[1] ?? header;
    if (line.includes('lseek(')) position = Number(/= (\d+)$/.exec(line)?.[1]);
    if (line.includes('fdatasync(')) disk.flush();
    const bytes = written(line);
    if (bytes.byteLength === 0) continue;
    const offset = line.includes('pwrite64(') ? Number(/, (\d+)\) = \d+$/.exec(line)?.[1]) : position;
    disk.write({ offset, bytes });
    yield { image: disk.afterPowerLoss(random), durable };
    if (!line.includes(`pwrite64(${header},`)) continue;
    disk.flushLast();
    durable += 1;
    yield { image: disk.afterPowerLoss(random), durable };
  }
}

function written(line: string): Buffer {
  if (!/writev\(|pwrite64\(/.test(line)) return Buffer.alloc(0);
  const parts = [...line.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)];
  return Buffer.from(parts.map(([, hex = '']) => hex.replaceAll('\\x', '')).join(''), 'hex');
}

/** A file of which a part is not on the disk yet. */
class Disk {
  #durable: Buffer;
  #unflushed: Write[] = [];

  constructor(content: Buffer) {
    this.#durable = Buffer.from(content);
  }

  write(write: Write): void {
    this.#unflushed.push(write);
  }

  flush(): void {
    this.#durable = apply(this.#durable, this.#unflushed);
    this.#unflushed = [];
  }

  flushLast(): void {
    this.#durable = apply(this.#durable, this.#unflushed.splice(-1));
  }

  afterPowerLoss(random: SeededRandom): Buffer {
    // A write is often there as a whole or not at all, and sometimes in parts.
    const chance = random.pick([0, 0.5, 0.95, 1]);
    return apply(
      this.#durable,
      this.#unflushed.flatMap(sectors).filter(() => random.chance(chance)),
    );
  }
}

function sectors({ offset, bytes }: Write): Write[] {
  const found: Write[] = [];
  for (let start = 0; start < bytes.byteLength; ) {
    const end = Math.min(bytes.byteLength, start + SECTOR - ((offset + start) % SECTOR));
    found.push({ offset: offset + start, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return found;
}

function apply(file: Buffer, writes: readonly Write[]): Buffer {
  const size = Math.max(file.byteLength, ...writes.map(({ offset, bytes }) => offset + bytes.byteLength));
  const result = Buffer.alloc(size);
  file.copy(result);
  for (const { offset, bytes } of writes) bytes.copy(result, offset);
  return result;
}
