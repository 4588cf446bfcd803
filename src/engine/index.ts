export { Engine, type EngineOptions } from './engine.js';
export type { Job } from './job/job.js';
export type { JobEvent } from './job/job-event.js';
export type { JobMetrics } from './job/job-metrics.js';
export type { JobOptions } from './job/job-options.js';
export type { JobStatus } from './job/job-status.js';
export type { RestartOptions } from './job/restart-policy.js';
