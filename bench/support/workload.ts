/** What every contender is given: 64 bytes of payload on one of a hundred topics. */
export const PAYLOAD_BYTES = 64;
export const TOPICS: readonly string[] = Array.from(
  { length: 100 },
  (_, index) => `bench/plant-7/sensor-${String(index).padStart(3, '0')}/temperature`,
);
export const FILTER = 'bench/#';

export function topicOf(index: number): string {
  return TOPICS[index % TOPICS.length] ?? 'bench';
}

/** Printable, without line breaks: mosquitto_pub reads it by lines. */
export function payloadOf(index: number): Buffer {
  return Buffer.from(String(index).padEnd(PAYLOAD_BYTES, '.'));
}
