import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { inBin } from '../../shell/shell.ts';
import { askServer, eachDatabase } from './databases.ts';
import { onlineDirectory } from './names.ts';
import type { ChangeOfPlaces } from './places.ts';

/**
 * Which sequences have moved since all of them were looked at, while nobody waits: those that the WAL written meanwhile names. So what is looked at right before the stop and behind it
 * does not grow with the number of sequences. setval() and TRUNCATE … RESTART IDENTITY always write a record, nextval() does at its first call behind a checkpoint; unlogged ones write none
 * and are looked at every time. Sources: PostgreSQL, sequence.c, nextval_internal (page's LSN against the redo pointer), do_setval, fill_seq_fork_with_data; pg_waldump; seqdesc.c, seq_desc.
 */

/** Where the redo point of the checkpoint right before the last look is kept, and its timeline; \`.new\`: right before the one that is not through yet. */
const sinceFile = ({ primary }: ChangeOfPlaces): Path => word`${onlineDirectory(primary)}/sequences-since`;

/** Those that write no WAL, of every database, one a line: `u/16384/24579`, by the database's oid and their own, which a new file does not change. */
const silentFile = ({ primary }: ChangeOfPlaces): Path => word`${onlineDirectory(primary)}/sequences-silent`;
const silentSql = `select 'u/' || d.oid || '/' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = 'S' and c.relpersistence = 'u'`;

/** More WAL takes longer to be read than the pages of many sequences; more names do not fit on a command line. */
const [mostBytes, mostNames] = [1 << 30, 2000];

/** Lines before a look: what moves from here on is named by the WAL from there on, once that look is through ({@link keepSinceLines}). */
export const noteSinceLines = (way: ChangeOfPlaces): Fragment => sh`
  ${askServer(way.primary, 'postgres', 'serving')} -qc checkpoint </dev/null
  ${askServer(way.primary, 'postgres', 'serving')} -Atqc ${quoted("select redo_lsn || ' ' || timeline_id from pg_control_checkpoint()")} </dev/null > ${sinceFile(way)}.new
  : > ${silentFile(way)}
  ${eachDatabase(way.primary, 'with tables', sh`${askServer(way.primary, { variable: 'database' }, 'serving')} -Atqc ${quoted(silentSql)} </dev/null >> ${silentFile(way)}`)}
`;

/** Lines behind it: every sequence stands in our table as it stood then, or later. */
export const keepSinceLines = (way: ChangeOfPlaces): Fragment => sh`
  mv ${sinceFile(way)}.new ${sinceFile(way)}
`;

/**
 * Lines for a look at those that have moved since the last one, up to {@link noteSinceLines} or to the stop: \`$moved\` is each one's tablespace, database and file,
 * \`1663/16384/24579 1663/16384/24580\`, and those that write none; or \`all\`, where the WAL does not tell: it is gone, there is too much of it, or it reads otherwise than expected.
 */
export const movedLines = (way: ChangeOfPlaces, now: 'again' | 'stopped'): Fragment => {
  const { primary, leaves, stopped } = way;
  const wal: Path = word`${now === 'stopped' ? leaves.aside : primary.data}/pg_wal`;
  const upTo =
    now === 'stopped'
      ? sh`
        end=$(sed -n 's/^Latest checkpoint location: *//p' ${stopped})
        timeline=$(sed -n "s/^Latest checkpoint's TimeLineID: *//p" ${stopped})
      `
      : sh`read -r end timeline < ${sinceFile(way)}.new`;
  return sh`
    moved=all
    since=$(cut -d ' ' -f 1 ${sinceFile(way)} 2>/dev/null || true)
    ${upTo}
    case $since,$end in
    */*,*/*)
      if [ $(((0x\${end%/*} - 0x\${since%/*}) * 4294967296 + 0x\${end#*/} - 0x\${since#*/})) -le ${mostBytes} ] && silent=$(cat ${silentFile(way)}) &&
        records=$(${inBin(leaves.bindir, 'pg_waldump')} --path=${wal} --timeline="$timeline" --rmgr=Sequence --start="$since" --end="$end" 2>/dev/null); then
        names=$(printf '%s\n' "$records" | sed -n 's|^rmgr: Sequence .* desc: LOG rel \([0-9]*/[0-9]*/[0-9]*\),.*|\1|p')
        # every record was understood
        if [ "$(printf '%s' "$names" | wc -w)" = "$(printf '%s' "$records" | grep -c .)" ]; then
          names=$(printf '%s\n' "$names" "$silent" | grep . | sort -u || true)
          [ "$(printf '%s' "$names" | wc -w)" -gt ${mostNames} ] || moved=$(printf '%s' "$names" | tr '\n' ' ')
        fi
      fi
      ;;
    esac
  `;
};
