import type { Evidence, HostEvidence } from '../../cluster/checks/evidence.ts';
import { errorLines, isComplete, type Section, sectionsOf } from '../../cluster/checks/sections.ts';
import { upgradeFailure } from '../../cluster/checks/upgrade-failure.ts';
import { sh } from '../../cluster/fragment.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { endedThere, namedAlready } from './named-already.ts';
import { type DryRunSeen, dryRunOf, section } from './see.ts';
import { throwawayOf } from './throwaway.ts';

const both = 'primary and monitor';

/** The first section of these kinds that failed, with its name. */
const firstFailure = (
  { sections }: DryRunSeen,
  kinds: readonly string[],
): { readonly name: string; readonly section: Section } | null => {
  for (const [name, one] of sections)
    if (one.code !== 0 && kinds.some((kind) => name === kind || name.startsWith(`${kind} `)))
      return { name, section: one };
  return null;
};

const schemaKinds = ['dump globals', 'dump', 'start', 'restore globals', 'restore'];

/** All of a schema was restored, or something failed on the way. */
const schemaHeld = (host: HostEvidence, { facts }: Evidence): DryRunSeen | string => {
  const seen = dryRunOf(host);
  if (typeof seen === 'string') return seen;
  const failed = firstFailure(seen, schemaKinds);
  if (failed !== null) {
    const by = namedAlready(host, facts, failed.section.lines);
    return by === null ? seen : endedThere('the restore of the schema', by);
  }
  return isComplete(seen.sections) && sectionsOf(seen.sections, 'restore').length > 0
    ? seen
    : 'the dry run did not reach the restore';
};

/** pg_upgrade --check, unless it ended at something that another check names. */
const upgradeChecked = (host: HostEvidence, { facts }: Evidence): { readonly section: Section } | string => {
  const seen = section('pg upgrade')(host);
  if (typeof seen === 'string' || seen.section.code === 0) return seen;
  const by = namedAlready(host, facts, seen.section.lines);
  return by === null ? seen : endedThere('pg_upgrade --check', by);
};

/** Beginnings that were kept from being tried at all. */
const began = (host: HostEvidence): DryRunSeen | string => {
  const seen = dryRunOf(host);
  if (typeof seen === 'string') return seen;
  return seen.sections.has('begin') ? seen : 'the dry run did not begin';
};

/** The rows that sections of a kind print for each database: the database, and the fields behind the row's first one. */
const rowsOf = ({ sections }: DryRunSeen, kind: string, first: string) =>
  sectionsOf(sections, kind).flatMap(({ lines }) => {
    const rows = lines.map((line) => line.split('\t'));
    const database = rows.find(([name]) => name === 'database')?.[1] ?? 'postgres';
    return rows.filter(([name]) => name === first).map(([, ...fields]) => ({ database, fields }));
  });

/** The schema was restored, and what comes after it was tried: what failed has said on what. */
const triedAfter =
  (kind: string, row: string) =>
  (host: HostEvidence): DryRunSeen | string => {
    const seen = dryRunOf(host);
    if (typeof seen === 'string') return seen;
    const tried = sectionsOf(seen.sections, kind);
    const silent = tried.find(
      ({ code, lines }) => code !== 0 && !lines.some((line) => line.startsWith(`${row}\t`)),
    );
    if (silent !== undefined) return `it could not be tried: ${errorLines(silent)}`;
    return tried.length > 0 ? seen : `the dry run did not reach “${kind}”`;
  };

/** psql's `ERROR:` and what follows it, without the program's own beginning. */
const sayingOf = (said: string): string =>
  said
    .replace(/^.*?(?=ERROR:)/, '')
    .replace(/ {2,}/g, ' ')
    .trim();

