import type { HostFacts } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { isCarried } from '../../checks/inspection/online-sql.ts';
import { wholeLines } from '../../shell/self-checks.ts';
import { psql } from '../../shell/shell.ts';
import { onlineDirectory, type PrivateServer, privateSocketOf } from './names.ts';

/** Oid, tab, name. Those that the checks name and that no session can be opened in are not among them. */
const openSql = `select oid || e'\\t' || datname from pg_database where datallowconn and datname <> 'template0' and datconnlimit <> -2 and datname !~ e'[\\r\\n]' order by oid`;
const anyTableSql = `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${isCarried})`;

/** The two lists: every database that a session can be opened in, and those with a table or a sequence of anybody's. */
const openFile = (host: HostFacts): Path => word`${onlineDirectory(host)}/open`;
const databasesFile = (host: HostFacts): Path => word`${onlineDirectory(host)}/databases`;

/** psql of one private server, or of the one that serves, up to its own options. */
export const askServer = (
  host: HostFacts,
  database: Parameters<typeof psql>[2],
  server: PrivateServer | 'serving',
): Fragment =>
  psql(
    host,
    server === 'new' ? host.newBindir : host.oldBindir,
    database,
    server === 'serving' ? {} : { socket: privateSocketOf(host, server) },
  );

/** Lines that write the lists anew, from the server that serves. Behind them \`$tab\` is a tab. */
export const listLines = (host: HostFacts, server: 'serving' | 'new' = 'serving'): Fragment => {
  const [open, databases] = [openFile(host), databasesFile(host)];
  return sh`
    umask 077
    mkdir -p ${onlineDirectory(host)}
    tab=$(printf '\t')
    ${wholeLines(sh`${open}.new`, sh`${askServer(host, 'postgres', server)} -Atc ${quoted(openSql)}`)}
    [ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
    : > ${databases}.new
    while IFS=$tab read -r oid database; do
      if [ "$(${askServer(host, { variable: 'database' }, server)} -Atc ${quoted(anyTableSql)} </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> ${databases}.new; fi
    done < ${open}.new
    mv ${open}.new ${open}; mv ${databases}.new ${databases}
  `;
};

/** Lines for each database: \`$oid\` and \`$database\`. What they run must not read the list: give it </dev/null. */
export const eachDatabase = (host: HostFacts, which: 'open' | 'with tables', body: Fragment): Fragment => sh`
  while IFS=$tab read -r oid database; do
    ${body}
  done < ${which === 'open' ? openFile(host) : databasesFile(host)}
`;
