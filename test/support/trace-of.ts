import type { Trace } from '../../src/cli/check/verdict/trace.js';
import type { Packet } from '../../src/mqtt/protocol/packet.js';

/** What a line of a trace may be: see `traceOf`. */
const LINE = /^(\S+) (<|>|x) ?(\S+)? ?(.*)$/;
const ANSWERS = new Set(['puback', 'pubrec', 'pubrel', 'pubcomp']);

/**
 * A trace in short: `reader#1 < publish 1 text` is a message that came under an id, `dup`, `q1` or `retain` before its text says more of it (it is
 * QoS 2 without); `reader#1 > pubrec 1` was sent; `reader#2 < connack present` or `new`; `reader#1 > subscribe 7`; `member#1 < suback 0`, or `suback 145 7` with its packet id; `reader#1 x us` and `x broker`
 * end a connection.
 */
export const traceOf = (...lines: readonly string[]): Trace =>
  lines.map((line) => {
    const [, link = '', way, type = '', rest = ''] = LINE.exec(line) ?? [];
    if (way === 'x') return { way: 'end', link, by: type === 'us' ? 'us' : 'broker' };
    return { way: way === '<' ? 'in' : 'out', link, packet: packetOf(type, rest) };
  });

function packetOf(type: string, rest: string): Packet {
  const words = rest.split(' ');
  const number = Number(words[0]);
  if (type === 'connack') return { type, sessionPresent: rest === 'present', reasonCode: 0 };
  if (type === 'suback') return { type, packetId: Number(words[1] ?? 1), reasonCodes: [number] };
  if (type === 'subscribe') return { type, packetId: number, subscriptions: [] };
  if (ANSWERS.has(type)) return { type: type as 'puback', packetId: number, reasonCode: 0 };
  return {
    type: 'publish',
    topic: 't',
    payload: Buffer.from(words.at(-1) ?? ''),
    qos: words.includes('q1') ? 1 : 2,
    dup: words.includes('dup'),
    retain: words.includes('retain'),
    packetId: number,
  };
}
