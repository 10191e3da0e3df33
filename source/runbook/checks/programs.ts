import type { HostEvidence } from '../../cluster/checks/evidence.ts';
import { preloadsCitus } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import { type Check, type CheckAnswer, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { judgeMinors, type MinorsJudgment, unknownMinors } from './minors.ts';
import { isLibraryOf, missingExtensions } from './named-already.ts';
import { removedExtension } from './removed-extensions.ts';
import { inspected, reached, section, served } from './see.ts';

const names = (all: readonly string[]): string => all.join(', ');

const minorsOf = ({ facts }: HostEvidence): MinorsJudgment | string =>
  facts === null ? 'its versions are not known' : judgeMinors(facts);

/** Programs, libraries and extensions of the new version, on each host where they will run. */
export const programChecks: readonly Check[] = [
  {
    id: 'new-programs',
    severity: 'blocker',
    title: 'The new version’s binaries are installed on every host',
    scope: 'every host',
    why: 'Every node runs the new version in the end; a binary that is missing on one of them stops its rebuild at night.',
    source: 'PostgreSQL, pg_upgrade, “Install the new PostgreSQL binaries”, and the same on standby servers',
    judge: onEach('every host', reached, (host) => {
      const missing = [...new Set([...host.missingPrograms, ...(host.inspection?.missingTools ?? [])])];
      return missing.length === 0
        ? null
        : {
            found: `the new directory of binaries${host.facts === null ? '' : `, ${host.facts.newBindir},`} lacks ${names(missing)}`,
            remedy:
              'install the new PostgreSQL there, or name the right directory as target.bindir or nodes.NAME.newBindir',
          };
    }),
  },
  {
    id: 'autoctl-supports-target',
    severity: 'blocker',
    title: 'The new pg_autoctl supports the new PostgreSQL',
    scope: 'every host',
    why: 'pg_autoctl starts and stops the server; one that does not know its version leaves the node down. 2.2 names 13 to 17, and Debian builds 2.2-4 for 18 too: what it was built with counts.',
    source:
      'pg_auto_failover, src/bin/pg_autoctl/cli_common.c, keeper_cli_print_version (`pg_autoctl version`)',
    judge: onEach('every host', inspected, ({ facts, inspection }, _host, { newMajor }): Issue | null => {
      const remedy = `install the pg_auto_failover that goes with PostgreSQL ${newMajor ?? ''}`;
      if (inspection.newAutoctl === null)
        return {
          found: `${facts.newAutoctl} does not say its version`,
          remedy,
          command: sh`${facts.newAutoctl} version`.text,
        };
      return newMajor === null || inspection.newAutoctl.compatibleMajors.includes(newMajor)
        ? null
        : {
            found: `${facts.newAutoctl} ${inspection.newAutoctl.text} runs ${names(inspection.newAutoctl.compatibleMajors.map(String))}, not ${newMajor}`,
            remedy,
            command: sh`${facts.newAutoctl} version`.text,
          };
    }),
  },
  {
    id: 'minors-paired',
    severity: 'blocker',
    title: 'The new minor version is not older than the old one',
    scope: 'primary and monitor',
    why: 'An older target may not know what a newer source holds: 15.20 to 17.11 and 17.12 to 18.6 pass pg_upgrade --check and fail mid-way. 18.5 was never released: 18.6 goes with 17.11 and 15.19.',
    source:
      'PostgreSQL, release notes (the days of release are in source/cluster/releases.ts); seen with 15.20 and 17.11, and with 17.12 and 18.6, on the lab (fixtures/lab): “unrecognized parameter "pg_attver"”',
    judge: onEach(
      'primary and monitor',
      (host, { facts }) => {
        const minors = minorsOf(host);
        if (typeof minors === 'string' || minors.kind !== 'unknown') return minors;
        return facts?.accept.includes(unknownMinors) ? minors : minors.found;
      },
      (minors) => (minors.kind === 'target-older' ? { found: minors.found, remedy: minors.remedy } : null),
    ),
  },
  {
    id: unknownMinors,
    severity: 'warning',
    title: 'The days on which both minor versions were released are known',
    scope: 'primary and monitor',
    why: 'Which minor versions go together follows from their days of release. What is not in the table is neither refused nor called good: until you accept it, neither check nor the window goes on.',
    source: 'PostgreSQL, release notes; source/cluster/releases.ts',
    judge: onEach('primary and monitor', minorsOf, (minors) =>
      minors.kind === 'unknown' ? { found: minors.found, remedy: minors.remedy } : null,
    ),
  },
  {
    id: 'same-minor',
    severity: 'warning',
    title: 'Every host has the same new minor version',
    scope: 'cluster',
    why: 'After a failover another minor version would serve: bugs fixed on one node come back on the other.',
    source: 'PostgreSQL, Planning: standbys of the same major version, best of the same minor',
    judge: ({ hosts }) => {
      const found = hosts.flatMap((host) => (host.facts === null ? [] : [host.facts]));
      const versions = new Set(found.map((facts) => facts.newVersion));
      if (versions.size < 2) return [];
      const said = found.map((facts) => `${facts.alias} ${facts.newVersion}`);
      const issue: CheckAnswer = {
        kind: 'found',
        host: null,
        found: names(said),
        remedy: 'install the newest of these everywhere',
      };
      return [issue];
    },
  },
  {
    id: 'citus',
    severity: 'blocker',
    title: 'Citus, where there is any, can be upgraded here',
    scope: 'primary',
    why: 'pg_upgrade carries none of Citus’ own catalogs: citus_prepare_pg_upgrade() before it and citus_finish_pg_upgrade() behind it do, by the same Citus on both sides. With hard links a rollback behind the first start leads through a secondary, which Citus’ catalogs do not name.',
    source:
      'Citus, “Upgrading PostgreSQL version”; its functions citus_prepare_pg_upgrade and citus_finish_pg_upgrade; seen with 13.2.2 from 15.20 to 17.12. docs/citus.md',
    judge: onEach('primary', served, ({ facts, inspection }, _host, { facts: cluster }): readonly Issue[] => {
      const used = inspection.databases.flatMap(({ name, extensions }) =>
        extensions.flatMap(({ name: its, version }) => (its === 'citus' ? [{ name, version }] : [])),
      );
      if (used.length === 0) return [];
      const versions = used.map(({ version }) => version);
      const found = used.map(({ name, version }) => `citus ${version} in ${name}`).join(', ');
      if (inspection.offeredExtensions?.includes('citus') === false)
        return [
          {
            found: `${found}, and there is no Citus for ${facts.newVersion} on this host`,
            remedy: `install the same Citus for ${facts.newVersion}, on every host; where Citus is not used, drop the extension`,
          },
        ];
      if (versions.some((version) => !version.startsWith('13.')))
        return [
          {
            found: `${found}, and the window’s steps are those of Citus 13 alone`,
            remedy:
              'update Citus first where there is 13 for both versions, or upgrade this cluster by hand (docs/citus.md); where Citus is not used, drop the extension',
          },
        ];
      if (!preloadsCitus(facts))
        return [
          {
            found: `${found}, and shared_preload_libraries as it was read has no citus`,
            remedy: 'set shared_preload_libraries, citus first, as Citus asks for it, and restart the server',
          },
        ];
      return cluster?.mode === 'link'
        ? [
            {
              found: `${found}, and mode ${cluster.mode}`,
              remedy:
                'set upgrade: {mode: copy} in the cluster file, or clone where the file system can; where Citus is not used, drop the extension',
            },
          ]
        : [];
    }),
  },
  {
    id: 'extensions-available',
    severity: 'blocker',
    title: 'Every extension in use exists for the new version, on every host',
    scope: 'every host',
    why: 'Without its control file an extension can neither be restored nor updated, and on a secondary it is missed after a failover.',
    source:
      'PostgreSQL, Packaging Related Objects into an Extension; pg_upgrade, “Install extension shared object files”',
    judge: onEach('every host', served, ({ facts, inspection }, host, { newMajor }): readonly Issue[] => {
      const { offeredExtensions: offered } = inspection;
      if (offered === null)
        return [
          {
            found: `the extensions of ${facts.newBindir} cannot be found`,
            remedy: 'install the complete PostgreSQL package, contrib included',
            command: sh`${word`${facts.newBindir}/pg_config`} --sharedir`.text,
          },
        ];
      const wanted = new Map<string, string[]>();
      for (const database of inspection.databases)
        for (const { name } of database.extensions)
          wanted.set(name, [...(wanted.get(name) ?? []), database.name]);
      return [...wanted]
        .filter(([name]) => !offered.includes(name))
        .flatMap(([name, databases]): Issue[] => {
          if (!removedExtension(name, newMajor))
            return [
              {
                found: `${name}, used in ${names(databases)}, is not installed for ${facts.newVersion}`,
                remedy: `install ${name} for the new version on this host`,
              },
            ];
          // It goes from every host at once.
          if (host.role === 'secondary') return [];
          return [
            {
              found: `${name} is used in ${names(databases)}, and PostgreSQL ${newMajor ?? ''} no longer has it`,
              remedy: 'drop it, and what uses it',
              command: databases
                .map((database) => inPsql(database, `drop extension ${identifierFor(name)}`))
                .join('; '),
            },
          ];
        });
    }),
  },
  {
    id: 'libraries-load',
    severity: 'blocker',
    title: 'Every library in use is loaded by the new server, on every host',
    scope: 'every host',
    why: 'A file that exists may still not load. pg_upgrade inspects the primary only; a secondary without a preloaded library does not start, and one without an extension’s fails after the next failover.',
    source: 'PostgreSQL, LOAD; src/bin/pg_upgrade/function.c, check_loadable_libraries',
    judge: onEach(
      'every host',
      section('libraries'),
      ({ facts, section: { code, lines } }, host): readonly Issue[] => {
        const missing = missingExtensions(host);
        const issues = lines.flatMap((line): Issue[] => {
          const [, library, reason] = /^library (.{1,300}?) does not load: (.*)$/.exec(line) ?? [];
          return library === undefined || isLibraryOf(library, missing)
            ? []
            : [
                {
                  found: `${library}: ${reason ?? ''}`,
                  remedy: `install it for ${facts.newVersion} on this host, as on the others`,
                },
              ];
        });
        const said = lines.some((line) => line.startsWith('library '));
        return issues.length === 0 && code !== 0 && !said
          ? [
              {
                found: `the libraries could not be tried: ${lines.slice(-2).join(' ')}`,
                remedy: 'read the server’s log',
              },
            ]
          : issues;
      },
    ),
  },
];
