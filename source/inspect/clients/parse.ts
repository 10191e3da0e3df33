import { z } from 'zod';
import type { Clients } from '../../cluster/clients.ts';
import { safeText } from '../../cluster/parse/terminal-text.ts';

/** As many characters as a name of PostgreSQL's has bytes at most. */
const longestName = 63;

/** What a client has chosen, in one line and on any terminal: nothing is left out but what no name of a server's can hold. */
const shown = (text: string): string =>
  [...safeText(text.slice(0, 4 * longestName)).replace(/[\n\t]/g, '\ufffd')].slice(0, longestName).join('');

const name = z.string().transform(shown);
const count = z.number().int().nonnegative();
const clientsSchema = z.object({
  sessions: count,
  groups: count,
  listed: z
    .array(
      z.object({
        application: name,
        role: name,
        address: name.nullable(),
        sessions: count,
        state: name,
        seconds: z.number().nonnegative().nullable(),
      }),
    )
    .max(100),
});

/** Reads what `clientsScript` printed; null when it is anything else. */
export const parseClients = (text: string): Clients | null => {
  try {
    const parsed = clientsSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // A message of psql, or half an answer.
    return null;
  }
};

/** How many sessions `terminateClientsScript` has ended; null when it did not say. */
export const parseTerminated = (text: string): number | null =>
  /^\d{1,7}$/.test(text.trim()) ? Number(text.trim()) : null;
