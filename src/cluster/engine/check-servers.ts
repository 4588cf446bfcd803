import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../errors/index.js';
import { JetStreamApi, NatsClient, type NatsOptions } from '../../nats/index.js';
import { configOf } from '../../store/jetstream/stream-config.js';
import type { Finding } from './finding.js';
import { readMonitor } from './read-monitor.js';

/** What is looked at. */
export interface ServerCheck {
  readonly nats: NatsOptions;
  /** Copies that logs are to have. */
  readonly replicas: number;
  /** The monitoring ports of servers, as URLs: only there stands `sync_interval`. */
  readonly monitors: readonly string[];
}

/** A server that has JetStream says so at once. */
const PATIENCE_MS = 3_000;
/** Servers are told apart from those that still choose a leader. */
const MAKING_MS = 15_000;
const LEAST_PAYLOAD = 64 * 1024;
const MIB = 1024 * 1024;

interface AccountInfo {
  readonly storage: number;
  readonly streams: number;
  readonly limits: { readonly max_storage: number; readonly max_streams: number };
}

/** Looks whether jobs can run on these servers, and be safe there. It makes a stream for a moment, and removes it. */
export async function checkServers({ nats, replicas, monitors }: ServerCheck): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let client: NatsClient;
  try {
    client = await NatsClient.open(nats);
  } catch (error) {
    return [problem('servers', MillraceError.from(error))];
  }
  try {
    const { version, server_name } = client.connection.info ?? {};
    findings.push({ check: 'servers', verdict: 'fine', text: `server ${server_name} of version ${version} answers` });
    const api = new JetStreamApi(client);
    findings.push(...(await checkAccount(api)));
    if (findings.every(({ verdict }) => verdict !== 'problem')) findings.push(await checkReplicas(api, replicas));
    findings.push(checkPayload(client.maxPayload));
    for (const monitor of monitors) findings.push(...(await readMonitor(monitor)));
    if (monitors.length === 0) findings.push(NO_MONITOR);
    return findings;
  } finally {
    await client.close();
  }
}

async function checkAccount(api: JetStreamApi): Promise<readonly Finding[]> {
  const what = `JetStream at ${api.client.location}`;
  try {
    const { answer, error } = await api.ask<AccountInfo>('INFO', undefined, what, PATIENCE_MS);
    if (error !== undefined)
      return [{ check: 'jetstream', verdict: 'problem', text: error.description, advice: TURN_ON }];
    return [{ check: 'jetstream', verdict: 'fine', text: 'JetStream is on for this account' }, accountFinding(answer)];
  } catch (error) {
    const { message } = MillraceError.from(error);
    return [{ check: 'jetstream', verdict: 'problem', text: `JetStream does not answer: ${message}`, advice: TURN_ON }];
  }
}

function accountFinding({ storage, streams, limits }: AccountInfo): Finding {
  const { max_storage: most, max_streams: mostStreams } = limits;
  const used = `${inMiB(storage)} of ${most < 0 ? 'what the servers have' : inMiB(most)} in ${streams} streams`;
  const isFull = (most >= 0 && storage >= most) || (mostStreams >= 0 && streams >= mostStreams);
  if (!isFull) return { check: 'account', verdict: 'fine', text: `the account has used ${used}` };
  return {
    check: 'account',
    verdict: 'problem',
    text: `the account is full: ${used}`,
    advice: 'Raise the limits of the account.',
  };
}

/** Only the servers know whether there are enough of them, with room, and of a version that has what a log needs. */
async function checkReplicas(api: JetStreamApi, replicas: number): Promise<Finding> {
  const name = `MR_check_${randomBytes(6).toString('hex')}`;
  const wish = { name, subject: `mr.check.${name}`, replicas, maxBytes: -1 };
  const what = `a log on ${replicas} servers`;
  try {
    const { error } = await api.ask(`STREAM.CREATE.${name}`, configOf(wish, name), what, MAKING_MS);
    if (error !== undefined) return { check: 'replicas', verdict: 'problem', text: `${what}: ${error.description}` };
    await api.ask(`STREAM.DELETE.${name}`, undefined, what, MAKING_MS);
    return { check: 'replicas', verdict: 'fine', text: `${what} can be made` };
  } catch (error) {
    return {
      ...problem('replicas', MillraceError.from(error)),
      advice: `Are there ${replicas} servers, and do they see each other?`,
    };
  }
}

function checkPayload(maxPayload: number): Finding {
  const text = `max_payload is ${maxPayload} bytes`;
  if (maxPayload >= LEAST_PAYLOAD) return { check: 'max-payload', verdict: 'fine', text };
  return { check: 'max-payload', verdict: 'problem', text, advice: 'Its default of 1 MB is enough: leave it out.' };
}

const TURN_ON = 'Turn JetStream on: millrace cluster config prints a configuration.';

const NO_MONITOR: Finding = {
  check: 'sync-interval',
  verdict: 'unknown',
  text: 'sync_interval can only be read at the monitoring port of each server',
  advice: 'Give them: --monitor http://a:8222 http://b:8222 …',
};

const problem = (check: Finding['check'], { message, advice }: MillraceError): Finding => ({
  check,
  verdict: 'problem',
  text: message,
  advice,
});

const inMiB = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;
