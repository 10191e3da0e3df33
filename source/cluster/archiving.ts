import { z } from 'zod';

/** How its archive keeps up. Null: it has none. */
export const archivingSchema = z.object({
  /** Segments of WAL, and other files, that wait for it. */
  waiting: z.number().int(),
  /** Since when the one waits that has waited for longest; null: none does. */
  seconds: z.number().nullable(),
  /** What was tried last has failed: this one. */
  failed: z.string().nullable(),
});
export type Archiving = z.infer<typeof archivingSchema>;
