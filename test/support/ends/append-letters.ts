import { MillraceError } from '../../../src/errors/millrace-error.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { DeadLetters } from '../../../src/mqtt/sink/index.js';

/*
 * A process that appends dead letters one by one and says on stdout what is delivered: `delivered N` or `failed CODE`.
 * Arguments: path, count.
 */
const [path = '', count = '0'] = process.argv.slice(2);
const writer = await DeadLetters.file(path).createWriter({
  job: 'append-letters',
  guarantee: 'at-least-once',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
});
try {
  for (let index = 0; index < Number(count); index += 1) {
    writer.write([
      {
        payload: Buffer.from(String(index)),
        attributes: { topic: 't', properties: undefined },
        error: new MillraceError('USER_FUNCTION_FAILED', 'bad'),
        attempt: 1,
        timestampMs: 0,
        origin: 'append-letters',
      },
    ]);
    writer.flush();
    while (writer.progress().delivered <= index) await writer.ready();
    process.stdout.write(`delivered ${index + 1}\n`);
  }
} catch (error) {
  process.stdout.write(`failed ${MillraceError.from(error).code}\n`);
}
await writer.close();
