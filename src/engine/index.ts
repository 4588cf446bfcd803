/*
 * What runs a pipeline. Read `tick/tick-machine.ts` and `tick/custody.ts` first: the order of a tick, and who answers for an input; then
 * `run/job-driver.ts`, which gives the machine its clock, and `durable/durable-tick.ts`, which makes the commits. `snapshot/` is what a job exports of its state. `job/` is what a user has
 * in hand. Inside, imports go from `job` down to `layout` as `scripts/layers.mjs` has it. It knows connectors, pipelines and stores by
 * their contracts alone; only `http/`, the command line and the package's root import it.
 */
export { Engine, type EngineOptions } from './engine.js';
export type { Job } from './job/job.js';
export type { JobEvent } from './job/job-event.js';
export type { JobMetrics } from './job/job-metrics.js';
export type { JobOptions } from './job/job-options.js';
export type { JobLimits, JobPart, JobPlan } from './job/job-plan.js';
export type { JobStatus } from './job/job-status.js';
export type { RestartOptions } from './job/restart-policy.js';
export type { RunningJob } from './job/running-job.js';
export type { JobRunner, RunnerJobOptions } from './job-runner.js';
export type { Recovered } from './opening/recovered.js';
export type { StoppedEarly } from './run/stopped-early.js';
export type { JobSnapshot } from './snapshot/job-snapshot.js';
