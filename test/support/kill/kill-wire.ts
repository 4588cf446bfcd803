import type { Letter } from '../delivery-oracle.js';
import type { ChaosProxy, SeenFrame } from '../proxy/chaos-proxy.js';
import type { FrameType } from '../proxy/mqtt-frames.js';
import type { Side } from '../proxy/proxy-fault.js';

/*
 * What became of single messages on the wire, read from the packets that a proxy saw: so that a broker's loss or copy is told from
 * one of ours.
 */

/** A PUBLISH of a letter, and how its flow went on. */
export interface Passage {
  readonly text: string;
  readonly packetId: number | undefined;
  /** The types of the packets that followed for its id: acknowledgements on its connection, PUBREL and PUBCOMP on any. */
  readonly steps: readonly FrameType[];
}

/** Each PUBLISH of these letters by one side, in the order of the wire. */
export function passagesOf(proxy: ChaosProxy, letters: readonly Letter[], publisher: Side): readonly Passage[] {
  const passages: (Passage & { readonly steps: FrameType[] })[] = [];
  const latest = new Map<string, (typeof passages)[number]>();
  for (const frame of proxy.seen) {
    const [byId, byConnection] = [`${frame.packetId}`, `${frame.connection} ${frame.packetId}`];
    if (frame.type === 'publish' && frame.from === publisher) {
      const text = letterIn(frame, letters);
      if (text === undefined) continue;
      const passage = { text, packetId: frame.packetId, steps: [] };
      passages.push(passage);
      latest.set(byId, passage).set(byConnection, passage);
    } else if (frame.type === 'pubrel' ? frame.from === publisher : frame.from !== publisher) {
      latest.get(FIRST_STEPS.has(frame.type) ? byConnection : byId)?.steps.push(frame.type);
    }
  }
  return passages;
}

const FIRST_STEPS: ReadonlySet<FrameType> = new Set<FrameType>(['puback', 'pubrec']);

/** The texts with a PUBLISH after which all of these packets were seen. */
export function textsWith(passages: readonly Passage[], ...steps: readonly FrameType[]): ReadonlySet<string> {
  return new Set(
    passages.filter((passage) => steps.every((step) => passage.steps.includes(step))).map(({ text }) => text),
  );
}

/** The texts that were published once more after their PUBREL: the publisher has forgotten that they were taken over. */
export function forgotten(passages: readonly Passage[]): ReadonlySet<string> {
  const again = passages.filter(({ text }, index) =>
    passages.slice(0, index).some((earlier) => earlier.text === text && earlier.steps.includes('pubrel')),
  );
  return new Set(again.map(({ text }) => text));
}

/** A payload stands at the end of its packet, and ends with a check sum of its own. */
function letterIn({ bytes }: SeenFrame, letters: readonly Letter[]): string | undefined {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return letters.find(({ text }) => packet.subarray(-Buffer.byteLength(text)).equals(Buffer.from(text)))?.text;
}
