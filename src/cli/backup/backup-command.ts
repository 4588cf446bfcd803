import { visible, visibleJson } from '../../internal/visible-text.js';
import { type Backup, backupDirectory } from '../../store/backup/backup-directory.js';
import type { Command, CommandOptions } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Output } from '../job/reporter.js';
import { collectOptions } from '../options/collect-options.js';
import { usageError } from '../options/usage-error.js';

/** What `millrace backup` is told to do. */
interface BackupFlags {
  readonly from: string;
  readonly to: string;
  readonly json: boolean;
}

const OPTIONS = {
  json: { kind: 'flag', help: 'One line of JSON on stdout' },
} as const satisfies CommandOptions;

const ABOUT = `Copies what the jobs of a directory have stored, each as of one commit, while their process goes on. DIR is what it has as --dir, TO a place that is
not there yet. All of the copy is read before it has its name. An end in the middle leaves TO.unfinished, which the next one removes.
`;

const ENDING = `A copy is older than the sessions at the brokers: a job that is started with it is refused, and says what to do.

`;

export const BACKUP: Command<BackupFlags> = {
  name: 'backup',
  summary: 'Copy what jobs have stored while they run',
  positional: { name: 'DIR TO' },
  about: ABOUT,
  options: OPTIONS,
  ending: ENDING,
  parse,
  run: runBackup,
};

/** Throws INVALID_OPTIONS. */
function parse(args: readonly string[]): BackupFlags {
  const options = collectOptions(args, OPTIONS, 2);
  const [from, to] = options.positionals;
  if (!from || !to) throw usageError('DIR and TO are needed: what is copied, and where to');
  return { from, to, json: options.flag('json') };
}

async function runBackup({ from, to, json }: BackupFlags, { stdout }: Output): Promise<number> {
  const backup = await backupDirectory(from, to);
  if (json) stdout(`${visibleJson(backup)}\n`);
  else for (const line of linesOf(backup)) stdout(`${visible(line)}\n`);
  return EXIT_CODE.OK;
}

const linesOf = ({ location, partitions, snapshots }: Backup): readonly string[] => [
  `copied to ${location}`,
  ...partitions.map(({ job, partition, seq, records }) => {
    const what = job === undefined ? '' : ` of job ${job}`;
    return `  partition ${partition}${what}: ${records} records, as of the record ${seq} of its log`;
  }),
  ...(snapshots === 0 ? [] : [`  ${snapshots} exported snapshots`]),
];
