/** A message of a machine. */
export interface Telling {
  readonly topic: string;
  readonly payload: string;
  /** What is wrong with it, if anything. */
  readonly fault?: Fault;
}

export interface Fault {
  /** Who is to reject it: the client id of the source, or the name of a stage. */
  readonly origin: string;
  /** What the letter is to say. */
  readonly cause: string;
}

const LINES = ['press', 'paint', 'assembly'];
const MACHINES = 40;
const ROUNDS = 11;

/** Forty machines tell two quantities, eleven times. In between come the faults. */
export function shift(): Telling[] {
  return Array.from({ length: ROUNDS }, (_, round) => [
    ...Array.from({ length: MACHINES }, (_, machine) => [
      temperature(machine, round),
      vibration(machine, round),
    ]).flat(),
    ...FAULTS.filter((_, index) => index % ROUNDS === round),
  ]).flat();
}

const topicOf = (machine: number, quantity: string): string =>
  `factory/${LINES[machine % LINES.length]}/m${machine}/${quantity}`;

/** Every fifth machine becomes too hot in the middle of the shift, and cools down again. One line speaks Fahrenheit. */
function temperature(machine: number, round: number): Telling {
  const celsius = 40 + (machine % 7) + round / 10 + (machine % 5 === 0 && round >= 3 && round <= 6 ? 70 : 0);
  const body = machine % 3 === 1 ? { value: celsius * 1.8 + 32, unit: 'F' } : { value: celsius, unit: 'C' };
  return { topic: topicOf(machine, 'temperature'), payload: JSON.stringify(body) };
}

/** Every seventh machine begins to shake, and does not stop. */
function vibration(machine: number, round: number): Telling {
  const value = 2 + (machine % 3) + (machine % 7 === 0 && round >= 5 ? 40 : 0);
  return { topic: topicOf(machine, 'vibration'), payload: JSON.stringify({ value, unit: 'mm/s' }) };
}

/** As `JSON.parse` says it. */
function noJson(machine: number, payload: string): Telling {
  try {
    JSON.parse(payload);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { topic: topicOf(machine, 'temperature'), payload, fault: { origin: 'telemetry', cause: error.message } };
  }
  throw new Error(`it is JSON: ${payload}`);
}

const unfit = (machine: number, place: string, payload: string, quantity = 'temperature'): Telling => ({
  topic: topicOf(machine, quantity),
  payload,
  fault: { origin: 'schema', cause: `the item does not fit the schema at ${place}` },
});

const FAULTS: readonly Telling[] = [
  noJson(1, '{"value": 20'),
  noJson(2, '{"value": NaN, "unit": "C"}'),
  noJson(3, ''),
  unfit(4, 'body.value', '{"unit": "C"}'),
  unfit(5, 'body.unit', '{"value": 20}'),
  unfit(6, 'body.value', '{"value": 100000, "unit": "C"}'),
  unfit(7, 'body.value', '{"value": 1e999, "unit": "C"}'),
  unfit(8, 'body.value', '{"value": "20.5", "unit": "C"}'),
  unfit(9, 'body.value', '{"value": {"raw": 205, "scale": 0.1}, "unit": "C"}'),
  unfit(10, 'body', '[{"value": 20, "unit": "C"}]'),
  unfit(11, 'quantity', '{"value": 1, "unit": "bar"}', 'pressure'),
  {
    topic: topicOf(12, 'temperature'),
    payload: '{"value": 20, "unit": "Réaumur"}',
    fault: { origin: 'units', cause: 'nobody knows the unit Réaumur' },
  },
  {
    topic: 'factory/paint/m-old/temperature',
    payload: '{"value": 20, "unit": "C"}',
    fault: { origin: 'register', cause: 'no machine m-old' },
  },
];
