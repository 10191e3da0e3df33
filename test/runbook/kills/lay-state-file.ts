import { readFileSync } from 'node:fs';
import { recordedBytes } from '../../cluster/recorded.ts';
import { newIdentifier } from '../clusters.ts';
import type { Sandbox } from '../sandbox.ts';

/** pg_autoctl's state file, as the steps that patch it find it and leave it. */

/** The identifier in eight bytes of the state file, whose other bytes stay. */
const stateFile = recordedBytes('pg_auto_failover-2.0/node1.state');
export const withIdentifier = (identifier: string): Uint8Array => {
  const bytes = Buffer.from(stateFile);
  bytes.writeBigUInt64LE(BigInt(identifier), 16);
  return bytes;
};
export const layStateFile = (box: Sandbox, identifier: string): void =>
  box.write(box.node.stateFile, withIdentifier(identifier), 0o640);
export const stateFileIsWhole = (box: Sandbox): string | null => {
  const found = readFileSync(box.node.stateFile);
  return [box.facts.systemIdentifier, newIdentifier].some(
    (one) => Buffer.compare(found, withIdentifier(one)) === 0,
  )
    ? null
    : 'pg_autoctl’s state file is neither the old nor the new one';
};
export const stateFileEnds = (box: Sandbox) => [
  readFileSync(box.node.stateFile).readBigUInt64LE(16).toString(),
  box.mode(box.node.stateFile),
];
