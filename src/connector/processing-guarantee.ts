/**
 * What a job promises across a crash of its process. `none`: nothing survives it. `at-least-once`: no message that a broker handed over
 * at QoS 1 or 2 is lost. `exactly-once`: each has its effect once; needs a store.
 */
export type ProcessingGuarantee = 'none' | 'at-least-once' | 'exactly-once';
