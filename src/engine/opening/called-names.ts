/** A source or a sink: its name in the job, by which things are stored, and the one that it has itself. */
interface NamedPart {
  readonly name: string;
  readonly own: string;
}

/**
 * What metrics, events and errors call the sources, or the sinks, of a job: as they call themselves, without the number that the name in the job has
 * where another part came before it. Of several that call themselves alike each has its name in the job.
 */
export const calledNames = (parts: readonly NamedPart[]): readonly string[] =>
  parts.map(({ name, own }) => (parts.filter((one) => one.own === own).length > 1 ? name : own));
