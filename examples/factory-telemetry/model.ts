import { averageOf, isWithin, WINDOW } from './averages.js';
import { commonValue } from './reading.js';
import { bandOf } from './register-server.js';
import type { Telling } from './shift.js';

export interface Outcome {
  /** Of each topic, in order. */
  readonly averages: Map<string, number[]>;
  readonly alarms: Map<string, { readonly alarm: boolean; readonly average: number }[]>;
  /** Of each origin, in order. */
  readonly letters: Map<string, { readonly topic: string; readonly cause: string }[]>;
}

/** What is to come of what the machines told: a loop over an array, without a pipeline, a broker, or anything that can fail. */
export function model(told: readonly Telling[]): Outcome {
  const outcome: Outcome = { averages: new Map(), alarms: new Map(), letters: new Map() };
  const values = new Map<string, number[]>();
  for (const { topic, payload, fault } of told) {
    if (fault !== undefined) {
      append(outcome.letters, fault.origin, { topic, cause: fault.cause });
      continue;
    }
    const { value, unit }: { value: number; unit: string } = JSON.parse(payload);
    append(values, topic, commonValue(value, unit));
    const average = averageOf((values.get(topic) ?? []).slice(-WINDOW));
    append(outcome.averages, topic.replace('factory', 'averages'), average);
    const [, , machine = '', quantity = ''] = topic.split('/');
    const band = bandOf(machine, quantity);
    if (band === undefined) throw new Error(`the fault of ${topic} is missing`);
    const alarm = !isWithin(average, band);
    const place = topic.replace('factory', 'alarms');
    if (alarm !== (outcome.alarms.get(place)?.at(-1)?.alarm ?? false))
      append(outcome.alarms, place, { alarm, average });
  }
  return outcome;
}

export function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
