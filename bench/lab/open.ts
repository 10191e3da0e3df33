import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../test/lab/harness/lab.ts';

const directory = (): string => process.env.LAB ?? '/var/lib/pgaf-lab';

/** Why nothing can be measured on the lab here; null when it can. */
export const labObstacle = (): string | null => {
  if (userInfo().uid !== 0) return 'the lab needs root';
  if (!existsSync(join(directory(), 'base')))
    return `there is no lab in ${directory()}: fixtures/lab/lab build`;
  return null;
};

const emptyTables = 5_000;
/** pgbench rows: 15 MB for each. */
const scaleOf = (gigabytes: number): number => Math.round((gigabytes * 1024) / 15);

export interface LabSize {
  readonly gigabytes: number;
  /** 5,000 tables more, which is what pg_upgrade takes its time for. */
  readonly manyTables: boolean;
  readonly secondaries: 1 | 2;
}

const snapshotName = ({ gigabytes, manyTables, secondaries }: LabSize): string =>
  `bench-${gigabytes}gb${manyTables ? '-tables' : ''}-${secondaries}`;

/** A lab with a snapshot of that size, made unless it is there. It is not running: `reset` starts it. */
export const labOf = async (size: LabSize, say: (text: string) => void): Promise<Lab> => {
  const snapshot = snapshotName(size);
  const lab = new Lab({
    snapshot,
    env: { SCALE: String(scaleOf(size.gigabytes)), SECONDARIES: String(size.secondaries) },
  });
  const kept = (await lab.run(['snaps'])).split('\n').map((line) => line.split(' ')[0]);
  if (!kept.includes(snapshot)) {
    say(`making the snapshot ${snapshot}`);
    await lab.run(['create', snapshot]);
    if (size.manyTables) {
      await lab.reset();
      await lab.psql(
        'node1',
        'app',
        `create schema many;
select format('create table many.t%s (id bigint primary key, name text, at timestamptz default now())', i)
  from generate_series(1, ${emptyTables}) i \\gexec
checkpoint`,
      );
      await lab.down();
      await lab.run(['snap', snapshot]);
    }
  }
  return new Lab({ snapshot });
};

/** Takes a snapshot away again. Only those that the benches make. */
export const snapshotDirectory = (size: LabSize): string => join(directory(), 'snaps', snapshotName(size));
