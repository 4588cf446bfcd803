import * as api from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { openTelemetryTraces } from 'millrace/opentelemetry';

/** The same as `source-millrace`, with a span for each receipt and each processing, all recorded and exported nowhere. */
api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [] }));
openTelemetryTraces({ api });
await import('./source-millrace.js');
