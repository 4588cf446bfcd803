import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** When it ends by itself; undefined: at SIGINT. */
  readonly seconds: number | undefined;
  /** Readings that the sensors publish in a second, all together. */
  readonly rate: number;
  readonly sensors: number;
}

const USAGE = 'npm run demo -- [--seconds N] [--rate READINGS_PER_SECOND] [--sensors N]';

/** Throws with the usage on anything that is no number above 0. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      rate: { type: 'string', default: '1000' },
      sensors: { type: 'string', default: '50' },
    },
  });
  const seconds = values.seconds === undefined ? undefined : positive(values.seconds);
  return { seconds, rate: positive(values.rate), sensors: Math.ceil(positive(values.sensors)) };
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${text} is no number above 0. Usage: ${USAGE}`);
}
