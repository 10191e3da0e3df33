import type { HostEvidence } from '../../cluster/checks/evidence.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { sqlIdentifier, sqlLiteral } from '../../cluster/quote.ts';
import type { Problem } from '../../cluster/result.ts';
import { type Check, type CheckAnswer, type Issue, onEach } from './check.ts';
import { identifierFor, inPsql } from './in-psql.ts';
import { reached, served } from './see.ts';

const issueOf = ({ what, remedy, cause }: Problem): Issue => ({
  found: cause === undefined ? what : `${what} (${cause})`,
  remedy,
});

const everyone = 'every host';

/** Can the hosts be reached, and may what has to be done there be done? */
export const reachChecks: readonly Check[] = [
  {
    id: 'host-reachable',
    severity: 'blocker',
    title: 'Every host answers over SSH',
    scope: everyone,
    why: 'Each node has steps of its own in the window; one that cannot be reached is found out before the primary is stopped, not after.',
    source: 'docs/ssh-and-sudo.md, “Connecting”',
    judge: onEach(
      everyone,
      (host) => host,
      ({ reach }) => (reach.kind === 'unreachable' ? issueOf(reach.problem) : null),
    ),
  },
  {
    id: 'host-key',
    severity: 'blocker',
    title: 'Every host’s key is known and unchanged',
    scope: everyone,
    why: 'A key that is not known asks a question in the middle of the night; one that has changed may be another machine.',
    source: 'OpenSSH, sshd(8), SSH_KNOWN_HOSTS FILE FORMAT',
    judge: onEach(
      everyone,
      (host) => host,
      ({ reach }) => (reach.kind === 'host-key' ? issueOf(reach.problem) : null),
    ),
  },
  {
    id: 'sudo-postgres',
    severity: 'blocker',
    title: 'The login may become postgres without a password',
    scope: everyone,
    why: 'pg_upgrade, pg_autoctl and the directories belong to postgres; a password prompt would hang a step in the window.',
    source: 'sudoers(5), NOPASSWD',
    judge: onEach(
      everyone,
      (host) => host,
      ({ reach }) => (reach.kind === 'no-postgres' ? issueOf(reach.problem) : null),
    ),
  },
  {
    id: 'sudo-root',
    severity: 'blocker',
    title: 'The login may become root without a password, where there is a systemd unit',
    scope: everyone,
    why: 'Stopping the unit, its drop-in for the window and its new program need root; without it the window ends at its first stop.',
    source: 'sudoers(5), NOPASSWD; systemctl(1)',
    judge: onEach(everyone, reached, (host) => (host.root === null ? null : issueOf(host.root))),
  },
  {
    id: 'custom-steps',
    severity: 'blocker',
    title: 'Every place outside the cluster that a custom step runs on can be used',
    scope: 'cluster',
    why: 'A step on a load balancer, or on this machine, that cannot run is found out before the primary is stopped, not after.',
    source: 'docs/custom-steps.md, “Where it runs, and as whom”',
    judge: ({ outside = [] }) =>
      outside.map(({ alias, problem }) => ({ kind: 'found', host: alias, ...issueOf(problem) })),
  },
  {
    id: 'server-answers',
    severity: 'blocker',
    title: 'PostgreSQL answers on every host',
    scope: everyone,
    why: 'A node whose server is down can be neither checked nor upgraded, and a secondary that is not streaming is no fallback copy.',
    source: 'docs/runbook.md, “What cannot be seen is unknown”',
    judge: onEach(everyone, reached, (host) =>
      host.silentServer === null ? withoutRole(host) : silence(host, host.silentServer),
    ),
  },
  {
    id: 'host-understood',
    severity: 'blocker',
    title: 'What runs on every host is recognized',
    scope: everyone,
    why: 'The steps are made from what each host says of its directories, ports, units and versions; where that is contradictory, they would be wrong.',
    source: 'docs/config.md, “Keys”',
    judge: onEach(
      everyone,
      (host) => host,
      (host): Issue | null => {
        if (host.reach.kind === 'no-answer') return issueOf(host.reach.problem);
        return host.unclear === null ? null : issueOf(host.unclear);
      },
    ),
  },
  {
    id: 'earlier-version',
    severity: 'warning',
    title: 'No upgrade was left half way by an earlier version of this console',
    scope: everyone,
    why: 'Versions that kept one place for every cluster have left the cluster record, lock and marker files there. Nothing of it is used; an upgrade that is still under way is finished, or rolled back, with the version that began it.',
    source: 'docs/durability.md, “One place for each data directory”',
    judge: onEach(everyone, reached, ({ earlier }) => (earlier == null ? null : issueOf(earlier))),
  },
];

