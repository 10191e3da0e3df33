import { sqlLiteral } from '../../cluster/quote.ts';
import { releaseDay } from '../../cluster/releases.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { hasLineBreak, identifierFor, inPsql } from './in-psql.ts';
import { slotsOfOthers } from './online-asked.ts';
import { served } from './see.ts';

/** The plugins that a new cluster trusts by itself. Source: PostgreSQL, output_plugin_libraries. */
const trustedPlugins = ['pgoutput', 'test_decoding'];
/** The minors of this day brought output_plugin_libraries. Source: PostgreSQL 18.6 release notes, CVE-2026-6471. */
const pluginsTrustedSince = '2026-08-13';

const megabyte = 1024 * 1024;
/** A slot that is read now and then, by SQL, is less behind: bytes. */
const abandoned = 16 * megabyte;

/** What single major versions have ended or want otherwise. */
export const versionChecks: readonly Check[] = [
  {
    id: 'radius-authentication',
    severity: 'blocker',
    title: 'No line of pg_hba.conf wants RADIUS where the target is 19',
    scope: 'every host',
    why: '19 no longer has RADIUS, and a server does not start with a pg_hba.conf that it cannot read.',
    source: 'PostgreSQL 19 release notes, “Remove RADIUS support”',
    judge: onEach('every host', served, ({ server }, _host, { newMajor }): readonly Issue[] =>
      (newMajor ?? 0) < 19
        ? []
        : server.radiusLines.map((line) => ({
            found: `line ${line} of pg_hba.conf (pg_hba_file_rules) wants radius`,
            remedy: 'let these users authenticate by another method, before the window',
          })),
    ),
  },
  {
    id: 'inet-indexes',
    severity: 'blocker',
    title: 'No btree_gist index on inet or cidr where the target is 19',
    scope: 'primary and monitor',
    why: 'These operator classes can leave out rows that belong in the result; pg_upgrade to 19 refuses indexes made with them.',
    source: 'PostgreSQL 19 release notes, default index opclasses for inet and cidr; contrib/btree_gist 1.9',
    judge: onEach('primary and monitor', served, ({ inspection }, _host, { newMajor }): readonly Issue[] =>
      (newMajor ?? 0) < 19
        ? []
        : inspection.databases.flatMap((database) =>
            database.inetIndexes.map((index) => ({
              found: `index ${index} in ${database.name}`,
              remedy: 'drop it, and create it again with inet_ops: on the old version or behind the window',
              command: inPsql(database.name, `drop index ${index}`),
            })),
          ),
    ),
  },
  {
    id: 'names-on-one-line',
    severity: 'blocker',
    title: 'No role or tablespace has a line break in its name where the target is 19',
    scope: 'primary and monitor',
    why: 'pg_upgrade to 19 refuses such names. Databases with one are refused whatever the target is.',
    source: 'PostgreSQL 19 release notes, “Prevent carriage returns and line feeds in … names”',
    judge: onEach('primary and monitor', served, ({ server }, _host, { newMajor }): readonly Issue[] =>
      (newMajor ?? 0) < 19
        ? []
        : [
            ...server.brokenRoles.map((name) => ['role', name] as const),
            ...server.tablespaces.flatMap(({ name }) =>
              hasLineBreak(name) ? [['tablespace', name] as const] : [],
            ),
          ].map(([kind, name]) => ({
            found: `the name of ${kind} ${identifierFor(name)} has a line break in it`,
            remedy: 'give it another name',
            command: inPsql(
              'postgres',
              `alter ${kind} ${identifierFor(name)} rename to ${identifierFor(name.replaceAll(/[\r\n]+/g, '_'))}`,
            ),
          })),
    ),
  },
  {
    id: 'output-plugins',
    severity: 'blocker',
    title: 'Logical slots have plugins that a new cluster trusts',
    scope: 'primary',
    why: 'From 17 on pg_upgrade carries logical slots, and since August 2026 refuses one whose plugin output_plugin_libraries does not name. The new cluster is given the setting of the old one.',
    source:
      'PostgreSQL 18.6 and 17.11 release notes, output_plugin_libraries; seen with wal2json, 17.11 → 18.6: carried where the setting names it, else pg_upgrade --check ends with “fatal”',
    judge: onEach(
      'primary',
      served,
      ({ facts, server }, _host, { oldMajor, facts: cluster }): readonly Issue[] => {
        if ((oldMajor ?? 0) < 17 || (releaseDay(facts.newVersion) ?? '9') < pluginsTrustedSince) return [];
        const trusted = (server.settings.output_plugin_libraries ?? trustedPlugins.join(', '))
          .split(',')
          .map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
        return slotsOfOthers(server.slots, cluster).flatMap(({ name, kind, plugin, database }) =>
          kind !== 'logical' || plugin === null || trusted.includes(plugin)
            ? []
            : [
                {
                  found: `slot ${name} in ${database ?? '?'} has the plugin ${plugin}`,
                  remedy: 'name the plugin in output_plugin_libraries, where it is trusted',
                  command: inPsql(
                    'postgres',
                    `alter system set output_plugin_libraries = ${[...trusted, plugin].map((one) => sqlLiteral(one).trim()).join(', ')}`,
                    'select pg_reload_conf()',
                  ),
                },
              ],
        );
      },
    ),
  },
  {
    id: 'slots-read',
    severity: 'blocker',
    title: 'Logical slots have a reader',
    scope: 'primary',
    why: 'From 17 on pg_upgrade carries logical slots, and refuses one that has not been read to its end, in the downtime.',
    source:
      'PostgreSQL, pg_upgrade, “Prepare for publisher upgrades”; src/bin/pg_upgrade/check.c, check_old_cluster_for_valid_slots',
    judge: onEach('primary', served, ({ server }, _host, { oldMajor, facts }): readonly Issue[] =>
      (oldMajor ?? 0) < 17
        ? []
        : slotsOfOthers(server.slots, facts)
            .filter(
              ({ kind, active, behindBytes }) =>
                kind === 'logical' && !active && (behindBytes ?? 0) > abandoned,
            )
            .map(({ name, database, behindBytes }) => ({
              found: `nobody reads slot ${name} in ${database ?? '?'}, ${Math.round((behindBytes ?? 0) / megabyte)} MB behind`,
              remedy: 'start its consumer again, or drop the slot if it is not needed anymore',
              command: inPsql('postgres', `select pg_drop_replication_slot(${sqlLiteral(name).trim()})`),
            })),
    ),
  },
  {
    id: 'md5-passwords',
    severity: 'warning',
    title: 'No role has an MD5 password where the target is 18 or later',
    scope: 'primary',
    why: '18 calls MD5 passwords deprecated, 19 warns at each login, and a later version will not have them.',
    source:
      'PostgreSQL 18 release notes, “Deprecate MD5 password authentication”; 19, md5_password_warnings; pg_upgrade 17.11 → 18.6 with such a role works',
    judge: onEach('primary', served, ({ server }, _host, { newMajor }): Issue | null =>
      (newMajor ?? 0) < 18 || server.md5Roles.length === 0
        ? null
        : {
            found: `${server.md5Roles.length === 1 ? 'role' : 'roles'} ${server.md5Roles.map(identifierFor).join(', ')}`,
            remedy:
              'give them new passwords with password_encryption = scram-sha-256; pg_upgrade carries the old ones',
          },
    ),
  },
];
