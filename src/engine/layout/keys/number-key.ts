/** Decimal digits of the largest safe integer. */
const DIGITS = 16;

/** A number as the last part of a key, so that keys are ordered like their numbers. Safe integers from 0. */
export const numberKey = (number: number): string => String(number).padStart(DIGITS, '0');

/** Above the key of every number. */
export const AFTER_NUMBERS = ':';
