/*
 * The contracts of sources, sinks, stores and logs as cases: `millrace/connector/testing`. Read `contract-case.ts` first, then the harness
 * of your kind, which is what you implement: `source/source-harness.ts`, `sink/sink-harness.ts`, `durable-sink/durable-sink-harness.ts`,
 * for a store `store/store-scene.ts`, for the log of a partition `log/log-scene.ts`, for its snapshots `blobs/blob-scene.ts`. The cases
 * stand beside it. Only tests import this, ours and others'.
 */
export { blobCases } from './blobs/blob-cases.js';
export type { BlobFixture, BlobHarness, BlobLimits } from './blobs/blob-scene.js';
export type { ContractCase } from './contract-case.js';
export { durableSinkCases } from './durable-sink/durable-sink-cases.js';
export type {
  DurableSinkFixture,
  DurableSinkHarness,
  DurableSinkLimits,
} from './durable-sink/durable-sink-harness.js';
export { logCases } from './log/log-cases.js';
export type { LogFixture, LogHarness, LogLimits } from './log/log-scene.js';
export { sinkCases } from './sink/sink-cases.js';
export type { SinkFixture, SinkHarness, SinkLimits } from './sink/sink-harness.js';
export { sourceCases } from './source/source-cases.js';
export type { SourceFixture, SourceHarness, SourceLimits } from './source/source-harness.js';
export { storeCases } from './store/store-cases.js';
export type { StoreFixture, StoreHarness } from './store/store-scene.js';
