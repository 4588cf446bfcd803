/** Where messages come from: each is a topic of its own, and has a partition of the job. */
export const LINES = ['line-0', 'line-1', 'line-2', 'line-3', 'line-4', 'line-5'];
