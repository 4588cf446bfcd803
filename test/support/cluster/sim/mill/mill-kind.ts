import type { NodeKind } from '../cluster-node.js';
import { COUNT_KEY, type MillFlaw } from './mill.js';
import { MillNode } from './mill-node.js';

const RECONNECT_MS = 20;

/** Nodes with mills, whose sessions are there. */
export const millKind = (flaw: MillFlaw = 'none'): NodeKind => ({
  begin: (setting) =>
    new MillNode({ ...setting, ...setting.schedule, flaw, someMs: () => setting.chance() * RECONNECT_MS }),
  prepare: ({ source, sink }, partition) => {
    source.prepare(`reader-${partition}`, [[`in/${partition}`, 2]]);
    sink.prepare(`writer-${partition}`, []);
  },
  keys: 1,
  countOf: (key, read) => Number(Buffer.from(read(`${COUNT_KEY}/${key}`) ?? '0').toString()),
  mayLose: false,
});