/** What the dry run with the real programs has shown. */
export const dryRunChecks: readonly Check[] = [
  {
    id: 'dry-run-room',
    severity: 'blocker',
    title: 'A throwaway cluster can be made beside the data directory',
    scope: 'every host',
    why: 'The new binaries are tried in a throwaway cluster on the same file system. Where there is no room for one, there is none for the upgrade.',
    source: 'docs/checks.md, “How hosts are inspected”',
    judge: onEach('every host', began, ({ sections }) => {
      const first = sections.get('begin');
      return first === undefined || first.code === 0
        ? null
        : {
            found: errorLines(first),
            remedy: 'make room beside the data directory, for postgres to write in',
          };
    }),
  },
  {
    id: 'initdb',
    severity: 'blocker',
    title: 'initdb makes a cluster with the old one’s encoding, locale, checksums and WAL segment size',
    scope: 'every host',
    why: 'pg_upgrade wants them equal, and a locale that this host does not have any more cannot be made.',
    source: 'PostgreSQL, initdb; src/bin/pg_upgrade/check.c, check_new_cluster',
    judge: onEach('every host', section('initdb'), ({ facts, section: one }) =>
      one.code === 0
        ? null
        : {
            found: errorLines(one),
            remedy: `make the locale ${facts.initdb.collate} available on this host (localedef, or the package locales-all), or see initdb’s message`,
            command: 'locale -a',
          },
    ),
  },
  {
    id: 'pg-upgrade-check',
    severity: 'blocker',
    title: 'pg_upgrade --check finds the clusters compatible',
    scope: both,
    why: 'What pg_upgrade would refuse is found now, against the running server, while it costs nothing.',
    source: 'PostgreSQL, pg_upgrade, --check',
    judge: onEach(both, upgradeChecked, ({ section: one }) =>
      one.code === 0
        ? null
        : { found: upgradeFailure(one), remedy: 'put right what it names, and check again' },
    ),
  },
  {
    id: 'configuration-read',
    severity: 'blocker',
    title: 'The new version starts with the configuration that will be carried over',
    scope: 'every host',
    why: 'What keeps the new server from starting (a setting that is gone, a key that it refuses, a file that is not there) would do so after the swap, inside the downtime; on a secondary after its base backup.',
    source:
      'PostgreSQL, Server Configuration (runtime-config), “The pg_hba.conf File”, ssl-tcp; seen with 15.20 and 17.12 on the lab (fixtures/lab)',
    judge: onEach('every host', section('configuration'), ({ facts, section: one }) => {
      if (one.code === 0) return null;
      // It was started on a copy; what has to be changed is the original.
      const found = errorLines(one, 6).replaceAll(`${throwawayOf(facts)}/carried/`, `${facts.data}/`);
      const [, elsewhere] = /a base backup brings no postgresql\.conf: on (\S+) /.exec(found) ?? [];
      if (elsewhere !== undefined)
        return {
          found,
          remedy: `put the file in place of the link on ${elsewhere} (the same for pg_hba.conf and pg_ident.conf), as the user of the server there; or have this node rebuilt by hard links`,
          command:
            sh`cd ${facts.data} && cp -pL postgresql.conf postgresql.conf.file && mv postgresql.conf.file postgresql.conf`
              .text,
        };
      return found.includes('unrecognized configuration parameter')
        ? {
            found,
            remedy:
              'take the setting out of the file that is named (see also removed-settings), reload, and check again',
            command: inPsql(
              'postgres',
              'select name, setting, sourcefile, sourceline from pg_settings where sourcefile is not null',
            ),
          }
        : { found, remedy: 'put right on this host what the server names, and check again' };
    }),
  },
  {
    id: 'name-maps',
    severity: 'warning',
    title: 'The new version reads the name maps in pg_ident.conf',
    scope: 'every host',
    why: 'The server starts without them, and whoever logs in by a map (cert, peer, gss) is refused.',
    source: 'PostgreSQL, “User Name Maps” (auth-username-maps); src/backend/libpq/hba.c, load_ident',
    judge: onEach('every host', section('name maps'), ({ facts, section: one }) =>
      one.code === 0
        ? null
        : {
            found: errorLines(one, 6).replaceAll(`${throwawayOf(facts)}/carried/`, `${facts.data}/`),
            remedy: 'put right what is named in pg_ident.conf, reload, and check again',
            command: inPsql('postgres', 'select * from pg_ident_file_mappings where error is not null'),
          },
    ),
  },
  {
    id: 'schema-dry-run',
    severity: 'blocker',
    title: 'The whole schema is restored by the new version, as pg_upgrade does it',
    scope: both,
    why: 'pg_upgrade --check does not try the restore: a minor version that is too old, or a view on a column that is gone, fails mid-way, inside the downtime.',
    source:
      'PostgreSQL, src/bin/pg_upgrade/dump.c and pg_upgrade.c, create_new_objects; seen with 15.20 and 17.11 on the lab (fixtures/lab)',
    judge: onEach(both, schemaHeld, (seen): Issue | null => {
      const failed = firstFailure(seen, schemaKinds);
      if (failed === null) return null;
      const database = failed.section.lines.find((line) => line.startsWith('database '));
      return {
        found: `${database === undefined ? '' : `${database}: `}${failed.name.replace(/ \d+$/, '')} failed: ${errorLines(failed.section)}`,
        remedy: failed.section.lines.some((line) => line.includes('unrecognized parameter'))
          ? 'install a newer minor of the target: it does not know what the old version has stored'
          : 'change or drop the object that is named, and check again',
      };
    }),
  },
  {
    id: 'extension-updates',
    severity: 'warning',
    title: 'The extensions that pg_upgrade asks to be updated can be updated',
    scope: both,
    why: 'The window goes on without the update; the extension works as it is with the new library, and lacks what the new version added.',
    source:
      'PostgreSQL, ALTER EXTENSION; src/bin/pg_upgrade/version.c, report_extension_updates; seen with pg_stat_statements 1.10 and pgaudit 1.7 on the lab (fixtures/lab)',
    judge: onEach(both, triedAfter('update', 'extension'), (seen): readonly Issue[] =>
      rowsOf(seen, 'update', 'extension').map(
        ({ database, fields: [name = '', from = '', to = '', statement = '', said = ''] }) => ({
          found: `${name} ${from} in ${database} cannot be updated to ${to}: ${sayingOf(said)}`.slice(0, 600),
          remedy: said.includes('other objects depend on it')
            ? 'after the window drop what depends on it, update, and make it again'
            : said.includes('no update path')
              ? 'drop the extension before the window and create it again afterwards, or leave it as it is'
              : 'put right what it names, or update after the window',
          command: said.includes('no update path')
            ? inPsql(database, `drop extension ${identifierFor(name)}`)
            : inPsql(database, statement),
        }),
      ),
    ),
  },
  {
    id: 'statistics-computed',
    severity: 'warning',
    title: 'Functions in indexes and statistics find what they name',
    scope: both,
    why: 'From 17 on ANALYZE, VACUUM, REINDEX and CREATE INDEX compute them with search_path = pg_catalog, pg_temp: a function that names an object without its schema fails, and its table has no statistics.',
    source:
      'PostgreSQL 17, release notes, “Migration to Version 17”; seen with 15.20 and 17.12 on the lab (fixtures/lab)',
    judge: onEach(both, triedAfter('statistics', 'statistics'), (seen): readonly Issue[] =>
      rowsOf(seen, 'statistics', 'statistics').map(
        ({ database, fields: [what = '', said = '', statement = ''] }) => ({
          found: `${what} in ${database}: ${said}`.slice(0, 600),
          remedy: 'give the function a search_path, with every schema that it needs',
          command: inPsql(database, statement),
        }),
      ),
    ),
  },
];
