/** An input or an output: where it came from, and the way it took. */
export interface Traced {
  readonly source: number;
  readonly sequence: number;
  readonly path: string;
}
