import { type Fragment, known, quoted, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { wholeLines } from '../../shell/self-checks.ts';
import { globalsAtStopSql, globalsSql } from './carry-over-sql.ts';
import { askServer, eachDatabase } from './databases.ts';
import { onlineDirectory, privateSocketOf } from './names.ts';
import { type ChangeOfPlaces, sqlFile } from './places.ts';

/** What rows do not carry, and what would be lost: compared, and refused, before two servers change places. */

const database = { variable: 'database' } as const;

/** Whether roles, databases and their settings are the same on both sides; what is not is named. */
export const compareGlobals = (
  { primary, leaves, comes }: ChangeOfPlaces,
  now: 'before' | 'stopped',
): Fragment => {
  const [was, is]: readonly [Path, Path] = [
    word`${onlineDirectory(primary)}/globals-leaves`,
    word`${onlineDirectory(primary)}/globals-comes`,
  ];
  const from = now === 'before' ? 'serving' : leaves.role;
  const asked = now === 'before' ? globalsSql : globalsAtStopSql;
  return sh`
    ${wholeLines(sh`${was}`, sh`${askServer(primary, 'postgres', from)} -Atqc ${quoted(asked)} </dev/null`)}
    ${wholeLines(sh`${is}`, sh`${askServer(primary, 'postgres', comes.role)} -Atqc ${quoted(asked)} </dev/null`)}
    cmp -s ${was} ${is} || { echo ${word`roles, databases, their settings or tablespaces are not the same on ${leaves.major} and on ${comes.major}, or a transaction is prepared. Make them the same on ${comes.major}, by psql -h ${privateSocketOf(primary, comes.role)} -p ${primary.port}; commit or roll back what is prepared, where it serves:`} >&2; diff ${was} ${is} >&2; exit 1; }
  `;
};

/** Whether what the schema is made of is the same on both sides, in every database; what is not is named. */
export const compareSchemas = ({ primary, leaves, comes, objects }: ChangeOfPlaces): Fragment => {
  const [was, is]: readonly [Path, Path] = [
    word`${onlineDirectory(primary)}/schema-leaves`,
    word`${onlineDirectory(primary)}/schema-comes`,
  ];
  const asked = sh`-Atq -v objects=${known<'refuse' | 'leave'>(objects)} -f ${sqlFile(primary, 'schema')}`;
  return sh`
    other=
    ${eachDatabase(
      primary,
      'open',
      sh`
        (
          ${wholeLines(sh`${was}`, sh`${askServer(primary, database, 'serving')} ${asked} </dev/null`)}
        ) & asked=$!
        ${wholeLines(sh`${is}`, sh`${askServer(primary, database, comes.role)} ${asked} </dev/null`)}
        wait $asked
        cmp -s ${was} ${is} || { printf '%s:\n' "$database" >&2; diff ${was} ${is} | head -n 20 >&2; other=yes; }
      `,
    )}
    [ -z "$other" ] || { echo ${word`the schema is not the same on ${leaves.major} (<) and on ${comes.major} (>), and is frozen: somebody has gone past it. An owner or a routine can be made the same there, as a superuser who sets pgaf_upgrade.pass to on; of a table or a column the rows are missing too: where it is not wanted, drop it, else begin anew`} >&2; exit 1; }
    rm -f ${was} ${is}
  `;
};

/** The slot for following back waits for who writes on the one that comes, and so would the application. Ends with an error where somebody has a transaction open there: nobody but us has business on it. */
export const refuseOpenTransactions = ({ primary, comes }: ChangeOfPlaces): Fragment => sh`
  open=$(${askServer(primary, 'postgres', comes.role)} -Atc ${quoted(`select string_agg(format('%s of %s in %s, process %s, for %s s', coalesce(nullif(application_name, ''), 'a client'), usename, datname, pid, round(extract(epoch from now() - xact_start))), ', ') from pg_stat_activity where backend_xid is not null and backend_type = 'client backend' and pid <> pg_backend_pid()`)} </dev/null)
  [ -z "$open" ] || { echo ${word`a transaction is open on ${comes.major} that is to serve, and the change of places would wait for it. End it:`} "$open" >&2; exit 1; }
`;

/** A slot is lost with the server that it is on, and its reader would miss what is written from then on. Ends with an error where one has been made since the checks. */
export const refuseOthersSlots = ({ primary, leaves }: ChangeOfPlaces): Fragment => sh`
  others=$(${askServer(primary, 'postgres', 'serving')} -Atc ${quoted(`select string_agg(slot_name, ', ') from pg_replication_slots where slot_type = 'logical' and not temporary and slot_name !~ '^pgaf_(up|back)_[0-9]+$'`)} </dev/null)
  [ -z "$others" ] || { echo ${word`a logical slot of somebody else is on ${leaves.major}, and would be lost with it. Stop its reader and drop it:`} "$others" >&2; exit 1; }
`;
