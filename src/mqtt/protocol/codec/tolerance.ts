/**
 * How far a decoder bears with a sender that breaks the specification, where closing the connection would stop everything behind one
 * packet (R22). Without it a decoder is strict.
 *
 * A PUBLISH that can be delimited is decoded with its `rejection`; a property of it whose value means nothing and on which nothing
 * depends is left out (`leftOut`); a reason code that nobody knows is taken by its upper bit.
 */
export interface Tolerance {
  /** Topics with control characters or non-characters are rejected: a receiver may choose (5: 1.5.4). */
  readonly refuseControlCharacters: boolean;
}
