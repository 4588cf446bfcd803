/** Quality of service under the names of Jet's connector; the numbers 0, 1 and 2 are accepted everywhere too. */
export const QualityOfService = {
  AT_MOST_ONCE: 0,
  AT_LEAST_ONCE: 1,
  EXACTLY_ONCE: 2,
} as const;

/** 0, 1 or 2. */
export type QualityOfService = (typeof QualityOfService)[keyof typeof QualityOfService];
