import { createHash } from 'node:crypto';

/*
 * Judges a run by what an independent witness saw. Every message names its topic and number and carries a check sum, so that
 * a message that nobody sent, or that was damaged on the way, is told from one that came twice.
 */

/** What was sent to, or seen on, a topic. */
export interface Letter {
  readonly topic: string;
  readonly text: string;
}

/** The oracle's answer. A faultless run has only empty lists and no duplicate. */
export interface Delivery {
  /** Sent and never seen. */
  readonly lost: readonly string[];
  /** How many messages were seen more often than once, each extra copy counted. */
  readonly duplicates: number;
  /** Seen and never sent, or damaged. */
  readonly phantoms: readonly string[];
  /** First copies that came after a later message of their topic. */
  readonly disordered: readonly string[];
}

/** The text of the message with this number on this topic. */
export function letterText(topic: string, number: number): string {
  const body = `${topic} ${number}`;
  return `${body} ${checksum(body)}`;
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 8);
}

/** Compares what was sent, in order, with what was seen, in order. Topics must be spelt alike on both sides. */
export function judgeDelivery(sent: readonly Letter[], seen: readonly Letter[]): Delivery {
  const numbers = new Map(sent.map(({ text }, index) => [text, index]));
  const counts = new Map<string, number>();
  const highest = new Map<string, number>();
  const phantoms: string[] = [];
  const disordered: string[] = [];
  for (const { topic, text } of seen) {
    const number = numbers.get(text);
    if (number === undefined || sent[number]?.topic !== topic) {
      phantoms.push(`${topic}: ${text}`);
      continue;
    }
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count > 1) continue;
    if (number < (highest.get(topic) ?? -1)) disordered.push(text);
    else highest.set(topic, number);
  }
  const lost = sent.filter(({ text }) => !counts.has(text)).map(({ text }) => text);
  const duplicates = [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
  return { lost, duplicates, phantoms, disordered };
}
