import { ONLY_PARTITION, type OpenContext } from '../../connector/open-context.js';
import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import type { OnError } from '../../connector/sink.js';
import { MillraceError } from '../../errors/index.js';
import type { Edges } from './edges.js';
import { ExchangeReader } from './exchange-reader.js';
import { ExchangeWriter } from './exchange-writer.js';
import type { Generation } from './generation.js';
import type { ExchangeEnds } from './split-graph.js';

export interface ExchangeEndsOptions {
  /** Of the exchange. */
  readonly name: string;
  /** The stage in front of which it is. */
  readonly grouping: string;
  /** That of the stage. */
  readonly onError: OnError;
  /** Whether its items have a timestamp. */
  readonly timed: boolean;
  /** Asked when a partition is opened. */
  readonly edges: () => Edges;
  /** Of the job. */
  readonly generation: Generation;
}

/** The sink and the source of an exchange. */
export const exchangeEnds = ({
  name,
  grouping,
  onError,
  timed,
  edges,
  generation,
}: ExchangeEndsOptions): ExchangeEnds => {
  const refuse = (guarantee: ProcessingGuarantee): MillraceError | undefined =>
    guarantee === 'none' ? needsStore(grouping) : undefined;
  const common = { name, claims: [], refuse, onError } as const;
  const partitionOf = ({ partition = ONLY_PARTITION }: OpenContext) => partition;
  return {
    sink: {
      ...common,
      createWriter: () => Promise.reject(needsStore(grouping)),
      createDurableWriter: (context, restore) =>
        ExchangeWriter.open({
          name,
          job: context.job,
          metrics: context.metrics,
          grouping,
          onError,
          edges: edges(),
          generation,
          partition: partitionOf(context),
          restore,
        }),
    },
    source: {
      ...common,
      onError: 'fail',
      // it decides nothing: the weakest of the other sources' does
      defaultGuarantee: 'exactly-once',
      needsStore: true,
      spread: 'each',
      createReader: (context) =>
        ExchangeReader.open({
          name,
          job: context.job,
          metrics: context.metrics,
          edges: edges(),
          generation,
          partition: partitionOf(context),
          timed,
          restored: context.restored,
        }),
    },
  };
};

const needsStore = (grouping: string): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `stage "${grouping}" sends items to the partition of their key, which is not lost on the way only where it is stored`,
    {
      advice: "Ask for processingGuarantee 'at-least-once' or 'exactly-once', or use one partition.",
      details: { stage: grouping },
    },
  );
