import type { Judged } from './finding.js';
import { hasAnswer, messagesOn, packetsOf, sessionPresent, type Trace, textsOn } from './trace.js';

/** The message under whose packet id the reader publishes one of its own. */
export const TAKEN_ID = 'taken-id';

/**
 * MQTT 2.2.1: client and server give packet ids independently. `reader#1` had one of the broker's for a PUBLISH and was cut, `reader#2` one for
 * a SUBSCRIBE (`packet-id-probe.ts`).
 */
export function judgePacketIds(trace: Trace): readonly Judged[] {
  const id = messagesOn(trace, 'reader#1').find(({ text }) => text === TAKEN_ID)?.id;
  if (id === undefined) return [{ level: 'unknown', check: 'packet-ids', message: 'no message came: not tried' }];
  // a session that is not kept is told by others
  if (sessionPresent(trace, 'reader#2') !== true) return [];
  const found = [...published(trace, id), ...kept(trace), ...subscribed(trace)];
  const message = 'its packet ids and ours are apart';
  return found.length > 0 ? found : [{ level: 'ok', check: 'packet-ids', message }];
}

function published(trace: Trace, id: number): readonly Judged[] {
  if (hasAnswer(trace, 'reader#1', 'puback', id)) return [];
  const message = 'a PUBLISH is not answered while a message of the broker has its packet id';
  const follows = 'publishing stands still where a client reads as well';
  return [{ level: 'problem', check: 'packet-ids', message, follows }];
}

function kept(trace: Trace): readonly Judged[] {
  if (textsOn(trace, 'reader#2').includes(TAKEN_ID)) return [];
  const message =
    'a message that was not answered is gone once the client has published one of its own under the same packet id';
  const follows = 'messages are lost, whatever the guarantee';
  return [{ level: 'problem', check: 'packet-ids', message, follows }];
}

function subscribed(trace: Trace): readonly Judged[] {
  const [asked] = packetsOf(trace, 'out', 'reader#2', 'subscribe');
  if (asked === undefined) return [];
  const answer = packetsOf(trace, 'in', 'reader#2', 'suback').find(({ packetId }) => packetId === asked.packetId);
  const code = answer?.reasonCodes[0];
  if (code !== undefined && code < 0x80) return [];
  const how = code === undefined ? 'gets no valid answer' : `is refused (0x${code.toString(16)})`;
  const message = `a SUBSCRIBE ${how} while a message of the broker has its packet id`;
  const follows = 'whether a start that finds messages waiting succeeds is chance';
  return [{ level: 'problem', check: 'packet-ids', message, follows }];
}
