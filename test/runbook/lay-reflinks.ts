import { join } from 'node:path';
import type { Sandbox } from './sandbox.ts';

/** A host whose file system can make reflinks, as far as our scripts see it: here the blocks are copied. */

/** `no-reflinks` in the home directory: it cannot. `broken`: the file whose blocks it does not share. `vanishing`: one that the server removes once it is listed. */
export const layReflinks = (box: Sandbox): void => {
  const { home } = box.node;
  box.program(
    join(box.root, 'bin/cp'),
    'left=',
    'for one; do shift; case $one in --reflink=*) left=$one ;; *) set -- "$@" "$one" ;; esac; done',
    'if [ "$left" = --reflink=always ]; then for one; do',
    `  if [ -e "${home}/no-reflinks" ] || { [ -e "${home}/broken" ] && [ "$one" = "$(cat "${home}/broken")" ]; }; then echo "cp: failed to clone '/to/$one' from '$one': Operation not supported" >&2; exit 1; fi`,
    'done; fi',
    `if [ -e "${home}/vanishing" ] && [ -e "$(cat "${home}/vanishing")" ] && [ "$left" = --reflink=always ]; then case " $* " in *" -t "*) rm "$(cat "${home}/vanishing")" ;; esac; fi`,
    'exec /bin/cp "$@"',
  );
};

/** What psql does with the session of the backup: the files are copied within it. \`cut\` in the home directory: it is broken off behind them. */
export const backupSession = (
  box: Sandbox,
  first: string,
  last: string,
  size = 16_777_216,
): readonly string[] => [
  'before=; session=; for one; do [ "$before" != -f ] || session=$one; before=$one; done',
  'if [ -n "$session" ]; then',
  '  sh "$PGAF_REFLINK" files </dev/null >&2 || exit 0',
  `  [ ! -e "${box.node.home}/cut" ] || { echo "connection to server was lost" >&2; exit 2; }`,
  `  printf "%s\\n" "${last} ${size}" "START WAL LOCATION: 0/9000028 (file ${first})" "START TIMELINE: 3"`,
  'fi',
];

/** A data directory of 15 in use: what belongs into a copy, and what does not. */
export const layInUse = (box: Sandbox, segments: readonly string[]): void => {
  const { data } = box.node;
  for (const [name, text] of Object.entries({
    'base/16384/1': 'rows of 15',
    'base/16384/pg_internal.init': 'cache',
    'base/pgsql_tmp/pgsql_tmp1.0': 'sorted',
    'global/1262': 'databases',
    'global/pg_internal.init.7': 'cache',
    'log/server.log': 'said',
    'pg_replslot/pgaf_up_16384/state': 'slot',
    'pg_stat_tmp/global.stat': 'counted',
    'pg_subtrans/0000': 'parents',
    'pg_xact/0000': 'committed',
    backup_label: 'of another backup',
    'postmaster.opts': 'options',
    'postmaster.pid': '1',
    'pg_wal/00000003.history': 'from 2',
    'pg_wal/000000030000000000000001': 'older',
  }))
    box.write(join(data, name), text);
  for (const name of segments) box.write(join(data, 'pg_wal', name), `WAL ${name}`);
  box.sh(`cd "${data}" && mkdir pg_notify pg_twophase && ln -s "${box.root}/elsewhere" log/elsewhere`);
};
