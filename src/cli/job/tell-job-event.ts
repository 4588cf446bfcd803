import type { JobEvent } from '../../engine/job/job-event.js';
import type { Reporter } from './reporter.js';

/** What a job tells of itself, as lines. Its status is told by who runs it. */
export function tellJobEvent(event: JobEvent, reporter: Pick<Reporter, 'tell'>): void {
  if (event.kind === 'store-unused') {
    const text = 'note: nothing is kept in --dir: this guarantee needs no store';
    reporter.tell({ event: 'note', text, facts: { note: text } });
  }
  if (event.kind === 'recovered') {
    const { outbox, pendingCalls, elapsedMs } = event;
    const facts = { outboxMessages: outbox.messages, outboxBytes: outbox.bytes, pendingCalls, elapsedMs };
    reporter.tell({ event: 'recovered', text: recoveredText(event), facts });
  }
  if (event.kind === 'sink-open') {
    const { sink } = event;
    reporter.tell({
      event: 'sink-open',
      text: `sink "${sink}" connected: what was stored for it goes out`,
      facts: { sink },
    });
  }
  if (event.kind === 'stopped-early' && event.unfinished.length > 0) {
    const { afterMs, inFlight, unfinished } = event;
    const text = `not done within ${afterMs / 1000} s: ${unfinished.join(', ')}`;
    reporter.tell({ event: 'stopped-early', text, facts: { afterMs, inFlight, unfinished } });
  }
  if (event.kind === 'restarting') {
    const { error, attempt, waitMs } = event;
    const text = `the job failed: ${error.message}; it runs again in ${waitMs / 1000} s`;
    reporter.tell({ event: 'restarting', text, facts: { error: error.toJSON(), attempt, waitMs } });
  }
}

function recoveredText({ outbox, pendingCalls, elapsedMs }: Extract<JobEvent, { kind: 'recovered' }>): string {
  const left = [
    ...(outbox.messages > 0 ? [`${outbox.messages} messages to deliver`] : []),
    ...(pendingCalls > 0 ? [`${pendingCalls} calls to make again`] : []),
  ];
  const what = left.length === 0 ? 'nothing was left to deliver' : left.join(', ');
  return `goes on from its directory: ${what} (${(elapsedMs / 1000).toFixed(1)} s)`;
}
