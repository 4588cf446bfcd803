/*
 * Tells over HTTP how the jobs of an engine stand. Read `serve.ts` first, then `http-service.ts`, which answers requests, and the head of
 * `policy/judge-request.ts`: which are refused. `policy/` is pure. `told/` keeps what diagnostics channels tell, `snapshot/` is the one place
 * that looks at jobs, `answers.ts` bounds how often. It knows engines by `JobRunner` alone. `page/` is what a browser gets, as it stands:
 * JavaScript whose types are in its comments, so that nothing has to be built to be served from the sources.
 */
export type { ConnectionTrouble } from '../metrics/warnings/connection-troubles.js';
export type { Facts } from '../metrics/warnings/facts.js';
export { type Served, serve } from './serve.js';
export type { HttpTlsOptions, ServeOptions } from './serve-options.js';
export type { EngineSnapshot } from './snapshot/engine-snapshot.js';
export type { JobRates } from './snapshot/job-rates.js';
export type { JobFigures, JobSnapshot } from './snapshot/job-snapshot.js';
export type { FiguresByPart, LagFigures, OutboxFigures, PartFigures, WindowFigures } from './snapshot/part-figures.js';
export type { StandingWindow } from './snapshot/standing-windows.js';
export type { EndedJob } from './told/process-listener.js';
export type { ToldConnection } from './told/told-connections.js';
export type { ToldEvent } from './told/told-events.js';
export type { ToldTable } from './told/told-tables.js';
