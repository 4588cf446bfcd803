import { visible, visibleJson } from '../../internal/visible-text.js';
import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import type { Output } from '../job/reporter.js';
import { ACTIONS, CLUSTER_FLAGS, type ClusterTaskFlags, parseClusterFlags } from './cluster-flags.js';
import { statusText } from './status-text.js';

const ABOUT = `What belongs to a job on several nodes. ACTION is one of:
  status   who has which partition of a job, how far its logs are, and which nodes beat
  check    whether the NATS servers have what jobs need; makes a stream for a moment, and removes it
  repair   has the claims of a job count on from above its logs, when a node says epochs-behind; stop all its nodes first
  config   prints a configuration for the NATS servers
`;

export const CLUSTER: Command<ClusterTaskFlags> = {
  name: 'cluster',
  summary: 'Look after a job on several nodes: status, check, repair, config',
  positional: { name: 'ACTION', choices: ACTIONS },
  about: ABOUT,
  options: CLUSTER_FLAGS,
  parse: parseClusterFlags,
  run: runCluster,
};

async function runCluster(task: ClusterTaskFlags, output: Output): Promise<number> {
  switch (task.action) {
    case 'config':
      output.stdout(task.text);
      return EXIT_CODE.OK;
    case 'status':
      return status(task, output);
    case 'repair':
      return repair(task, output);
    case 'check':
      return check(task, output);
  }
}

type Asked<A extends ClusterTaskFlags['action']> = Extract<ClusterTaskFlags, { readonly action: A }>;

async function status({ nats, job, json }: Asked<'status' | 'repair'>, { stdout }: Output): Promise<number> {
  const { inspectJob } = await import('../../cluster/engine/inspect-job.js');
  const found = await inspectJob(nats, job);
  stdout(`${json ? visibleJson(found) : eachVisible(statusText(found))}\n`);
  return EXIT_CODE.OK;
}

async function repair({ nats, job, json }: Asked<'status' | 'repair'>, { stdout }: Output): Promise<number> {
  const { repairClaims } = await import('../../cluster/engine/repair-claims.js');
  const done = await repairClaims(nats, job);
  const { partitions, highest, before, after } = done;
  const read = `read the logs of ${partitions} partitions, the highest epoch is ${highest}`;
  const base =
    before === after ? `epochs count on from ${after} already` : `epochs count on from ${after}, not ${before}`;
  stdout(`${json ? visibleJson({ job, ...done }) : `${read}; ${base}: the nodes can be started`}\n`);
  return EXIT_CODE.OK;
}

async function check({ nats, replicas, monitors, json }: Asked<'check'>, { stdout }: Output): Promise<number> {
  const { checkServers } = await import('../../cluster/engine/check-servers.js');
  const findings = await checkServers({ nats, replicas, monitors });
  if (json) stdout(`${visibleJson({ findings })}\n`);
  else
    for (const { verdict, text, advice = '' } of findings)
      stdout(`${verdict.padEnd(8)} ${visible(`${text}. ${advice}`.trim())}\n`);
  return findings.some(({ verdict }) => verdict === 'problem') ? EXIT_CODE.FAILED : EXIT_CODE.OK;
}

const eachVisible = (text: string): string => text.split('\n').map(visible).join('\n');
