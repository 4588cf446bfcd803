import { parseArgs } from 'node:util';

export interface PlantDemoOptions {
  readonly kind: 'plant';
  /** When it ends by itself; undefined: at SIGINT. */
  readonly seconds: number | undefined;
  /** Readings that the sensors publish in a second, all together. */
  readonly rate: number;
  readonly sensors: number;
}

export interface ClusterDemoOptions {
  readonly kind: 'cluster';
  /** How long messages are sent at least: a takeover that takes longer is waited for. */
  readonly seconds: number;
  /** Messages that are sent in a second. */
  readonly rate: number;
  /** One line of JSON at the end, and nothing for people. */
  readonly json: boolean;
}

const USAGE = `npm run demo -- [--seconds N] [--rate READINGS_PER_SECOND] [--sensors N]
       npm run demo -- --cluster [--seconds N] [--rate MESSAGES_PER_SECOND] [--json]`;

/** Throws with the usage on anything that is no number above 0, and on an option of the other demo. */
export function parseDemoOptions(args: readonly string[]): PlantDemoOptions | ClusterDemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cluster: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      sensors: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { cluster, seconds, rate, sensors, json } = values;
  if (cluster) {
    if (sensors !== undefined) throw usage('--sensors is not for --cluster');
    return { kind: 'cluster', seconds: positive(seconds ?? '10'), rate: positive(rate ?? '300'), json };
  }
  if (json) throw usage('--json is for --cluster');
  return {
    kind: 'plant',
    seconds: seconds === undefined ? undefined : positive(seconds),
    rate: positive(rate ?? '1000'),
    sensors: Math.ceil(positive(sensors ?? '50')),
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw usage(`${text} is no number above 0`);
}

const usage = (problem: string): Error => new Error(`${problem}. Usage: ${USAGE}`);
