import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseStateFile, stateFileSize } from '../../cluster/parse/state-file.ts';
import { type NodeState, nodeStateSchema, nodeStates } from '../../cluster/states.ts';
import type { HostPaths, Major } from '../layout.ts';

export interface KeptState {
  readonly nodeId: number;
  readonly systemIdentifier: string;
  readonly current: NodeState;
  readonly assigned: NodeState;
}

/** pg_autoctl.state of a host; null where there is none. */
export const readState = (paths: HostPaths): KeptState | null => {
  const { stateFile } = paths;
  if (!existsSync(stateFile)) return null;
  const parsed = parseStateFile(readFileSync(stateFile));
  if (!parsed.ok) return null;
  const { nodeId, systemIdentifier, current, assigned } = parsed.value;
  return { nodeId, systemIdentifier: String(systemIdentifier), current, assigned };
};

export const writeState = (paths: HostPaths, state: KeptState, major: Major): void => {
  const view = new DataView(new ArrayBuffer(stateFileSize));
  view.setInt32(0, 1, true);
  view.setInt32(4, major * 100, true);
  view.setUint32(8, major === 15 ? 1300 : 1700, true);
  view.setUint32(12, major === 15 ? 202_209_061 : 202_406_281, true);
  view.setBigUint64(16, BigInt(state.systemIdentifier), true);
  view.setInt32(24, state.nodeId, true);
  view.setInt32(28, 0, true);
  view.setInt32(32, nodeStates.indexOf(state.assigned), true);
  view.setInt32(56, nodeStates.indexOf(state.current), true);
  mkdirSync(dirname(paths.stateFile), { recursive: true });
  writeFileSync(paths.stateFile, new Uint8Array(view.buffer));
};

export const nodeStateOf = (text: string): NodeState => nodeStateSchema.catch('unknown').parse(text);
