import type { BenchOptions } from '../support/bench-options.js';
import type { Comparison } from '../support/result.js';
import { clusterCommitsCase } from './cluster-commits.js';
import { clusterRateCase } from './cluster-rate.js';
import { clusterRestoreCase } from './cluster-restore.js';
import { clusterTakeoverCase } from './cluster-takeover.js';
import { exactlyOnceCase } from './exactly-once.js';
import { keyedCase } from './keyed.js';
import { latencyCase } from './latency.js';
import { mqttPostgresCase } from './mqtt-postgres.js';
import { bridgePeersCase, consumePeersCase } from './peers.js';
import { postgresCase } from './postgres.js';
import { recoveryCase } from './recovery.js';
import { sinkCase } from './sink.js';
import { keysSlopeCase, messagesSlopeCase, topicsSlopeCase } from './slopes.js';
import { sourceCase, tracesCase } from './source.js';
import { storeCommitsCase } from './store-commits.js';
import { storeKeysCase } from './store-keys.js';
import { storeWindowCase } from './store-window.js';
import { timersCase } from './timers.js';
import { viewersCase } from './viewers.js';
import { windowKeysSlopeCase, windowSlidesSlopeCase } from './window-slopes.js';
import { windowsCase } from './windows.js';

/** What `--only` chooses from. */
export interface BenchCase {
  readonly name: string;
  /** How often each contender is measured: as often as half an hour for all allows. Five where something is aimed at. */
  readonly rounds: number;
  run(options: BenchOptions): Promise<Comparison | readonly Comparison[]>;
}

const benchCase = (name: string, rounds: number, run: BenchCase['run']): BenchCase => ({ name, rounds, run });

/** In the order of the document. */
export const CASES = [
  benchCase('source-qos0', 3, (options) => sourceCase(0, options)),
  benchCase('source-qos1', 3, (options) => sourceCase(1, options)),
  benchCase('source-qos2', 3, (options) => sourceCase(2, options)),
  benchCase('traces', 3, tracesCase),
  benchCase('sink-qos1-window1000', 3, (options) => sinkCase(1, 1000, options)),
  benchCase('sink-qos1-window20', 5, (options) => sinkCase(1, 20, options)),
  benchCase('sink-qos2-window1000', 1, (options) => sinkCase(2, 1000, options)),
  benchCase('sink-qos2-window20', 1, (options) => sinkCase(2, 20, options)),
  benchCase('bridge-window20', 5, (options) => bridgePeersCase(20, options)),
  benchCase('bridge-window1000', 3, (options) => bridgePeersCase(1000, options)),
  benchCase('consume-window20', 3, consumePeersCase),
  benchCase('exactly-once-window20', 5, (options) => exactlyOnceCase(20, options)),
  benchCase('exactly-once-window1000', 5, (options) => exactlyOnceCase(1000, options)),
  benchCase('viewers', 5, viewersCase),
  benchCase('latency-each1', 3, (options) => latencyCase(1, options)),
  benchCase('latency-each100', 1, (options) => latencyCase(100, options)),
  benchCase('latency-each1000', 5, (options) => latencyCase(1000, options)),
  benchCase('latency-each5000', 3, (options) => latencyCase(5000, options)),
  benchCase('recovery', 3, recoveryCase),
  benchCase('keyed-10000', 5, (options) => keyedCase(10_000, options)),
  benchCase('keyed-2000000', 3, (options) => keyedCase(2_000_000, options)),
  benchCase('windows-tumbling-ten', 1, (options) => windowsCase('tumbling', 10, options)),
  benchCase('windows-tumbling-10k', 3, (options) => windowsCase('tumbling', 10_000, options)),
  benchCase('windows-tumbling-1m', 1, (options) => windowsCase('tumbling', 1_000_000, options)),
  benchCase('windows-sliding-ten', 1, (options) => windowsCase('sliding', 10, options)),
  benchCase('windows-sliding-10k', 1, (options) => windowsCase('sliding', 10_000, options)),
  benchCase('windows-sliding-1m', 1, (options) => windowsCase('sliding', 1_000_000, options)),
  benchCase('windows-slope-keys', 1, windowKeysSlopeCase),
  benchCase('windows-slope-slides', 1, windowSlidesSlopeCase),
  benchCase('timers', 1, timersCase),
  benchCase('slope-messages', 1, messagesSlopeCase),
  benchCase('slope-topics', 1, topicsSlopeCase),
  benchCase('slope-keys', 3, keysSlopeCase),
  benchCase('postgres-rows64', 1, (options) => postgresCase(64, options)),
  benchCase('postgres-rows1024', 1, (options) => postgresCase(1024, options)),
  benchCase('postgres-backlog', 1, mqttPostgresCase),
  benchCase('cluster-window1000', 1, (options) => clusterRateCase(1000, options)),
  benchCase('cluster-window20', 1, (options) => clusterRateCase(20, options)),
  benchCase('cluster-commits', 1, clusterCommitsCase),
  benchCase('cluster-takeover', 1, clusterTakeoverCase),
  benchCase('cluster-restore', 1, clusterRestoreCase),
  // the store alone
  benchCase('store-commits1', 3, (options) => storeCommitsCase(1, options)),
  benchCase('store-commits100', 3, (options) => storeCommitsCase(100, options)),
  benchCase('store-commits1000', 3, (options) => storeCommitsCase(1000, options)),
  // beside what it was before
  benchCase('store-window-quiet', 3, (options) => storeWindowCase('quiet', options)),
  benchCase('store-window-busy', 1, (options) => storeWindowCase('busy', options)),
  benchCase('store-keys-quiet', 1, (options) => storeKeysCase('quiet', options)),
  benchCase('store-keys-busy', 1, (options) => storeKeysCase('busy', options)),
] as const;
