/**
 * When the broker no longer has our session (R5, R17): `fail` ends the job with SESSION_LOST, `redeliver` and `drop` go on with a new
 * session. Under `redeliver` a sink sends again what was sent and not confirmed, so that some may arrive twice, and a source gets the
 * retained messages of its filters again. Under `drop` the sink gives those up, so that some may be lost, and the source does not (5.0).
 */
export type OnSessionLoss = 'fail' | 'redeliver' | 'drop';
