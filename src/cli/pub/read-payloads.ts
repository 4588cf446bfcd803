import { MillraceError } from '../../errors/index.js';
import { joinBytes } from '../../internal/join-bytes.js';
import { MAX_PACKET_SIZE } from '../../mqtt/connection/options/option-bounds.js';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** All of it as one payload. @throws MillraceError MESSAGE_TOO_LARGE */
export async function wholePayload(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held = new Held('stdin');
  for await (const chunk of chunks) held.add(chunk);
  return held.take();
}

/**
 * Each line as a payload, without its end (`\n`, `\r\n`); the last one may have none. Bytes are not looked at.
 * @throws MillraceError MESSAGE_TOO_LARGE
 */
export async function* linePayloads(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const held = new Held('a line');
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      held.add(chunk.subarray(from, at));
      yield withoutReturn(held.take());
      from = at + 1;
    }
    held.add(chunk.subarray(from));
  }
  const last = held.take();
  if (last.length > 0) yield last;
}

const withoutReturn = (line: Uint8Array): Uint8Array =>
  line.at(-1) === RETURN ? line.subarray(0, line.length - 1) : line;

/** What has come of a payload: no more than a packet may have. */
class Held {
  readonly #what: string;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(what: string) {
    this.#what = what;
  }

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_PACKET_SIZE)
      throw new MillraceError('MESSAGE_TOO_LARGE', `${this.#what} has more bytes than a message may have`);
    this.#chunks.push(chunk);
  }

  take(): Uint8Array {
    const all = joinBytes(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    return all;
  }
}
