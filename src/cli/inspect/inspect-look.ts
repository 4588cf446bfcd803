import { MillraceError } from '../../errors/index.js';
import type { StoreLook } from '../../store/look/store-look.js';
import type { InspectFlags } from './inspect-flags.js';
import { type Answer, inspectPartition } from './inspect-partition.js';
import type { InspectionReport, PartitionReport } from './inspection-report.js';

/** A report, and what was found of what was asked for, as bytes. */
export interface Inspected {
  readonly report: InspectionReport;
  readonly raw: readonly Uint8Array[];
}

/** Is told how many records were counted of what. */
export type Progress = (what: string, counted: number) => void;

/** Opens a look at a partition and has it used; undefined: there is nothing to look at. */
export type Look = (use: (look: StoreLook) => Promise<Answered>) => Promise<Answered | undefined>;

/** Which partition, and where. */
export type Named = Pick<PartitionReport, 'job' | 'partition' | 'place'>;

interface Answered {
  readonly report: PartitionReport;
  readonly raw: Answer['raw'];
}

const UNREAD = { log: undefined, contents: undefined, complete: false, states: [], rows: [] } as const;

/** Answers the question about one partition. Never throws for what is damaged, or away. */
export const inspectLook = async (
  named: Named,
  look: Look,
  { flags, progress }: { readonly flags: InspectFlags; readonly progress: Progress },
): Promise<Answered> => {
  const nothing = { ...named, ...UNREAD, problems: [] };
  try {
    const answered = await look(async ({ job, log, records, problem }) => {
      const counted = (count: number): void => progress(named.place, count);
      const { report, raw } = await inspectPartition(records, flags, counted);
      const problems = [...(problem === undefined ? [] : [problem]), ...report.problems];
      return { report: { ...named, job: named.job ?? job, log, ...report, problems }, raw };
    });
    return answered ?? { report: { ...nothing, complete: true }, raw: [] };
  } catch (thrown) {
    return { report: { ...nothing, problems: [MillraceError.from(thrown)] }, raw: [] };
  }
};
