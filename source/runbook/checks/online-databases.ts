import { type Check, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { asked, inDatabases, listed, ofOnline, onTheLab, restrictionDocs } from './online-asked.ts';

const publicationDocs = 'PostgreSQL, logical-replication-publication, “Replica Identity”';

/** What stands in a database that logical replication does not carry, or not as it is. */
export const onlineDatabaseChecks: readonly Check[] = [
  {
    id: 'online-identities',
    severity: 'warning',
    title: 'Every table has a replica identity, for the online method',
    scope: 'primary',
    why: 'From the publication on the server refuses UPDATE and DELETE on a table without one, to the application. A deferrable primary key is none.',
    source: `${publicationDocs}; ${onTheLab}`,
    judge: ofOnline(
      inDatabases('noIdentity', (database, names, first) => ({
        found: `${identifierFor(database)}: ${names}`,
        remedy:
          'pgaf-upgrade prepare asks, sets REPLICA IDENTITY FULL on each, and sets it back at the end; a primary key is better',
        command: inPsql(database, `alter table ${first} replica identity full`),
      })),
    ),
  },
  {
    id: 'online-equality',
    severity: 'blocker',
    title: 'Rows without a key can be told apart, for the online method',
    scope: 'primary',
    why: 'A row that has no key is found by all its columns; where the type of one has no equality, the first UPDATE or DELETE stops the replication for good.',
    source: `${publicationDocs}; src/backend/executor/execReplication.c, tuples_equal; ${onTheLab}`,
    judge: ofOnline(
      inDatabases('unequal', (database, names, first) => {
        const table = first.replace(/\.(?:"(?:[^"]|"")*"|[^".]+) .*$/s, '');
        return {
          found: `${identifierFor(database)}: no equality for ${names}`,
          remedy:
            'give the table a primary key, or a unique index on columns that are not null as its replica identity',
          command: inPsql(database, `alter table ${table} add primary key (…)`),
        };
      }),
    ),
  },
  {
    id: 'online-scans',
    severity: 'warning',
    title: 'No large table is without a key, for the online method',
    scope: 'primary',
    why: 'Each changed row is searched for through the whole table: the copy falls behind, and behind the cut-over the old server does.',
    source: `${publicationDocs}; PostgreSQL 16 release notes, E.1.3.3.2: an index may be used there, before it may not`,
    judge: ofOnline(
      inDatabases('scanned', (database, names, first) => ({
        found: `${identifierFor(database)}: ${names}`,
        remedy: 'give it a primary key; or be sure that its rows are only added',
        command: inPsql(database, `alter table ${first} add primary key (…)`),
      })),
    ),
  },
  {
    id: 'online-triggers',
    severity: 'blocker',
    title: 'No trigger fires where rows arrive, for the online method',
    scope: 'primary',
    why: 'ENABLE ALWAYS and ENABLE REPLICA triggers fire once more on the copy: an audit table has each row twice, and an unqualified name in it stops the replication.',
    source: `PostgreSQL, logical-replication-architecture; ${onTheLab} (a rule that is ENABLE ALWAYS does not)`,
    judge: ofOnline(
      inDatabases('always', (database, names, first) => {
        const [trigger = 'NAME', table = 'NAME'] = first.split(/ on (?=[^"]*(?:"[^"]*"[^"]*)*$)/);
        return {
          found: `${identifierFor(database)}: ${names}`,
          remedy: 'make it an ordinary trigger for the time of the upgrade, or upgrade by pg_upgrade',
          command: inPsql(database, `alter table ${table} enable trigger ${trigger}`),
        };
      }),
    ),
  },
  {
    id: 'online-functions',
    severity: 'blocker',
    title: 'What runs where rows arrive is a superuser’s, for the online method',
    scope: 'primary',
    why: 'A function in a check, a domain, a generated column or an index runs as the superuser on the server that follows, whoever owns it: its owner could have it do anything there.',
    source:
      'PostgreSQL, logical-replication-security (before 16 rows arrive as the owner of the subscription, always)',
    judge: ofOnline(
      inDatabases('functions', (database, names, first) => ({
        found: `${identifierFor(database)}: ${names}`,
        remedy:
          'read it, and what it calls; then let a superuser own it, so that nobody else changes it, until the upgrade is accepted or called off',
        command: inPsql(
          database,
          `alter function ${first.replace(/ of (?:"(?:[^"]|"")*"|[^" ]+)$/s, '')} owner to postgres`,
        ),
      })),
    ),
  },
  {
    id: 'online-large-objects',
    severity: 'blocker',
    title: 'No large objects, or they may stay as they are, for the online method',
    scope: 'primary',
    why: 'Logical replication carries none of them, in either direction: the new version has those of the time of the copy.',
    source: `${restrictionDocs}; ${onTheLab}`,
    judge: ofOnline(
      onEach('primary', asked, ({ inspection }, _host, { facts }): readonly Issue[] =>
        facts?.largeObjects === 'leave'
          ? []
          : inspection.databases
              .filter((one) => one.largeObjects > 0)
              .map(({ name, largeObjects }) => ({
                found: `${identifierFor(name)} has ${largeObjects} large ${largeObjects === 1 ? 'object' : 'objects'}`,
                remedy:
                  'where nothing changes them, set upgrade.largeObjects to leave in the cluster file; else upgrade by pg_upgrade',
                command: inPsql(
                  name,
                  "select n_tup_ins, n_tup_upd, n_tup_del from pg_stat_sys_tables where relname = 'pg_largeobject'",
                ),
              })),
      ),
    ),
  },
  {
    id: 'online-left-behind',
    severity: 'warning',
    title: 'No unlogged table and no materialized view, for the online method',
    scope: 'primary',
    why: 'Neither is replicated: on the new version an unlogged table is empty, and a materialized view shows what it held when the copy was taken, until it is refreshed.',
    source: `${restrictionDocs}; PostgreSQL, CREATE TABLE, UNLOGGED (a base backup has none of them)`,
    judge: ofOnline((evidence) => [
      ...inDatabases('materialized', (database, names, first) => ({
        found: `${identifierFor(database)}: materialized ${names}`,
        remedy: 'refresh it on the new version behind the cut-over, as often as it was refreshed before',
        command: inPsql(database, `refresh materialized view ${first}`),
      }))(evidence),
      ...onEach('primary', asked, ({ inspection }): readonly Issue[] =>
        inspection.databases
          .filter((one) => one.unlogged > 0)
          .map(({ name, unlogged, unloggedNames }) => ({
            found: `${identifierFor(name)}: unlogged ${listed({ count: unlogged, names: unloggedNames })}`,
            remedy: 'be sure that they may be empty behind the cut-over, or make them ordinary tables',
            command: inPsql(name, `alter table ${unloggedNames[0] ?? 'NAME'} set logged`),
          })),
      )(evidence),
    ]),
  },
  {
    id: 'online-publications',
    severity: 'warning',
    title: 'No publication of somebody else, for the online method',
    scope: 'primary',
    why: 'It is on the new version too, and its subscribers are not: they find no slot there.',
    source: 'PostgreSQL, logical-replication-upgrade',
    judge: ofOnline(
      inDatabases('publications', (database, names) => ({
        found: `${identifierFor(database)}: ${names}`,
        remedy: 'plan with whoever subscribes how they go on; drop it where nobody does',
        command: inPsql(database, 'select pubname, puballtables from pg_publication'),
      })),
    ),
  },
  {
    id: 'online-event-triggers',
    severity: 'warning',
    title: 'No event trigger of somebody else, for the online method',
    scope: 'primary',
    why: 'It sees what the preparation makes (a schema, a publication, event triggers that freeze the schema), and may refuse it.',
    source: 'PostgreSQL, event-trigger-definition',
    judge: ofOnline(
      inDatabases('eventTriggers', (database, names, first) => ({
        found: `${identifierFor(database)}: ${names}`,
        remedy:
          'find out what it does with CREATE SCHEMA, and disable it for the time of the preparation if need be',
        command: inPsql(database, `alter event trigger ${first} disable`),
      })),
    ),
  },
];