/** The server answers another superuser, and not the one as which pg_autoctl connects. Roles are the primary's: told there. */
const withoutRole = (host: HostEvidence): Issue | null => {
  const seen = served(host);
  if (host.role !== 'primary' || typeof seen === 'string') return null;
  const { facts, inspection, server } = seen;
  const { username = null } = inspection;
  if (username === null || server.superusers === null || server.superusers.includes(username)) return null;
  return {
    found: `there is no superuser ${identifierFor(username)} that may log in, as which pg_autoctl connects; the superuser that initdb has made is ${identifierFor(facts.superuser)}`,
    remedy: 'make it again, or give it back what it lacks (alter role … superuser login)',
    command:
      sh`psql -U ${quoted(facts.superuser)} -d template1 -c ${quoted(`create role ${identifierFor(username)} superuser login`)}`
        .text,
  };
};

/**
 * Gives the superuser that initdb has made (oid 10, which nobody can drop) its name back, where pg_hba.conf lets nobody else in who may: pg_autoctl
 * has made a superuser for its standbys, and for a moment a name map lets this user, and no other, in as that one. pg_upgrade runs as the one of
 * initdb, so another role of that name would not do. Typed on the primary, as the user of the server.
 * Source: PostgreSQL, “User Name Maps” (auth-username-maps), pg_authid.dat, BOOTSTRAP_SUPERUSERID; pg_auto_failover, primary_standby.c,
 * primary_create_replication_user.
 */
const renameBack = (role: string): string => {
  const map = `again ${sqlIdentifier(role)} pgautofailover_replicator`;
  const sql = `do $do$ begin execute format('alter role %I rename to %I', (select rolname from pg_authid where oid = 10), ${sqlLiteral(role)}); end $do$`;
  return sh`cd "$PGDATA" && cp -p pg_hba.conf hba.kept && cp -p pg_ident.conf ident.kept && echo ${quoted(map)} >>pg_ident.conf && { echo 'local template1 pgautofailover_replicator peer map=again'; cat hba.kept; } >pg_hba.conf && kill -HUP "$(head -n 1 postmaster.pid)" && sleep 1 && psql -U pgautofailover_replicator -d template1 -c ${quoted(sql)}; mv hba.kept pg_hba.conf; mv ident.kept pg_ident.conf && kill -HUP "$(head -n 1 postmaster.pid)"`
    .text;
};

/** What its server said instead of an answer: that it lacks what every session of the console's needs, or nothing of that kind. */
const silence = ({ role }: HostEvidence, said: string): Issue => {
  const [, what, name = ''] =
    /\b(role|database) "([^"]{1,200})" (?:does not exist|is not currently accepting connections)/.exec(
      said,
    ) ?? [];
  if (what === 'role') {
    const found = `the server has no role ${name}, under which the console connects: ${said}`;
    switch (role) {
      case 'primary':
        return {
          found,
          remedy:
            'give the superuser that initdb has made its name back: by a name map for a moment, with PGDATA set, as the user of the server; where initdb was told another name (-U), make the role again as that one',
          command: renameBack(name),
        };
      case 'secondary':
        return { found, remedy: 'make it again on the primary: it comes from there' };
      case 'monitor':
        return {
          found,
          remedy: 'make it again, as another superuser',
          command:
            sh`psql -U SUPERUSER -d template1 -c ${quoted(`create role ${identifierFor(name)} superuser login`)}`
              .text,
        };
    }
  }
  if (what === 'database')
    return {
      found: `the server lets nobody into database ${name}, which console and monitor connect to: ${said}`,
      remedy: 'on the primary, create it where it is gone; where it is there, let it allow connections',
      command: `${inPsql('template1', `create database ${identifierFor(name)}`)}; ${inPsql('template1', `alter database ${identifierFor(name)} allow_connections true`)}`,
    };
  return {
    found: `the server does not answer: ${said}`,
    remedy: 'start it through pg_autoctl and wait until the monitor shows it as healthy',
    command: 'systemctl status pgautofailover; pg_autoctl show state',
  };
};

/** For checks of the cluster as a whole, which need the monitor's answer. */
export const withoutMonitor: readonly CheckAnswer[] = [
  { kind: 'unknown', host: null, because: 'the monitor’s database was not asked' },
];
