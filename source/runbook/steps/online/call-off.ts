import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import {
  hostIn,
  isDataDirectory,
  type Observations,
  type OnlineView,
} from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { acceptsWrites, isMajor, no, onHost, verdictOf, yes } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { discardFunction, isKin, makingOf, ownershipFunctions } from '../../shell/ownership.ts';
import { rootScript } from '../../shell/root-verbs.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { fingerprint, inBin, privateSocket, script } from '../../shell/shell.ts';
import { dropArrivingLines, stopCopyLines } from './copy.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { onlineHolds, onlineIn, onlineOn, onOnline } from './evidence.ts';
import { copyAside, copyInMaking, onlineDirectory, serveFile } from './names.ts';
import { ownSchemaSql } from './own-schema.ts';
import { dropCopyPlacesLines, dropNewPartsLines, leavesParts, placesAreOursLines } from './tablespaces.ts';

/**
 * What the method has put into a server and beside it goes. Before the cut-over, at any moment (`old` serves): the old version is as it was before the preparation. Once the upgrade
 * is accepted (`new` serves): nothing follows any more. Each step is found done where nothing of its kind is left.
 */
export type Serves = 'old' | 'new';

const inItsPlace = (facts: ClusterFacts, host: NodeFacts, serves: Serves) =>
  serves === 'old'
    ? onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}: there was no cut-over`, (seen) =>
        verdictOf(isMajor(seen.data, facts.oldMajor), 'it is not'),
      )
    : acceptsWrites(facts, host);

/** What follows, on a socket of its own. */
const followerOf = (seen: OnlineView, serves: Serves): unknown =>
  serves === 'old' ? seen.follower : (seen.back ?? null);

/** Nothing reads the slots any more. */
export const stopFollower =
  (host: NodeFacts, serves: Serves = 'old', unless: 'whoever serves' | null = null): StepOf =>
  (facts, phase) => {
    const systemd = host.service.kind === 'systemd';
    const [major, role, aside, bindir] =
      serves === 'old'
        ? ([facts.newMajor, 'new', host.newData, host.newBindir] as const)
        : ([facts.oldMajor, 'old', host.backupData, host.oldBindir] as const);
    return makeStep(facts, {
      id: 'stop-follower',
      phase,
      host,
      as: systemd ? 'root' : 'postgres',
      title: `Stop the ${major} that follows`,
      reason:
        serves === 'old'
          ? 'Its slots can be dropped only when nobody reads them; its unit goes.'
          : unless === null
            ? `The upgrade is accepted: ${major} does not follow any more, and from here on there is no rollback without a loss.`
            : `${major} takes its place again, with what it has received until now.`,
      guide: null,
      danger: serves === 'old' ? 'changes' : 'point-of-no-return',
      script: systemd
        ? rootScript(facts, host, 'serve-gone')
        : script(sh`
          rm -f ${serveFile(host, role)}
          [ ! -e ${word`${aside}/postmaster.pid`} ] || ${inBin(bindir, 'pg_ctl')} --pgdata ${aside} --wait --mode=fast stop
        `),
      probe: (world) => {
        const seen = onlineOn(host, world);
        if (seen === null) return pending('not seen');
        const seenHost = hostIn(world, host.alias);
        const its = serves === 'old' ? seenHost?.newData : seenHost?.backupData;
        const runs = its !== undefined && isDataDirectory(its) && its.running;
        return followerOf(seen, serves) === null && seen.units.length === 0 && !runs
          ? done('it does not run')
          : pending('it runs, or its unit is there');
      },
      before: unless === null ? [inItsPlace(facts, host, serves)] : [],
      after: [
        onlineHolds(host, `${major} does not follow`, (seen) =>
          verdictOf(followerOf(seen, serves) === null, 'it answers'),
        ),
        ...(serves === 'new' && unless === null ? [acceptsWrites(facts, host)] : []),
      ],
      undo: undoText(
        serves === 'old'
          ? 'prepare again'
          : 'not possible: what is written from here on is on the new version alone',
      ),
    });
  };

/** WAL is kept for nobody any more. One that a reader holds is let go first. */
export const dropSlots =
  (host: NodeFacts, serves: Serves = 'old'): StepOf =>
  (facts, phase) => {
    const count = "select count(*) from pg_replication_slots where slot_name ~ '^pgaf_(up|back)_[0-9]+$'";
    return makeStep(facts, {
      id: 'drop-slots',
      phase,
      host,
      as: 'postgres',
      title: 'Drop the slots',
      reason: 'Until then the server keeps all WAL from the copy on.',
      guide: null,
      danger: 'changes',
      script: script(sh`
      ${askServer(host, 'postgres', 'serving')} -Atqc ${quoted("select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name ~ '^pgaf_(up|back)_[0-9]+$' and active")} >/dev/null
      tries=0
      until [ "$(${askServer(host, 'postgres', 'serving')} -Atc ${quoted(count)})" = 0 ]; do
        tries=$((tries + 1)); [ $tries -le 50 ] || { echo 'a slot is in use still' >&2; exit 1; }
        ${askServer(host, 'postgres', 'serving')} -Atc ${quoted("select 'dropped ' || slot_name from (select slot_name, pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name ~ '^pgaf_(up|back)_[0-9]+$' and not active) dropped")} || true
        sleep 0.2
      done
    `),
      probe: (world) => {
        const server = onlineOn(host, world)?.server ?? null;
        if (server === null) return pending('not seen');
        return server.slots.length === 0
          ? done('there is none')
          : pending(`${server.slots.length} are there`);
      },
      before: [
        inItsPlace(facts, host, serves),
        onlineHolds(host, 'nobody follows', (seen) =>
          verdictOf(followerOf(seen, serves) === null, 'it runs'),
        ),
      ],
      after: [
        onlineHolds(host, 'no slot of ours is left', ({ server }) =>
          server === null
            ? no('the server does not answer')
            : verdictOf(server.slots.length === 0, 'there are some'),
        ),
      ],
      undo: nothingToUndo,
    });
  };

/** The publication first: without it no row needs an identity. The freeze last: with it nothing is added that would have to be looked for. */
const thawSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
\\set ON_ERROR_STOP on
set pgaf_upgrade.pass = on;
set lock_timeout = '5s';
set client_min_messages = warning;
${ownSchemaSql}
\\set ON_ERROR_STOP off
drop publication if exists pgaf_upgrade;
select format('alter subscription %I disable', subname), format('alter subscription %I set (slot_name = none)', subname), format('drop subscription %I', subname)
  from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '^pgaf_(up|back)_[0-9]+$' \\gexec
select to_regclass('pgaf_upgrade.identity') is not null as noted \\gset
\\if :noted
select format('do $body$ begin alter table %1$I.%2$I replica identity %3$s; delete from pgaf_upgrade.identity where (schema, relation) = (%1$L, %2$L); end $body$', schema, relation,
    case was when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full' else format('using index %I', index) end)
  from pgaf_upgrade.identity where to_regclass(format('%I.%I', schema, relation)) is not null \\gexec
select not exists (select from pgaf_upgrade.identity where to_regclass(format('%I.%I', schema, relation)) is not null) as restored \\gset
\\else
\\set restored t
\\endif
\\if :restored
drop event trigger if exists pgaf_frozen_start;
drop event trigger if exists pgaf_frozen_end;
drop event trigger if exists pgaf_frozen_drop;
drop schema if exists pgaf_upgrade cascade;
\\endif`;

