/** What a test and the program that explores say to each other. */
import * as z from 'zod';

export const Assignment = z.strictObject({
  story: z.string(),
  stride: z.int().positive(),
  again: z.int().nonnegative(),
  againStride: z.int().positive(),
  maxFailures: z.int().positive(),
  /** So many devices are recovered by the built program as well; 0: it is not needed. */
  processes: z.int().nonnegative(),
  dist: z.string(),
});
export type Assignment = z.infer<typeof Assignment>;

export const Report = z.strictObject({
  operations: z.int(),
  raw: z.int(),
  distinct: z.int(),
  pairs: z.int(),
  fresh: z.int(),
  calls: z.int(),
  processes: z.int(),
  failures: z.array(z.string()).readonly(),
});
export type Report = z.infer<typeof Report>;
