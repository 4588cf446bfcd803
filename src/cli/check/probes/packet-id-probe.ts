import { TAKEN_ID } from '../verdict/judge-packet-ids.js';
import { messagesOn } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';
import type { WireClient } from '../wire/wire-client.js';

/**
 * A reader leaves messages unanswered. It has the packet id of one for a PUBLISH of its own, and is cut; on the next connection that of one for
 * a SUBSCRIBE: client and server give ids independently.
 */
export async function takeTheirId(lab: Lab): Promise<void> {
  const topic = lab.topic('ids');
  const first = await lab.open('reader', { keep: true });
  await first.subscribe({ filter: topic, qos: 1 });
  const writer = await lab.open('writer');
  // where one is lost by it, there is another
  for (const text of [TAKEN_ID, 'another']) await writer.deliver({ topic, text, qos: 1 });
  const id = await untilTaken(lab, first);
  if (id === undefined) return;
  await first.deliver({ topic: lab.topic('nobody'), text: 'own', qos: 1, id });
  first.cut();
  const again = await lab.open('reader', { keep: true });
  await untilTaken(lab, again);
  const other = messagesOn(lab.recorder.trace, again.link).at(-1)?.id;
  // no answer is one, too
  if (other !== undefined) await again.subscribeAs(other, [{ filter: lab.topic('more'), qos: 1 }]).catch(() => {});
  again.answerAll();
  await again.fence();
}

/** The packet id of the message when it has come. */
async function untilTaken(lab: Lab, { link }: WireClient): Promise<number | undefined> {
  const find = () => messagesOn(lab.recorder.trace, link).find(({ text }) => text === TAKEN_ID);
  await lab.until(() => find() !== undefined);
  return find()?.id;
}
