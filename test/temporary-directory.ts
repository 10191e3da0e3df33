import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In bytes: what the tests that run at the same time keep at most, many times over. */
const enough = 1024 ** 3;
const memory = '/dev/shm';

/**
 * Where tests keep their files: in memory, where nothing waits for a disk (a fifth of the time of the engine's tests is fsync), if there is
 * room and programs may be run from there (containers often have it small, or noexec); otherwise where the system keeps them.
 */
export const temporaryDirectory = (): string => {
  let tried: string | undefined;
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize < enough) return tmpdir();
    tried = mkdtempSync(join(memory, 'pgaf-try-'));
    const program = join(tried, 'program');
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o700 });
    return spawnSync(program).status === 0 ? memory : tmpdir();
  } catch {
    return tmpdir();
  } finally {
    if (tried !== undefined) rmSync(tried, { recursive: true, force: true });
  }
};

/** A directory on another file system than the tests' files. */
export const onOtherFileSystem = (): string => (tmpdir().startsWith(memory) ? '/var/tmp' : memory);
