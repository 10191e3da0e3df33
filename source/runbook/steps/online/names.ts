import { type ClusterFacts, type HostFacts, primaryOf } from '../../../cluster/facts.ts';
import { known, word } from '../../../cluster/fragment.ts';
import type { Path, UnitName } from '../../../cluster/words.ts';
import { type PrivateRole, privateUnitOf, serveFileOf } from '../../shell/private-units.ts';
import { privateSocket } from '../../shell/shell.ts';

/**
 * What the online method leaves on the primary's host and in its databases, by name. In a database: the schema pgaf_upgrade, the publication of the same name,
 * the event triggers pgaf_frozen_start, _end and _drop; the schema's comment names the run. Of the server: slots pgaf_up_OID, and behind the cut-over pgaf_back_OID on the new one;
 * subscriptions have the names of their slots. OID is the database's, on the old version.
 */

/** The server of the new version that follows, the old one that follows it behind the cut-over, and the copy while it is promoted. */
export type PrivateServer = 'new' | 'old' | 'copy';

/** Our own files of the method: what the steps write for each other. What the disks and catalogs do not tell by themselves is not kept here either. */
export const onlineDirectory = (host: HostFacts): Path => word`${host.workDir}/online`;

/** The copy of the old version, that pg_upgrade takes over by links, beside the data of the node that was the primary then. */
export const copyAside = (facts: ClusterFacts, host: HostFacts = primaryOf(facts)): Path =>
  word`${host.data}_pg${facts.oldMajor}_copy`;
/** Where a base backup arrives: a name that is this run's alone, until it is whole. */
export const copyInMaking = (facts: ClusterFacts, host: HostFacts = primaryOf(facts)): Path =>
  word`${copyAside(facts, host)}.${facts.run}`;

/** The runs whose base backup has begun to arrive, a line each: what is there under their name is ours, however it ended. */
export const arrivingFile = (host: HostFacts): Path => word`${onlineDirectory(host)}/arriving`;

/** A directory for each, so that all have the port of the server that serves, and the same name of their socket. */
export const privateSocketOf = (host: HostFacts, which: PrivateServer): Path =>
  word`${privateSocket(host)}/${known<PrivateServer>(which)}`;

/** Written by postgres, run as postgres: while it is there, the unit starts. */
export const serveFile = (host: HostFacts, which: PrivateRole): Path => serveFileOf(host.workDir, which);

export const privateUnit = (host: HostFacts, which: PrivateRole): UnitName =>
  privateUnitOf(host.workDir, which);
