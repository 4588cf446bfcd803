import type { WindowShape } from '../../../src/pipeline/windows/window-definition.js';
import type { SeenMessage } from '../clients/mosquitto-sub.js';
import type { Letter } from '../delivery-oracle.js';
import { PlainWindows, windowText } from '../plain-windows.js';

/** The windows of a job with windows: of the messages of a key, which has every so manyth message. */
export const CLUSTER_WINDOWS = { keys: 4, stepMs: 100, sizeMs: 3000, slideMs: 1000, allowedLagMs: 500 } as const;

/** By so much the others may know less of the time of a partition than that itself. */
const TOLD_LATER_MS = 1000;
const { keys, stepMs, sizeMs, slideMs, allowedLagMs } = CLUSTER_WINDOWS;
const SHAPE: WindowShape = { kind: 'sliding', size: sizeMs, slide: slideMs };

/** What became of the windows. A faultless job has only empty lists, and no duplicate. */
export interface ClusterWindowsReport {
  /** How many results there must be. */
  readonly due: number;
  readonly missing: readonly string[];
  /** Told, and no window of what was sent, or one that cannot have ended. */
  readonly wrong: readonly string[];
  readonly duplicates: number;
  /** Behind one of a later window of the key. */
  readonly disordered: readonly string[];
}

interface Sent {
  readonly level: string;
  readonly n: number;
  readonly at: number;
}

/** Up to there all levels have come: no window that ends later can have ended. */
const watermarkOf = (sent: readonly Sent[]): number => {
  const latest = new Map<string, number>();
  for (const { level, at } of sent) latest.set(level, Math.max(at, latest.get(level) ?? 0));
  return Math.min(...latest.values()) - allowedLagMs;
};

/** All windows of what was sent: messages of a level come in order, so none is late. */
const windowsOf = (sent: readonly Sent[]): readonly { readonly end: number; readonly text: string }[] => {
  const plain = new PlainWindows(SHAPE, Number.POSITIVE_INFINITY);
  for (const { n, at } of sent) plain.take({ key: String(n % keys), at, n });
  return plain.all().map(({ key, ...window }) => ({ end: window.end, text: `${key} ${windowText(window)}` }));
};

/** Whether what came out, on a topic of a job below `out/`, is the result of a window. */
export const isWindow = (below: string): boolean => below.startsWith('window/');

const disorderedOf = (tellings: ReadonlySet<string>): readonly string[] => {
  const ends = new Map<string, number>();
  return [...tellings].flatMap((text) => {
    const [key = '', , end] = text.split(' ');
    const last = ends.get(key) ?? Number.NEGATIVE_INFINITY;
    ends.set(key, Math.max(last, Number(end)));
    return Number(end) < last ? [text] : [];
  });
};

/** @param told what came out of windows: `out/window/<key>` */
export const judgeClusterWindows = (letters: readonly Letter[], told: readonly SeenMessage[]): ClusterWindowsReport => {
  const sent = letters.map(({ topic, text }): Sent => {
    const n = Number(text.split(' ')[1]);
    return { level: topic, n, at: n * stepMs };
  });
  const watermark = watermarkOf(sent);
  const windows = windowsOf(sent);
  const due = windows.filter(({ end }) => end <= watermark - TOLD_LATER_MS);
  const possible = new Set(windows.filter(({ end }) => end <= watermark).map(({ text }) => text));
  const tellings = told.map(({ topic, text }) => `${topic.split('/').at(-1)} ${text}`);
  const distinct = new Set(tellings);
  return {
    due: due.length,
    missing: due.map(({ text }) => text).filter((text) => !distinct.has(text)),
    wrong: [...distinct].filter((text) => !possible.has(text)),
    duplicates: tellings.length - distinct.size,
    disordered: disorderedOf(distinct),
  };
};
