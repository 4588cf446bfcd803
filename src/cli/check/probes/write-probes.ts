import { OUTBOUND, RESENT } from '../verdict/judge-outbound.js';
import { textsOn } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';

/** That of the markers of a sink: some brokers keep no session for a subscription at QoS 0. */
const MARKER_QOS = 1;

/**
 * A writer comes back twice without any subscription, then with one that holds its session; then it is cut with a message at QoS 1, which it
 * sends again.
 */
export async function cutWhileHeld(lab: Lab): Promise<void> {
  const topic = lab.topic('held');
  const verifier = await lab.open('verifier');
  verifier.answerAll();
  await verifier.subscribe({ filter: topic, qos: 1 });
  (await lab.open('holder', { keep: true })).cut();
  (await lab.open('holder', { keep: true })).cut();
  const first = await lab.open('holder', { keep: true });
  await first.subscribe({ filter: lab.topic('marker'), qos: MARKER_QOS });
  await first.deliver({ topic, qos: 1, ...RESENT });
  first.cut();
  const again = await lab.open('holder', { keep: true });
  await again.deliver({ topic, qos: 1, ...RESENT, dup: true });
  await again.deliver({ topic, qos: 1, text: 'after' });
  await lab.until(() => textsOn(lab.recorder.trace, verifier.link).includes('after'));
}

/**
 * A writer is cut with a message that has had PUBREC, which it sends again, and with one that has had PUBCOMP, of which it sends PUBREL again; then the
 * packet id of the first is used for another message.
 */
export async function cutWhileWriting(lab: Lab): Promise<void> {
  const topic = lab.topic('out');
  const verifier = await lab.open('verifier');
  verifier.answerAll();
  await verifier.subscribe({ filter: topic, qos: 2 });
  const [first, second, third] = OUTBOUND;
  const before = await lab.open('writer', { keep: true });
  await before.subscribe({ filter: lab.topic('marker'), qos: MARKER_QOS });
  before.publish({ topic, qos: 2, ...first });
  await before.untilAnswer('pubrec', first.id);
  before.cut();
  const again = await lab.open('writer', { keep: true });
  again.publish({ topic, qos: 2, ...first, dup: true });
  await again.untilAnswer('pubrec', first.id);
  again.acknowledge('pubrel', first.id);
  await again.untilAnswer('pubcomp', first.id);
  await again.deliver({ topic, qos: 2, ...second });
  again.cut();
  const last = await lab.open('writer', { keep: true });
  last.acknowledge('pubrel', second.id);
  await last.untilAnswer('pubcomp', second.id);
  await last.deliver({ topic, qos: 2, ...third });
  await last.deliver({ topic, qos: 1, text: 'after' });
  await lab.until(() => textsOn(lab.recorder.trace, verifier.link).includes('after'));
  await lab.quiet();
}
