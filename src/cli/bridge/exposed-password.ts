import type { Reporter } from '../job/reporter.js';

/** Whoever may list the processes of this machine can read what stands on the command line, as long as we run. */
export function tellExposedPassword(places: readonly string[], reporter: Reporter): void {
  if (places.length === 0) return;
  const note = `the password in ${places.join(' and ')} is shown by the list of processes`;
  const advice = 'give it by --password-env or --password-file, and only the user in the URL';
  reporter.tell({ event: 'note', text: `note: ${note}: ${advice}`, facts: { note, options: places } });
}
