import type { SeenFrame } from '../proxy/chaos-proxy.js';
import type { FrameType } from '../proxy/mqtt-frames.js';
import type { KillRig } from './kill-rig.js';

const TYPES: readonly FrameType[] = ['publish', 'pubrec', 'pubrel', 'pubcomp'];
/** The number in a message's text, which is the end of its PUBLISH. */
const NUMBER = / (\d+) [0-9a-f]{8}$/;
const EXAMPLES = 3;
const NO_NUMBER = -1;

/** A packet of a QoS 2 flow. */
interface Trace {
  readonly side: 'in' | 'out';
  /** Of the process, from 1. */
  readonly life: number;
  readonly from: 'client' | 'server';
  readonly type: FrameType;
  readonly dup: boolean;
  readonly packetId: number;
}

/**
 * Says of a run that doubled messages who did: whether the broker in front handed one over twice and the system took it for two, or what
 * is behind the system did. It keeps each packet of QoS 2 that the proxies saw, as two numbers, since there are a million.
 */
export class KillTraces {
  readonly #rig: KillRig;
  readonly #packed: number[] = [];
  readonly #numbers: number[] = [];
  readonly #said: string[] = [];
  #life = 1;

  constructor(rig: KillRig) {
    this.#rig = rig;
  }

  /** Takes what the proxies have seen, of which they need to keep nothing, and what the process said, which has ended. */
  take(): void {
    const { proxies, process, verifier } = this.#rig;
    for (const frame of proxies?.from.seen ?? []) this.#frame(frame, 'in');
    for (const frame of proxies?.to.seen ?? []) this.#frame(frame, 'out');
    this.#said.push(
      `life ${this.#life}, up to message ${verifier.messages.length}:`,
      ...process.stdout,
      ...process.stderr,
    );
    this.#life += 1;
  }

  /** What is known of the doubled ones, as lines. */
  tell(): string[] {
    const places = new Map<string, number[]>();
    const { messages, connects } = this.#rig.verifier;
    for (const [at, { text }] of messages.entries()) places.set(text, [...(places.get(text) ?? []), at]);
    const doubled = [...places].filter(([, at]) => at.length > 1);
    const published = this.#publishedAsNew();
    const byUs = doubled.filter(([text]) => (published.get(numberOf(text)) ?? 0) > 1);
    const examples = [...doubled.slice(0, 1), ...doubled.slice(-EXAMPLES)];
    return [
      `${doubled.length} doubled, ${byUs.length} of them published as new more than once by the system`,
      `the verifier sent CONNECT at message ${connects.join(', ')}`,
      ...examples.flatMap(([text, at]) => [`"${text}" at ${at.join(', ')}:`, ...this.#storyOf(numberOf(text))]),
      ...this.#said,
    ];
  }

  #frame({ type, from, dup, packetId, bytes }: SeenFrame, side: Trace['side']): void {
    const at = TYPES.indexOf(type);
    if (packetId === undefined || at < 0) return;
    const flags = (side === 'in' ? 0 : 1) | (from === 'client' ? 2 : 0) | (dup ? 4 : 0) | (at << 3);
    this.#packed.push(packetId + 65_536 * (flags + 32 * this.#life));
    this.#numbers.push(type === 'publish' ? numberOf(Buffer.from(bytes).toString('latin1')) : NO_NUMBER);
  }

  #traceAt(index: number): Trace {
    const packed = this.#packed[index] ?? 0;
    const rest = Math.floor(packed / 65_536);
    return {
      side: (rest & 1) === 0 ? 'in' : 'out',
      from: (rest & 2) === 0 ? 'server' : 'client',
      dup: (rest & 4) !== 0,
      type: TYPES[(rest >> 3) & 3] ?? 'raw',
      life: rest >> 5,
      packetId: packed % 65_536,
    };
  }

  #publishedAsNew(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const [index, number] of this.#numbers.entries()) {
      const { side, dup } = this.#traceAt(index);
      if (number !== NO_NUMBER && side === 'out' && !dup) counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    return counts;
  }

  /** All packets under the ids that a message had. */
  #storyOf(number: number): string[] {
    const traces = this.#packed.map((_, index) => this.#traceAt(index));
    const keyOf = ({ side, packetId }: Trace): string => `${side} ${packetId}`;
    const keys = new Set(traces.filter((_, index) => this.#numbers[index] === number).map(keyOf));
    return traces.flatMap((trace, index) => {
      if (!keys.has(keyOf(trace))) return [];
      const { life, from, type, dup } = trace;
      const carried = this.#numbers[index] === NO_NUMBER ? '' : ` of ${this.#numbers[index]}`;
      return [`  life ${life}, ${keyOf(trace)}: ${from} ${type}${dup ? ' DUP' : ''}${carried}`];
    });
  }
}

function numberOf(text: string): number {
  return Number(NUMBER.exec(text)?.[1] ?? NO_NUMBER);
}