export const thawSchema =
  (serves: Serves = 'old'): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const sql: Path = word`${onlineDirectory(primary)}/thaw.sql`;
    return makeStep(facts, {
      id: 'thaw',
      phase,
      host: primary,
      as: 'postgres',
      title: 'Thaw the schema',
      reason:
        'Each table gets the replica identity that it had; publication, event triggers and the schema pgaf_upgrade go.',
      guide: null,
      danger: 'changes',
      script: script(sh`
      ${listLines(primary)}
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', thawSql)}
      left=
      ${eachDatabase(
        primary,
        'open',
        sh`
          ${askServer(primary, { variable: 'database' }, 'serving')} -v ON_ERROR_STOP=0 -f ${sql} </dev/null
          if [ -n "$(${askServer(primary, { variable: 'database' }, 'serving')} -Atc ${quoted("select 1 from pg_namespace where nspname = 'pgaf_upgrade'")} </dev/null)" ]; then
            printf '%s: a table could not be given its replica identity back (above): run it again\n' "$database" >&2; left=yes
          else printf '%s: as it was\n' "$database"; fi
        `,
      )}
      rm -f ${sql}
      [ -z "$left" ]
    `),
      probe: (world) => {
        const seen = onlineIn(facts, world);
        if (seen === null || seen.databases.length === 0) return pending('not seen');
        const left = seen.databases.filter((one) => one.run !== null || one.frozen || one.published).length;
        if (left === 0) return done('no database is frozen');
        return left === seen.databases.length
          ? pending('the schema is frozen')
          : half(`${left} of ${seen.databases.length} databases are frozen`);
      },
      before: [
        inItsPlace(facts, primary, serves),
        onOnline(facts, 'no slot of ours is left', ({ server }) =>
          server === null
            ? no('the server does not answer')
            : verdictOf(server.slots.length === 0, 'there are some'),
        ),
      ],
      after: [
        onOnline(facts, 'nothing of ours is in a database', ({ databases }) => {
          const other = databases.find((one) => one.run !== null || one.frozen || one.published);
          return other === undefined ? yes : no(`${other.name} has some of it`);
        }),
      ],
      undo: nothingToUndo,
    });
  };

