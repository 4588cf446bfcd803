/** What a job promises over a crash, under Jet's name; see docs/guarantees.md. `exactly-once` is refused until the durable engine is there. */
export type ProcessingGuarantee = 'none' | 'at-least-once' | 'exactly-once';
