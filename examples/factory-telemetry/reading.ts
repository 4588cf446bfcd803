import { z } from 'zod';

const machine = { line: z.string(), machine: z.string() };

/** What a machine may say: who it is and what it tells are levels of the topic, the body is the JSON. */
export const telemetrySchema = z.discriminatedUnion('quantity', [
  z.object({
    ...machine,
    quantity: z.literal('temperature'),
    body: z.object({ value: z.number().min(-60).max(900), unit: z.string() }),
  }),
  z.object({
    ...machine,
    quantity: z.literal('vibration'),
    body: z.object({ value: z.number().min(0).max(200), unit: z.string() }),
  }),
]);

export interface Reading {
  readonly line: string;
  readonly machine: string;
  readonly quantity: string;
  /** In °C or mm/s. */
  readonly value: number;
}

/** @throws Error for a unit that nobody knows */
export function inCommonUnit({ line, machine, quantity, body }: z.infer<typeof telemetrySchema>): Reading {
  return { line, machine, quantity, value: commonValue(body.value, body.unit) };
}

/** @throws Error for a unit that nobody knows */
export function commonValue(value: number, unit: string): number {
  if (unit === 'C' || unit === 'mm/s') return value;
  if (unit === 'F') return (value - 32) / 1.8;
  throw new Error(`nobody knows the unit ${unit}`);
}
