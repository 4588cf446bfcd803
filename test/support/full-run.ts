/** True in `npm run test:full`: sweeps, seeds and counts are whole, not a sample. */
export const fullRun = process.env.MILLRACE_FULL === '1';
