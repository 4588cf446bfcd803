const MINUTE_MS = 60 * 1000;
/** Of seconds, milliseconds and the zone. */
const SECONDS_LENGTH = 7;

/** What of a text stays from one date to the next. */
let minute = Number.NaN;
let textToMinute = '';

/**
 * As `toISOString`, which costs more than all else of a row: dates that come one after another are mostly of one minute. Of a date that is
 * valid.
 */
export const isoText = (date: Date): string => {
  const ms = date.getTime();
  const inMinute = ms - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  if (ms - inMinute !== minute) {
    minute = ms - inMinute;
    textToMinute = date.toISOString().slice(0, -SECONDS_LENGTH);
  }
  const text = String(inMinute + 100_000);
  return `${textToMinute}${text.slice(1, 3)}.${text.slice(3)}Z`;
};
