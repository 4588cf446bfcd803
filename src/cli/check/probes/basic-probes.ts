import { textsOn } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';

/** Milliseconds in which a message of a live subscription comes. */
const SOON_MS = 5000;

/** A retained message, and who subscribes later by its topic and by a wildcard. It is removed again. */
export async function readRetained(lab: Lab): Promise<void> {
  const topic = lab.topic('retained');
  const { trace } = lab.recorder;
  const writer = await lab.open('writer');
  await writer.deliver({ topic, text: 'kept', qos: 1, retain: true });
  try {
    const late = await lab.open('late');
    const wild = await lab.open('wild');
    for (const reader of [late, wild]) reader.answerAll();
    await late.subscribe({ filter: topic, qos: 1 });
    await wild.subscribe({ filter: lab.topic('+'), qos: 1 });
    const came = () => [late, wild].every(({ link }) => textsOn(trace, link).length > 0);
    await lab.recorder.until(came, SOON_MS);
  } finally {
    await writer.deliver({ topic, text: '', qos: 1, retain: true });
  }
}

/** A shared subscription in a group of its own. */
export async function readShared(lab: Lab): Promise<void> {
  const member = await lab.open('member');
  member.answerAll();
  const filter = `$share/${lab.topic('group').replaceAll('/', '-')}/${lab.topic('shared')}`;
  // there are brokers that end the connection at it, as they may
  const isAnswered = await member.subscribe({ filter, qos: 1 }).then(
    () => true,
    () => !member.ended,
  );
  if (!isAnswered) return;
  const writer = await lab.open('writer');
  await writer.deliver({ topic: lab.topic('shared'), text: 'shared', qos: 1 });
  await lab.recorder.until(() => textsOn(lab.recorder.trace, member.link).length > 0, SOON_MS);
}
