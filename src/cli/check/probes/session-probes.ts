import { QUEUED, queuedText } from '../verdict/judge-kept.js';
import { textsOn } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';
import type { WireClient } from '../wire/wire-client.js';

/** Seconds: of the session that is to be over, and how long its end may take. */
const BRIEF = 1;
const OVERDUE_MS = 4000;
/** Messages of a writer that are not answered. */
const WINDOW = 10;

/** What is published while the reader is away in order. */
export async function readWhatWaited(lab: Lab): Promise<void> {
  await leaveQueue(lab);
  await readQueue(lab);
}

/** A reader subscribes and leaves; then messages are published to it. */
export async function leaveQueue(lab: Lab): Promise<void> {
  const topic = lab.topic('queue');
  const reader = await lab.open('reader', { keep: true });
  await reader.subscribe({ filter: topic, qos: lab.highest });
  await reader.leave();
  const writer = await lab.open('writer');
  for (const qos of [1, 2] as const) {
    if (qos <= lab.highest) await deliverAll(writer, { topic, qos });
  }
  await writer.leave();
}

/** In order, and no more at a time than every broker takes. */
async function deliverAll(writer: WireClient, { topic, qos }: { readonly topic: string; readonly qos: 1 | 2 }) {
  const open: Promise<boolean>[] = [];
  for (let index = 0; index < QUEUED; index += 1) {
    if (open.length === WINDOW) await open.shift();
    const delivered = writer.deliver({ topic, text: queuedText(qos, index), qos });
    // told to whoever waits for it, where anybody does
    delivered.catch(() => {});
    open.push(delivered);
  }
  await Promise.all(open);
}

/** The reader comes back and answers all. */
export async function readQueue(lab: Lab): Promise<void> {
  const reader = await lab.open('reader', { keep: true });
  reader.answerAll();
  const expected = QUEUED * lab.highest;
  await lab.until(() => new Set(textsOn(lab.recorder.trace, reader.link)).size >= expected || reader.ended);
  await lab.quiet();
}

/** A second connection with the client id of one that is open. */
export async function takeOver(lab: Lab): Promise<void> {
  const first = await lab.open('twin', { keep: true });
  await first.subscribe({ filter: lab.topic('twin'), qos: 1 });
  await lab.open('twin', { keep: true });
  await lab.until(() => first.ended);
}

/** Two sessions, one of which is over when both are asked for again. 5.0. */
export async function outliveExpiry(lab: Lab): Promise<void> {
  for (const [name, expiry] of [
    ['brief', BRIEF],
    ['longer', 120],
  ] as const) {
    const client = await lab.open(name, { keep: true, expiry });
    await client.subscribe({ filter: lab.topic(name), qos: 1 });
    await client.leave();
  }
  await lab.recorder.pause(BRIEF * 1000 + OVERDUE_MS);
  await lab.open('longer', { keep: true });
  await lab.open('brief', { keep: true });
}
