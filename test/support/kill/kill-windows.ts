import type { SeenMessage } from '../clients/mosquitto-sub.js';
import { PlainWindows, windowText } from '../plain-windows.js';

type NamedShape =
  | { readonly name: string; readonly size: number; readonly slide: number }
  | { readonly name: string; readonly timeout: number };

/** The windows of the kind `windows` of `kill-pipeline.mjs`. */
export const KILL_WINDOWS: { readonly allowedLagMs: number; readonly shapes: readonly NamedShape[] } = {
  allowedLagMs: 200,
  shapes: [
    { name: 'tumbling', size: 200, slide: 200 },
    { name: 'sliding', size: 600, slide: 200 },
    { name: 'session', timeout: 250 },
  ],
};

/** What became of the windows of a run. A faultless one has only empty lists, and no duplicate. */
export interface WindowsReport {
  /** How many results and late messages there are to be. */
  readonly due: number;
  readonly missing: readonly string[];
  /** Told, and none of those. */
  readonly wrong: readonly string[];
  readonly duplicates: number;
  /** Results of a key that came behind one of a later window. */
  readonly disordered: readonly string[];
}

/** Whether a topic, as it is below `out/`, has results of windows, or late messages. */
export const isOfWindows = (topic: string): boolean => topic.includes('/');

const belowOut = (topic: string): string => topic.slice(topic.indexOf('/out/') + '/out/'.length);

interface Told {
  readonly order: number;
  readonly at: number;
  readonly level: string;
  readonly text: string;
}

/** All messages, as the job has numbered them. */
const numbered = (messages: readonly SeenMessage[]): readonly Told[] => {
  const known = new Map<number, Told>();
  for (const { topic, text } of messages) {
    const level = belowOut(topic);
    if (isOfWindows(level)) continue;
    const [order = 0, at = 0] = text.split(' ', 2).map(Number);
    known.set(order, { order, at, level, text });
  }
  return [...known.values()].sort((a, b) => a.order - b.order);
};

/** What is to be told of windows, by the order and the times of the messages. */
const dueOf = (messages: readonly SeenMessage[]): ReadonlySet<string> => {
  const told = numbered(messages);
  const due = new Set<string>();
  for (const shape of KILL_WINDOWS.shapes) {
    const { name } = shape;
    const kind = 'timeout' in shape ? 'session' : 'sliding';
    const plain = new PlainWindows(
      { ...shape, kind } as ConstructorParameters<typeof PlainWindows>[0],
      KILL_WINDOWS.allowedLagMs,
    );
    for (const { order, at, level } of told) plain.take({ key: level, at, n: order });
    for (const { key, ...window } of plain.ended) due.add(`${name}/${key} ${windowText(window)}`);
    for (const { key, n } of plain.late) due.add(`late/${name}/${key} ${told[n - 1]?.text}`);
  }
  return due;
};

const tellingsOf = (messages: readonly SeenMessage[]): readonly string[] =>
  messages
    .map(({ topic, text }) => `${belowOut(topic)} ${text}`)
    .filter((text) => isOfWindows(text.split(' ')[0] ?? ''));

/** Whether results are to come of what has come. */
export const windowsOwed = (messages: readonly SeenMessage[]): boolean => {
  const told = new Set(tellingsOf(messages));
  return [...dueOf(messages)].some((text) => !told.has(text));
};

/** Compares what was told of windows with what follows from the messages. */
export const judgeWindows = (messages: readonly SeenMessage[]): WindowsReport => {
  const due = dueOf(messages);
  const tellings = tellingsOf(messages);
  const told = new Set(tellings);
  return {
    due: due.size,
    missing: [...due].filter((text) => !told.has(text)),
    wrong: [...told].filter((text) => !due.has(text)),
    duplicates: tellings.length - told.size,
    disordered: disorderedOf(told),
  };
};

const disorderedOf = (told: ReadonlySet<string>): readonly string[] => {
  const ends = new Map<string, number>();
  return [...told].flatMap((text) => {
    if (text.startsWith('late/')) return [];
    const [topic = '', , end] = text.split(' ');
    const last = ends.get(topic) ?? Number.NEGATIVE_INFINITY;
    ends.set(topic, Math.max(last, Number(end)));
    return Number(end) < last ? [text] : [];
  });
};
