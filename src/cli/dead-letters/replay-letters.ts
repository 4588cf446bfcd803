import type { OnError } from '../../connector/sink.js';
import { DeadLetters } from '../../mqtt/sink/dead-letters/dead-letters.js';
import { MqttSinks } from '../../mqtt/sink/mqtt-sinks.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { Pipeline } from '../../pipeline/pipeline.js';
import { connectOptions } from '../bridge/bridge-pipeline.js';
import { tellExposedPassword } from '../bridge/exposed-password.js';
import { withLimit } from '../bridge/with-limit.js';
import { EXIT_CODE } from '../exit-code.js';
import { inProcess } from '../job/job-place.js';
import type { Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import type { ReplayFlags } from './dead-letters-flags.js';
import { letterSource, type ReplayCounts, type ReplayedLetter } from './letter-source.js';
import { publishableLetter } from './topic-letter.js';
import { topicSource } from './topic-source.js';

/** On a signal: for what was read. */
const DRAIN_MS = 10_000;

/** Publishes letters again, as a job, and gives the exit code. Throws what is wrong with the command line. */
export async function replayLetters(flags: ReplayFlags, reporter: Reporter): Promise<number> {
  const { to, dir, clientId, letters, connectTimeoutMs } = flags;
  tellExposedPassword(to.passwordInUrl ? ['--to'] : [], reporter);
  const isFile = 'file' in letters;
  const counts: ReplayCounts = { replayed: 0, unpublishable: 0, damaged: 0, others: 0, before: 0, ended: false };
  const guarantee = dir === undefined ? 'at-least-once' : 'exactly-once';
  if (dir === undefined) {
    const again = isFile ? 'begins anew' : 'may publish some twice';
    const text = `at least once: a replay that is interrupted ${again}. Exactly once is by --dir and --client-id`;
    reporter.tell({ event: 'note', text, facts: { guarantee } });
  }
  const code = await runJob({
    place: inProcess(pipelineOf(flags, counts), dir, {
      name: `dead-letters ${clientId ?? ''}`.trim(),
      processingGuarantee: guarantee,
      drainTimeoutMs: DRAIN_MS,
    }),
    stats: false,
    http: undefined,
    drainTimeoutMs: DRAIN_MS,
    startTimeoutMs: connectTimeoutMs,
    title: `${isFile ? letters.file : letters.topic} to ${to.url}, ${guarantee}`,
    tellsAway: false,
    reporter,
  });
  if (isFile && code === EXIT_CODE.OK)
    reporter.tell({ event: 'note', text: replayText(counts, letters.file), facts: { ...counts } });
  return code;
}

/** What was in the file for this run. */
function replayText({ replayed, unpublishable, damaged, others, before, ended }: ReplayCounts, file: string): string {
  const left = [
    [unpublishable, 'without a payload or a topic'],
    [damaged, 'that are no letters'],
    [others, 'that are not meant'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  const leftText = left.length === 0 ? '' : `; lines that were left: ${left.join(', ')}`;
  if (!ended) return `stopped before the end of ${file}: ${replayed} letters were read by then`;
  if (replayed > 0) return `${replayed} ${replayed === 1 ? 'letter' : 'letters'} replayed${leftText}`;
  if (before > 0)
    return `nothing to replay in ${file} behind line ${before}, up to which earlier runs have come${leftText}`;
  return left.length > 0 ? `nothing to replay in ${file}${leftText}` : `nothing to replay: ${file} is empty`;
}

function pipelineOf(flags: ReplayFlags, counts: ReplayCounts): Pipeline {
  const { letters, stopAfter, qos, template, rejected } = flags;
  // one for both sides: a file has one writer
  const onError: OnError = rejected === undefined ? 'fail' : { deadLetter: DeadLetters.file(rejected) };
  const pipeline = Pipeline.create();
  if ('file' in letters) {
    const sink = sinkOf(flags, onError).messageFn(({ topic, payload, properties }: ReplayedLetter) => {
      return { topic: template.fill(topic), payload, qos, properties };
    });
    pipeline.readFrom(letterSource(letters, counts)).writeTo(sink.build());
    return pipeline;
  }
  const source = topicSource(letters, onError);
  const sink = sinkOf(flags, onError).messageFn((message: ReceivedMessage) => {
    const { topic, payload, properties } = publishableLetter(message);
    return { topic: template.fill(topic), payload, qos, properties };
  });
  pipeline.readFrom(stopAfter === undefined ? source : withLimit(source, stopAfter)).writeTo(sink.build());
  return pipeline;
}

/** It may be a client of the broker that the letters are read at: then it is another one. */
function sinkOf({ letters, to, clientId }: ReplayFlags, onError: OnError) {
  const sink = MqttSinks.builder()
    .broker(to.url)
    .connectOptionsFn(() => connectOptions(to))
    .onError(onError);
  if (clientId === undefined) return sink;
  return sink.clientId('file' in letters ? clientId : `${clientId}-out`);
}
