/*
 * The layers of `src`: what a folder may import, and whether it is pure. `npm run lint` refuses everything else (`check-layers.mjs`).
 *
 * A file belongs to the longest row that it lies in. A folder that may be imported comes with all that is in it, and each may import
 * its own; but what is `closed` only who names it. `packages` are those from outside, beside Node's own. A `pure` folder has no
 * clock, timer, promise, chance or platform module (`impurities.mjs`).
 */

/** @typedef {{ folder: string, imports: readonly string[], packages?: readonly string[], pure?: boolean, closed?: boolean }} Layer */

const BELOW = ['errors', 'internal', 'metrics'];
const MQTT = ['mqtt/protocol', 'mqtt/connection', 'mqtt/source', 'mqtt/sink'];
const CONNECTOR = [...BELOW, 'mqtt/protocol', 'mqtt/connection', 'connector'];

const ENGINE = [...BELOW, 'connector', 'pipeline', 'store'];
const CLUSTER = [
  'cluster/claims',
  'cluster/exchange',
  'cluster/manifest',
  'cluster/members',
  'cluster/node',
  'cluster/job',
  'cluster/jetstream',
  'store/jetstream',
];
/** What runs a job, whichever engine starts it. */
const RUNS = ['engine/job', 'engine/run', 'engine/opening', 'engine/tick'];
const SNAPSHOT = ['engine/snapshot'];
const LANES = ['engine/layout', 'engine/tick', 'engine/state', 'engine/opening'];

