import { visible, visibleJson } from '../../internal/visible-text.js';
import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Output } from '../job/reporter.js';
import { inspectCluster } from './inspect-cluster.js';
import { inspectDirectory } from './inspect-directory.js';
import { INSPECT_OPTIONS, type InspectFlags, parseInspectFlags } from './inspect-flags.js';
import type { Inspected, Progress } from './inspect-look.js';
import { notThere } from './not-there.js';
import { reportLines } from './report-text.js';

const ABOUT = `Tells what the jobs of a directory have stored: positions, sessions, inbound ids, outboxes, pending calls, state by stage.
DIR is what a job has as --dir; a job on several nodes is looked at by --cluster and --job. It only reads, beside a job that runs too: no lock is
taken, nothing is claimed, written or mended.
`;

const ENDING = `What is damaged is told, and the rest is shown: the exit code is 1 then, and where nothing has the job, partition, key or seq, or DIR is no directory of jobs.

`;

export const INSPECT: Command<InspectFlags> = {
  name: 'inspect',
  summary: 'Look at what jobs have stored, beside them',
  positional: { name: '[DIR]' },
  about: ABOUT,
  options: INSPECT_OPTIONS,
  ending: ENDING,
  parse: parseInspectFlags,
  run: runInspect,
};

async function runInspect(flags: InspectFlags, output: Output): Promise<number> {
  const { at, job = '' } = flags;
  const progress = progressTo(output);
  const inspected =
    'nats' in at
      ? await inspectCluster({ nats: at.nats, job }, flags, progress)
      : await inspectDirectory(at.directory, flags, progress);
  if (output.isTerminal) output.stderr('\r\u001b[K');
  const { partitions, problems } = inspected.report;
  const missing = notThere(inspected.report, flags);
  if (missing === undefined || flags.json || partitions.length > 0) await tell(inspected, flags, output);
  if (missing !== undefined) output.stderr(`millrace inspect: ${visible(missing)}\n`);
  if (missing !== undefined) return EXIT_CODE.FAILED;
  return problems.length > 0 || partitions.some((one) => one.problems.length > 0) ? EXIT_CODE.FAILED : EXIT_CODE.OK;
}

async function tell(
  { report, raw }: Inspected,
  { json, raw: isRaw, question }: InspectFlags,
  { stdout, stderr, data }: Output,
): Promise<void> {
  if (json) {
    stdout(`${visibleJson(report)}\n`);
    return;
  }
  const lines = reportLines(report);
  if (isRaw && question.about !== 'all') {
    for (const problem of lines.filter((line) => line.startsWith('  PROBLEM '))) stderr(`${problem.trim()}\n`);
    for (const bytes of raw) await data.write(bytes);
    return;
  }
  for (const line of lines) stdout(`${isRaw ? line : visible(line)}\n`);
}

/** A line that is drawn over, for who watches. */
function progressTo({ isTerminal, stderr, columns }: Output): Progress {
  return (what, counted) => {
    if (!isTerminal) return;
    const line = visible(`${counted.toLocaleString('en-US')} records of ${what}`);
    stderr(`\r\u001b[K${line.slice(0, Math.max(0, columns() - 1))}`);
  };
}
