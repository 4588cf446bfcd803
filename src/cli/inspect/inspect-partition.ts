import { findRows, findState } from '../../engine/inspection/find-stored.js';
import { inspectRecords } from '../../engine/inspection/inspect-records.js';
import { MillraceError } from '../../errors/index.js';
import type { RecordLook } from '../../store/look/record-look.js';
import { describeContents } from './describe-contents.js';
import type { InspectFlags } from './inspect-flags.js';
import type { PartitionReport, RowReport, StateReport } from './inspection-report.js';
import { payloadOf, shownRow, shownState } from './shown-value.js';
import { shownWindows } from './shown-windows.js';

/** What is told of the records of a partition. */
export type RecordsReport = Pick<PartitionReport, 'contents' | 'complete' | 'states' | 'rows' | 'problems'>;

/** What was found, and its bytes for `--raw`. */
export interface Answer {
  readonly report: RecordsReport;
  readonly raw: readonly Uint8Array[];
}

const NOTHING = { contents: undefined, complete: true, states: [], rows: [], problems: [] } as const;

/** Answers the question about what a partition has. */
export const inspectPartition = async (
  look: RecordLook,
  { question, limit }: Pick<InspectFlags, 'question' | 'limit'>,
  progress: (counted: number) => void,
): Promise<Answer> => {
  if (question.about === 'all') {
    const found = await inspectRecords(look, { limit, progress });
    const problems = [...look.problems, ...found.problems];
    return { report: { ...NOTHING, contents: describeContents(found), complete: found.complete, problems }, raw: [] };
  }
  if (question.about === 'state') {
    const found = await findState(look, question.stage, question.key);
    const states = found.map(({ key, version, body, isWindows, parts }): StateReport => {
      const shown = isWindows ? shownWindows(body, parts) : shownState(body);
      return { stage: question.stage, key: `${key}`, keyType: typeof key, version, ...shown };
    });
    return { report: { ...NOTHING, states, problems: look.problems }, raw: found.map(({ body }) => body) };
  }
  const found = await findRows(look, question);
  const problems: MillraceError[] = [...look.problems];
  const rows = found.flatMap(({ outbox, seq, bytes, head }): RowReport[] => {
    try {
      const delivered = head !== undefined && seq < head.low;
      return [{ sink: question.sink, outbox, seq, delivered, ...shownRow(bytes, head?.state) }];
    } catch (error) {
      problems.push(MillraceError.from(error));
      return [];
    }
  });
  const raw =
    problems.length > look.problems.length ? [] : found.map(({ bytes, head }) => payloadOf(bytes, head?.state));
  return { report: { ...NOTHING, rows, problems }, raw };
};