/** Only what this run, or an earlier one for this cluster, has made. */
export const removeCopies =
  (host: NodeFacts, serves: Serves = 'old'): StepOf =>
  (facts, phase) => {
    const [copy, making, spare] = [copyAside(facts, host), copyInMaking(facts, host), makingOf(facts, host)];
    return makeStep(facts, {
      id: 'remove-copies',
      phase,
      host,
      as: 'postgres',
      title: serves === 'old' ? 'Remove the copy and the new data' : 'Remove the copy',
      reason: 'Directories that carry our marker file, and no others.',
      guide: null,
      danger: 'changes',
      script: script(sh`
      ${ownershipFunctions(facts)}
      ${discardFunction}
      ${idleFunction}
      [ "$(cat ${word`${host.data}/PG_VERSION`})" = ${serves === 'old' ? facts.oldMajor : facts.newMajor} ] || { echo ${serves === 'old' ? word`${host.data} is not PostgreSQL ${facts.oldMajor}: there was a cut-over` : word`${host.data} is not PostgreSQL ${facts.newMajor}`} >&2; exit 1; }
      ${stopCopyLines(host, copy)}
      idle ${copy} ${making} ${host.newData} ${spare}
      if [ -e ${host.newData} ]; then kin ${host.newData} || { echo ${word`${host.newData} has no marker file of ours: inspect it first`} >&2; exit 1; }; discard ${host.newData} ${spare}; fi
      ${serves === 'old' && dropNewPartsLines(facts, host)}
      ${placesAreOursLines(facts, host)}
      if [ -e ${copy} ]; then kin ${copy} || { echo ${word`${copy} has no marker file of ours: inspect it first`} >&2; exit 1; }; fi
      ${host.tablespaces.length > 0 && sh`if [ -d ${word`${copy}/global`} ]; then rm -f -- ${copy}/global/pg_control*; sync ${word`${copy}/global`} || sync; fi # nothing starts it without its parts`}
      ${dropCopyPlacesLines(facts, host)}
      if [ -e ${copy} ]; then discard ${copy} ${making}; fi
      ${dropArrivingLines(facts, host)}
      rm -rf ${making} ${spare}
      rm -rf ${onlineDirectory(host)} ${privateSocket(host)}
      rm -f ${fingerprint(host)} ${word`${host.workDir}/done/follower-statistics`} ${word`${host.workDir}/stopped-new`} ${word`${host.workDir}/handed-back`}
    `),
      probe: (world) => {
        const seenHost = hostIn(world, host.alias);
        const seen = onlineOn(host, world);
        if (seenHost === null || seen === null) return pending('not seen');
        if (seen.copy.kind !== 'absent' || seenHost.newData.kind !== 'absent')
          return pending(`${isKin(facts, seen.copy) ? copy : host.newData} is there`);
        return leavesParts(facts, seenHost) || seen.files.includes('arriving')
          ? half('something is left of a base backup that did not end')
          : done('they are not there');
      },
      before: [
        inItsPlace(facts, host, serves),
        onlineHolds(host, 'nobody follows', (seen) =>
          verdictOf(followerOf(seen, serves) === null, 'it runs'),
        ),
      ],
      after: [
        onHost(host.alias, `${copy} and ${host.newData} are not there`, (seen) =>
          verdictOf(
            seen.newData.kind === 'absent' &&
              seen.online?.copy.kind === 'absent' &&
              !leavesParts(facts, seen),
            'one of them is',
          ),
        ),
      ],
      quietSeconds: 120,
      undo: nothingToUndo,
    });
  };

/**
 * A node on which something of a preparation is: the primary, and one that was it when the preparation was begun. There the slots stay behind a failover, and hold WAL; and
 * whatever follows there follows nobody who writes. Source: docs/development/online.md, trap 10.
 */
export const hasLeftovers = (node: NodeFacts, world: Observations): boolean => {
  const seen = onlineOn(node, world);
  return (
    seen !== null &&
    ((seen.server?.slots.length ?? 0) > 0 ||
      seen.copy.kind !== 'absent' ||
      seen.units.length > 0 ||
      seen.files.includes('arriving'))
  );
};
