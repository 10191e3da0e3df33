import type { z } from 'zod';
import {
  type DirectoryView,
  followerSchema,
  type HostObservation,
  onlineDatabaseViewSchema,
  onlineServerViewSchema,
} from '../../cluster/observations.ts';
import { lsn } from '../../cluster/words.ts';
import { decodeJson, joinedText, linesOf } from '../lines.ts';

const valid = <Value>(schema: z.ZodType<Value>, text: string | null): Value | null =>
  schema.safeParse(decodeJson(text)).data ?? null;

/** What online.sh has printed; nothing where it was not asked. */
export const onlineOf = (
  map: ReadonlyMap<string, string>,
  copy: DirectoryView,
): Pick<HostObservation, 'online'> => {
  if (map.get('online') !== 'asked') return {};
  const back = valid(followerSchema, joinedText(map.get('online.back')));
  const [, was] = /^was=([-+.0-9A-Za-z ]*)$/.exec(map.get('online.keep_wal') ?? '') ?? [];
  const ready = /^(cut-over|way-back) ([0-9]+)$/.exec(map.get('online.ready') ?? '');
  const text = (key: string): string | null => joinedText(map.get(`online.${key}`));
  return {
    online: {
      server: valid(onlineServerViewSchema, text('server')),
      databases: linesOf(text('databases')).flatMap((line) => valid(onlineDatabaseViewSchema, line) ?? []),
      copy,
      copyEnd: lsn.safeParse(map.get('online.copy_end')).data ?? null,
      follower: valid(followerSchema, text('follower')),
      ...(back !== null && { back }),
      ...(was !== undefined && { keepWalWas: was }),
      ...(ready !== null && {
        ready: { what: ready[1] === 'cut-over' ? 'cut-over' : 'way-back', seconds: Number(ready[2]) },
      }),
      units: linesOf(text('units')),
      files: linesOf(text('files')),
    },
  };
};