/** @type {readonly Layer[]} */
export const LAYERS = [
  { folder: 'errors', imports: [], pure: true },
  { folder: 'internal', imports: ['errors'] },
  { folder: 'internal/join-bytes.ts', imports: [], pure: true },
  { folder: 'internal/ring.ts', imports: [], pure: true },
  { folder: 'metrics', imports: ['errors', 'internal'] },
  { folder: 'opentelemetry', imports: BELOW, packages: ['@opentelemetry/api'] },
  { folder: 'opentelemetry/traces/trace-context.ts', imports: [], packages: ['@opentelemetry/api'], pure: true },
  { folder: 'prom-client', imports: BELOW },
  { folder: 'mqtt/protocol', imports: ['errors', 'internal/ring.ts'], pure: true },
  { folder: 'mqtt/connection', imports: [...BELOW, 'mqtt/protocol'], packages: ['ws'] },
  {
    folder: 'mqtt/connection/identity/record',
    imports: ['errors', 'internal', 'mqtt/protocol', 'mqtt/connection'],
    pure: true,
  },
  { folder: 'mqtt/connection/reconnect', imports: ['errors', 'mqtt/protocol', 'mqtt/connection'], pure: true },
  { folder: 'mqtt/connection/subscriptions', imports: ['errors', 'mqtt/protocol'], pure: true },
  { folder: 'mqtt/source', imports: CONNECTOR },
  { folder: 'mqtt/source/acknowledgement', imports: [...CONNECTOR, 'mqtt/source'], pure: true },
  { folder: 'mqtt/source/direct', imports: [...CONNECTOR, 'mqtt/source'], pure: true },
  { folder: 'mqtt/source/durable', imports: [...CONNECTOR, 'mqtt/source'], pure: true },
  { folder: 'mqtt/sink', imports: CONNECTOR },
  { folder: 'mqtt/sink/queue', imports: [...CONNECTOR, 'mqtt/sink'], pure: true },
  { folder: 'mqtt/sink/outbox/sender', imports: [...CONNECTOR, 'mqtt/sink'], pure: true },
  { folder: 'mqtt/source/table/retained-rows.ts', imports: ['connector'], pure: true },
  { folder: 'connector/testing', imports: [...BELOW, 'connector', 'store'], closed: true },
  { folder: 'connector', imports: BELOW },
  { folder: 'connector/builder/fill-log.ts', imports: ['internal/ring.ts', 'connector'], pure: true },
  { folder: 'connector/builder/run-parts.ts', imports: [], pure: true },
  { folder: 'postgres', imports: [...BELOW, 'connector'], packages: ['pg'] },
  { folder: 'postgres/sql', imports: ['errors'], pure: true },
  { folder: 'postgres/sink/position/judge-position.ts', imports: ['errors', 'postgres'], pure: true },
  { folder: 'postgres/source/changes/changes-book.ts', imports: ['errors', 'internal', 'postgres'], pure: true },
  { folder: 'postgres/source/queue/queue-book.ts', imports: ['errors', 'internal', 'postgres'], pure: true },
  { folder: 'nats', imports: ['errors', 'internal'], packages: ['@nats-io/transport-node'] },
  { folder: 'nats/nats-errors.ts', imports: ['errors'], pure: true },
  { folder: 'pipeline', imports: [...BELOW, 'connector'] },
  { folder: 'pipeline/aggregates', imports: ['errors', 'internal', 'pipeline'], pure: true },
  { folder: 'pipeline/timers', imports: ['errors', 'internal', 'pipeline'], pure: true },
  { folder: 'pipeline/time', imports: ['internal', 'pipeline'], pure: true },
  { folder: 'pipeline/windows', imports: ['errors', 'internal', 'pipeline'], pure: true },
  { folder: 'store', imports: ['errors', 'internal'], packages: ['lmdb', 'fs-native-extensions'] },
  {
    folder: 'store/jetstream',
    imports: ['errors', 'internal', 'nats', 'store'],
    packages: ['@nats-io/transport-node', '@nats-io/obj'],
  },
  { folder: 'store/jetstream/append-outcome.ts', imports: ['nats'], pure: true },
  { folder: 'store/jetstream/record-pieces.ts', imports: ['internal/join-bytes.ts'], pure: true },
  { folder: 'store/jetstream/stream-config.ts', imports: [], pure: true },
  { folder: 'engine/layout', imports: ENGINE },
  { folder: 'engine/inspection', imports: [...ENGINE, 'engine/layout'] },
  { folder: 'engine/snapshot', imports: [...ENGINE, 'engine/layout', 'engine/inspection'] },
  { folder: 'engine/tick', imports: [...ENGINE, 'engine/layout'], pure: true },
  { folder: 'engine/state', imports: [...ENGINE, 'engine/layout', 'engine/tick'], pure: true },
  { folder: 'engine/opening', imports: [...ENGINE, 'engine/layout', 'engine/tick'] },
  { folder: 'engine/direct', imports: [...ENGINE, ...LANES] },
  { folder: 'engine/durable', imports: [...ENGINE, ...LANES, ...SNAPSHOT] },
  { folder: 'engine/run', imports: [...ENGINE, ...LANES, 'engine/direct', 'engine/durable'] },
  { folder: 'engine/job', imports: [...ENGINE, ...LANES, ...SNAPSHOT, 'engine/run'] },
  { folder: 'engine', imports: [...ENGINE, ...SNAPSHOT, 'engine/job-runner.ts'] },
  { folder: 'engine/job-runner.ts', imports: ['pipeline', 'engine/job', 'cluster/node'] },
  {
    folder: 'engine/engine.ts',
    imports: [...ENGINE, ...LANES, ...SNAPSHOT, 'engine', 'engine/job', 'engine/job-runner.ts', 'cluster/engine'],
  },
  { folder: 'cluster', imports: ['cluster/claims', 'cluster/engine', 'cluster/job', 'cluster/node'] },
  { folder: 'cluster/assignment', imports: [], pure: true },
  { folder: 'cluster/manifest', imports: ['errors'], pure: true },
  {
    folder: 'cluster/node',
    imports: [...BELOW, 'pipeline', 'store', 'cluster/claims', 'cluster/manifest', 'cluster/members', ...RUNS],
  },
  {
    folder: 'cluster/job',
    imports: [
      ...BELOW,
      'connector',
      'pipeline',
      'store',
      'cluster/claims',
      'cluster/manifest',
      'cluster/node',
      ...RUNS,
    ],
  },
  {
    folder: 'cluster/engine',
    imports: [...BELOW, 'connector', 'pipeline', 'store', 'nats', 'engine/job-runner.ts', ...CLUSTER, ...RUNS],
  },
  { folder: 'cluster/members', imports: ['errors', 'cluster/claims', 'cluster/manifest'] },
  {
    folder: 'cluster/members/entry-codec.ts',
    imports: ['errors', 'cluster/claims', 'cluster/manifest', 'cluster/members'],
    pure: true,
  },
  {
    folder: 'cluster/jetstream',
    imports: ['errors', 'internal', 'nats', 'cluster/members'],
    packages: ['@nats-io/kv'],
  },
  { folder: 'cluster/memory', imports: ['cluster/members', 'cluster/exchange'] },
  {
    folder: 'cluster/exchange',
    imports: [...BELOW, 'connector', 'pipeline', 'engine/layout', 'nats', 'store'],
  },
  { folder: 'cluster/exchange/edge', imports: ['errors', 'internal'], pure: true },
  {
    folder: 'cluster/exchange/key-partition.ts',
    imports: ['pipeline', 'engine/layout'],
    pure: true,
  },
  {
    folder: 'cluster/exchange/split-graph.ts',
    imports: ['errors', 'connector', 'pipeline', 'cluster/exchange'],
    pure: true,
  },
  { folder: 'cluster/claims', imports: ['errors', 'cluster/assignment'], pure: true },
  { folder: 'http', imports: [...BELOW, 'engine/job', 'engine/job-runner.ts'] },
  { folder: 'http/page', imports: [], closed: true },
  { folder: 'http/policy', imports: [], pure: true },
  {
    folder: 'cli',
    imports: [
      ...BELOW,
      'http',
      ...MQTT,
      'connector',
      'pipeline',
      'engine',
      'store',
      'nats',
      'cluster/claims',
      'cluster/node',
      'cluster/job',
      'cluster/engine',
    ],
    packages: ['yaml'],
    closed: true,
  },
  { folder: 'cli/check/verdict', imports: ['internal', 'mqtt/protocol', 'cli'], pure: true },
  { folder: 'cli/bridge/file/check/judge-end.ts', imports: ['mqtt/protocol', 'cli'], pure: true },
  { folder: 'cli/bridge/file/plan/plan-difference.ts', imports: ['cli'], pure: true },
  { folder: 'cli/bridge/file/plan/route-loops.ts', imports: ['mqtt/protocol', 'cli'], pure: true },
  { folder: 'cli/bridge/file/plan/written-filter.ts', imports: ['mqtt/protocol'], pure: true },
  { folder: 'cli/bridge/file/read/check-shape.ts', imports: ['internal', 'cli'], pure: true },
  { folder: 'cli/bridge/file/shape', imports: ['mqtt/protocol', 'cli'], pure: true },
  {
    folder: 'index.ts',
    imports: [
      'cluster',
      'cluster/claims',
      'cluster/engine',
      'cluster/job',
      'cluster/node',
      'nats',
      ...BELOW,
      ...MQTT,
      'connector',
      'pipeline',
      'engine',
      'store',
    ],
    closed: true,
  },
];
