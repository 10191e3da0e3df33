import { fail, ok, type Problem, problem, type Result } from '../result.ts';
import { type NodeState, nodeStates } from '../states.ts';

/** What pg_autoctl.state holds, as far as it is known. */
export interface KeeperState {
  /** Layout version: 1 up to 2.2; 2 has one field more, behind all others. */
  readonly version: number;
  readonly pgVersion: number;
  /** As in pg_controldata: 1300 for PostgreSQL 13 to 16, 1700 for 17. */
  readonly controlVersion: number;
  readonly catalogVersion: number;
  readonly systemIdentifier: bigint;
  readonly nodeId: number;
  readonly group: number;
  readonly assigned: NodeState;
  readonly current: NodeState;
}

export const stateFileSize = 1024;
/**
 * Layouts whose system identifier is in the same place.
 * Source: pg_auto_failover, src/bin/pg_autoctl/defaults.h, PG_AUTOCTL_STATE_VERSION: 1 at v2.2, 2 at commit bc8c6ae0 of 2026-08-03.
 */
export const knownLayouts: readonly number[] = [1, 2];
const systemIdentifierOffset = 16;

const unusable = (why: string): { readonly ok: false; readonly error: Problem } =>
  fail(
    problem(
      `pg_autoctl.state is not usable: ${why}.`,
      'Compare with `pg_autoctl show file --state --contents` on the host.',
    ),
  );

/**
 * Reads ~postgres/.local/share/pg_autoctl/PGDATA/pg_autoctl.state: 1,024 bytes, little-endian (every platform that
 * pg_auto_failover is packaged for). Fails on another size, layout version, or a role that does not exist.
 * Source: pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData ("do not change the order of fields").
 */
export const parseStateFile = (bytes: Uint8Array): Result<KeeperState> => {
  if (bytes.length !== stateFileSize)
    return unusable(`it has ${bytes.length} bytes and not ${stateFileSize}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getInt32(0, true);
  if (!knownLayouts.includes(version))
    return unusable(`its layout is version ${version} and not ${knownLayouts.join(' or ')}`);
  const assigned = nodeStates[view.getInt32(32, true)];
  const current = nodeStates[view.getInt32(56, true)];
  if (assigned === undefined || current === undefined) return unusable('it holds a role that does not exist');
  return ok({
    version,
    pgVersion: view.getInt32(4, true),
    controlVersion: view.getUint32(8, true),
    catalogVersion: view.getUint32(12, true),
    systemIdentifier: view.getBigUint64(systemIdentifierOffset, true),
    nodeId: view.getInt32(24, true),
    group: view.getInt32(28, true),
    assigned,
    current,
  });
};

/**
 * A copy of the file in which only the system identifier is another. This is what makes pg_autoctl accept the
 * upgraded cluster under its old node id; the service must be stopped. Fails when the file or the identifier
 * (1 to 2^64 - 1) is not usable.
 */
export const patched = (bytes: Uint8Array, systemIdentifier: bigint): Result<Uint8Array> => {
  const before = parseStateFile(bytes);
  if (!before.ok) return before;
  if (systemIdentifier <= 0n || systemIdentifier >= 1n << 64n)
    return unusable(`${systemIdentifier} cannot be a system identifier`);
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setBigUint64(systemIdentifierOffset, systemIdentifier, true);
  return ok(copy);
};
