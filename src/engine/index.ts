export { Engine, type EngineOptions } from './engine.js';
export type { Job } from './job.js';
export type { JobEvent } from './job-event.js';
export type { JobMetrics } from './job-metrics.js';
export type { JobOptions } from './job-options.js';
export type { JobStatus } from './job-status.js';
export type { RestartOptions } from './restart-policy.js';
