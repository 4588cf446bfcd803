import { cameAgain, INBOUND, LATER } from '../verdict/judge-inbound.js';
import { messagesOn, textsOn } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';
import type { WireClient } from '../wire/wire-client.js';

/** Milliseconds for what has little hope. */
const SOON_MS = 3000;

/**
 * A reader has three messages, in each phase of their QoS: one is finished, one at QoS 2 has had PUBREC, one is not answered. Its connection
 * is cut, and one more is published; the next one answers nothing and is cut, too; the third answers all.
 */
export async function cutWhileReading(lab: Lab, qos: 1 | 2): Promise<void> {
  const topic = lab.topic('in');
  const subscriber = await lab.open('reader', { keep: true });
  await subscriber.subscribe({ filter: topic, qos });
  await subscriber.leave();
  const writer = await lab.open('writer');
  for (const text of Object.values(INBOUND)) await writer.deliver({ topic, text, qos });
  // some brokers hold back what comes while others are not answered, and give together what has waited
  const first = await lab.open('reader', { keep: true });
  if (!(await answerSome(lab, first, qos))) return;
  first.cut();
  await writer.deliver({ topic, text: LATER, qos });
  const second = await lab.open('reader', { keep: true });
  const came = await lab.until(() => cameAgain(lab.recorder.trace, second.link, qos) || second.ended);
  second.cut();
  const last = await lab.open('reader', { keep: true });
  // what has not come once is not waited for as long again
  const isThere = () => cameAgain(lab.recorder.trace, last.link, qos) || last.ended;
  await (came ? lab.until(isThere) : lab.recorder.until(isThere, SOON_MS));
  last.answerAll();
  await last.fence();
  await writer.deliver({ topic, text: 'after', qos });
  await lab.until(() => textsOn(lab.recorder.trace, last.link).includes('after'));
  await lab.quiet();
}

/** One after another: a broker may give the next only when the one before is answered. False: it did not come to that. */
async function answerSome(lab: Lab, reader: WireClient, qos: 1 | 2): Promise<boolean> {
  const find = (text: string) => messagesOn(lab.recorder.trace, reader.link).find((message) => message.text === text);
  const isHere = (text: string) => () => find(text) !== undefined || reader.ended;
  const take = async (text: string): Promise<number> => {
    await lab.until(isHere(text));
    const id = find(text)?.id ?? 0;
    if (qos === 2 && id > 0) {
      reader.acknowledge('pubrec', id);
      await reader.untilAnswer('pubrel', id);
    }
    return id;
  };
  const finished = await take(INBOUND.finished);
  if (finished === 0) return false;
  reader.acknowledge(qos === 1 ? 'puback' : 'pubcomp', finished);
  if ((await take(INBOUND.taken)) === 0) return false;
  await lab.recorder.until(isHere(INBOUND.untouched), SOON_MS);
  await reader.fence();
  return true;
}

/** A reader that takes two messages at a time answers none, and then one after another. 5.0. */
export async function readByWindow(lab: Lab, receiveMaximum: number, messages: number): Promise<void> {
  const topic = lab.topic('window');
  const reader = await lab.open('reader', { receiveMaximum });
  await reader.subscribe({ filter: topic, qos: 1 });
  const writer = await lab.open('writer');
  for (let index = 0; index < messages; index += 1) await writer.deliver({ topic, text: `${index}`, qos: 1 });
  await lab.until(() => textsOn(lab.recorder.trace, reader.link).length >= receiveMaximum);
  await lab.quiet();
  reader.answerAll();
  await lab.until(() => textsOn(lab.recorder.trace, reader.link).length >= messages || reader.ended);
}

/** A message that two filters of one session match. */
export async function readByTwoFilters(lab: Lab): Promise<void> {
  const topic = lab.topic('overlap');
  const reader = await lab.open('reader');
  reader.answerAll();
  await reader.subscribe({ filter: topic, qos: 1 }, { filter: lab.topic('+'), qos: 1 });
  const writer = await lab.open('writer');
  await writer.deliver({ topic, text: 'overlap', qos: 1 });
  await lab.until(() => textsOn(lab.recorder.trace, reader.link).length > 0);
  await lab.quiet();
}
