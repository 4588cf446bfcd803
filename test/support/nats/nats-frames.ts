/** One protocol message of a server. */
export interface NatsFrame {
  /** As it came. */
  readonly bytes: Buffer;
  /** Of a message, without its headers; empty for all else. */
  readonly payload: string;
}

const LINE_END = '\r\n';

/** Cuts what a server sends into its protocol messages. */
export class NatsFrames {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): readonly NatsFrame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: NatsFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): NatsFrame | undefined {
    const lineEnd = this.#rest.indexOf(LINE_END);
    if (lineEnd === -1) return undefined;
    const words = this.#rest.subarray(0, lineEnd).toString().split(' ');
    const bodyAt = lineEnd + LINE_END.length;
    const isMessage = words[0] === 'MSG' || words[0] === 'HMSG';
    const size = isMessage ? Number(words.at(-1)) : 0;
    const end = isMessage ? bodyAt + size + LINE_END.length : bodyAt;
    if (this.#rest.length < end) return undefined;
    const bytes = this.#rest.subarray(0, end);
    const headerBytes = words[0] === 'HMSG' ? Number(words.at(-2)) : 0;
    this.#rest = this.#rest.subarray(end);
    return { bytes, payload: bytes.subarray(bodyAt + headerBytes, bodyAt + size).toString() };
  }
}
