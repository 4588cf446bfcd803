import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { type DiagnosticData, onDiagnostic } from '../../metrics/diagnostics.js';
import { MessageSpans } from './message-spans.js';
import { type OpenTelemetryTracesOptions, resolveTraces } from './traces-options.js';

/**
 * Has the messages of all MQTT sources and sinks of this process traced from now on, until what is returned is disposed of, which ends the
 * spans that are open.
 *
 * @throws MillraceError INVALID_OPTIONS
 */
export const openTelemetryTraces = (options: OpenTelemetryTracesOptions): Disposable => {
  const spans = new MessageSpans(resolveTraces(options));
  const cause = new AsyncLocalStorage<DiagnosticData<'hand-over'>>();
  const handOver = channel('millrace:hand-over');
  handOver.bindStore(cause);
  const heard = [
    onDiagnostic('receive', (data) => spans.receive(data)),
    onDiagnostic('process', (data) => spans.process(data)),
    onDiagnostic('processed', (data) => spans.processed(data)),
    onDiagnostic('message', (data) => spans.message(data, cause.getStore())),
    onDiagnostic('publish', (data) => spans.publish(data)),
    onDiagnostic('delivered', (data) => spans.delivered(data)),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const one of heard) one[Symbol.dispose]();
      handOver.unbindStore(cause);
      spans.end();
    },
  };
};
