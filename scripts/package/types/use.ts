/* What a user's file does with the types of each subpath: compiled by compilers of several ages, in several settings. */
import { Engine, MillraceError, MqttSinks, MqttSources, Pipeline } from 'millrace';
import { defineSink } from 'millrace/connector';
import { sinkCases } from 'millrace/connector/testing';
import { serve } from 'millrace/http';
import { MetricsRegistry } from 'millrace/metrics';
import { Session } from 'millrace/protocol';
import { MemoryStores } from 'millrace/store';

const pipeline = Pipeline.create();
const source = MqttSources.builder().broker('mqtt://localhost').topic('in');
const sink = MqttSinks.builder().topic('out');
pipeline
  .readFrom(source.mapToItemFn((topic, message) => ({ topic, length: message.payload.length })).build())
  .map(({ length }) => length + 1)
  .writeTo(sink.messageFn((length: number) => ({ payload: length.toFixed(0) })).build());

export const start = () => Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline);
export const others = [defineSink, sinkCases, MetricsRegistry, Session, serve];
export const isOurs = (error: unknown): error is MillraceError => error instanceof MillraceError;

// @ts-expect-error: what is no item of the source is refused, so the types are there and not `any`
pipeline.readFrom(source.mapToItemFn(() => 1).build()).map((text: string) => text);
