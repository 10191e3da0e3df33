import { problem } from '../cluster/result.ts';
import { label } from '../cluster/words.ts';
import { defaultRate } from '../runbook/steps/rehearsal/places.ts';
import type { Given } from './flags.ts';
import { run } from './run.ts';
import { sayProblems } from './say.ts';

/** What pg_basebackup takes: kilobytes a second, or megabytes with an M, from 32 kB to 1 GB. Source: PostgreSQL, pg_basebackup, --max-rate. */
const isRate = (text: string): boolean => {
  const [, digits, unit = 'k'] = /^([1-9]\d{0,7})([kM]?)$/.exec(text) ?? [];
  const kilobytes = Number(digits) * (unit === 'M' ? 1024 : 1);
  return kilobytes >= 32 && kilobytes <= 1024 * 1024;
};

/** `pgaf-upgrade rehearse`: as `run`, on a copy. */
export const rehearse = async (file: string, given: Given): Promise<number> => {
  const { plain, yes, events, host = null, remove } = given;
  const rate = given.rate === undefined ? defaultRate : label.safeParse(given.rate).data;
  if (rate === undefined || !isRate(rate)) {
    sayProblems([
      problem(
        `A base backup has no rate ${given.rate ?? ''}.`,
        'Give it in kilobytes or megabytes a second, from 32k to 1024M: --rate 50M.',
      ),
    ]);
    return 2;
  }
  return run({
    file,
    direction: 'rehearse',
    rehearsal: { host, rate, ...(remove ? { only: 'remove' } : {}) },
    plain,
    ...(yes === undefined ? {} : { yes }),
    ...(events === undefined ? {} : { events }),
  });
};
