const NUMBERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const FINE_NUMBERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** @param {number} value */
export const count = (value) => NUMBERS.format(value);

/** @param {number} value */
export const perSecond = (value) => `${NUMBERS.format(value)}/s`;

/** @param {number | null} value */
export const milliseconds = (value) => (value === null ? '–' : `${FINE_NUMBERS.format(value)} ms`);

/** @param {number} value */
export const bytes = (value) => {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${FINE_NUMBERS.format(Math.round((value / 1024 ** power) * 10) / 10)} ${UNITS[power]}`;
};

/** Of the day, here. @param {string} iso */
export const timeOfDay = (iso) => new Date(iso).toLocaleTimeString('en-GB');

/** @param {string} text @param {number} most characters */
export const shortened = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
