import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { markFile, markOf } from '../../../source/runbook/shell/ownership.ts';
import { recorded } from '../../cluster/recorded.ts';
import { newIdentifier } from '../clusters.ts';
import { shutdownCheckpoint } from '../model.ts';
import type { Sandbox } from '../sandbox.ts';

/** Directories as the steps before have left them, and programs that do what the real ones do to a disk. */

const at = (control: string, checkpoint: string): string =>
  control.replace(/^(Latest checkpoint location: +).*$/m, `$1${checkpoint}`);

/** The old cluster as its shutdown has left it; of a secondary, as it has replayed that. */
export const stoppedControl = (box: Sandbox, state = 'shut down'): string =>
  at(box.control(15, state), shutdownCheckpoint);
/** The new one after it has run. */
export const startedControl = (box: Sandbox): string => at(box.control(17), '0/77000028');

export const lay15 = (box: Sandbox, directory: string = box.node.data, state?: string): void => {
  box.cluster(directory, 15, { 'base/16384/1': 'rows of 15', 'postgresql.conf': 'old' });
  box.write(join(directory, 'global/pg_control'), stoppedControl(box, state));
};
/** Of a secondary, whole. */
export const layFallbackCopy = (box: Sandbox, directory = box.node.data): void => {
  lay15(box, directory, 'shut down in recovery');
  box.write(join(directory, 'standby.signal'), '');
};
export const lay17 = (box: Sandbox, directory: string = box.node.data, rows = 'rows of 17'): void =>
  box.cluster(directory, 17, { 'base/16384/1': rows, 'postgresql.conf': 'new' });

export const layMark = (box: Sandbox, directory: string): void =>
  box.write(join(directory, markFile), markOf(box.facts));

/** The first stop of the primary is kept, as pg_upgrade's step has kept it. */
export const layStopped = (box: Sandbox): void =>
  box.write(join(box.node.workDir, 'stopped'), stoppedControl(box));

/** Both clusters as pg_upgrade --link has left them: their files are one, and the old one's pg_control is renamed. */
export const layLinked = (box: Sandbox, old: string, fresh: string): void => {
  lay15(box, old);
  lay17(box, fresh);
  layStopped(box);
  box.sh(`rm "${fresh}/base/16384/1"`);
  linkSync(join(old, 'base/16384/1'), join(fresh, 'base/16384/1'));
  box.write(join(old, 'global/pg_control'), at(stoppedControl(box), '0/17000028'));
  box.keepFingerprints(old, fresh);
  box.sh(`mv "${old}/global/pg_control" "${old}/global/pg_control.old"`);
};
/** Upgraded, and the directories have changed their names. */
export const swapped = (box: Sandbox): void => {
  layLinked(box, box.node.backupData, box.node.data);
  layMark(box, box.node.backupData);
};
/** The new version has been started, and has written. */
export const has17Written = (box: Sandbox, fresh = box.node.data): void => {
  box.write(join(fresh, 'global/pg_control'), startedControl(box));
  box.sh(`printf 'rows of 17' > "${fresh}/base/16384/1"`);
};

/** Each tablespace's part of a directory at `name` beside it, '' at home, and the links that lead there. */
export const layParts = (box: Sandbox, directory: string, major: 15 | 17, name: string): void => {
  for (const [number, own] of box.node.tablespaces.entries()) {
    const place = name === '' ? own : join(`${own}_aside`, name);
    box.write(join(place, `PG_${major}_2022/16384/2`), `rows of ${major}`);
    box.sh(
      `mkdir -p "${own}_aside" "${directory}/pg_tblspc"; ln -sfn "${place}" "${directory}/pg_tblspc/${16_400 + number}"`,
    );
  }
};

/** What they write: pg_control of a new cluster, of one that was upgraded, and of the old one once pg_upgrade has started it. */
export const layControls = (box: Sandbox): void => {
  const fresh = recorded('postgresql-17.12/controldata-initdb.txt').replace(
    /^(Database system identifier: +)\d+$/m,
    `$1${newIdentifier}`,
  );
  box.write(join(box.node.home, 'fresh'), fresh);
  box.write(join(box.node.home, 'upgraded'), box.control(17));
  box.write(join(box.node.home, 'moved-on'), at(stoppedControl(box), '0/17000028'));
};
export const initdb: readonly string[] = [
  'data=$(printf "%s\\n" "$@" | sed -n "s/^--pgdata=//p")',
  'mkdir -p "$data/base/1" "$data/global"; echo 17 > "$data/PG_VERSION"; cat "$HOME/fresh" > "$data/global/pg_control"',
];
/** It refuses what the real one refuses; starts the old server, whose checkpoint moves on; and links, or copies, file after file. */
export const pgUpgrade = (link: boolean): readonly string[] => [
  'old=$(printf "%s\\n" "$@" | sed -n "s/^--old-datadir=//p"); new=$(printf "%s\\n" "$@" | sed -n "s/^--new-datadir=//p")',
  '[ ! -e "$new/base/16384" ] || { echo "New cluster database is not empty" >&2; exit 1; }',
  '[ -e "$old/global/pg_control" ] || { echo "no pg_control" >&2; exit 1; }',
  'mkdir -p "$new/pg_upgrade_output.d/1/log"',
  'cat "$HOME/moved-on" > "$old/global/pg_control"',
  'mkdir "$new/base/16384"; cat "$HOME/upgraded" > "$new/global/pg_control"',
  link ? 'mv "$old/global/pg_control" "$old/global/pg_control.old"' : 'true',
  'for file in "$old"/base/16384/*; do',
  `  ${link ? 'ln' : 'cp'} "$file" "$new/base/16384/"`,
  'done',
  'for link in "$old"/pg_tblspc/*; do if [ -L "$link" ]; then',
  '  mkdir -p "$new/pg_tblspc" "$link/PG_17_2022/16384"; ln -s "$(readlink "$link")" "$new/pg_tblspc/$(basename "$link")"',
  `  ${link ? 'ln' : 'cp'} "$link/PG_15_2022/16384/2" "$link/PG_17_2022/16384/"`,
  'fi; done',
  'echo "rm -rf data" > delete_old_cluster.sh',
];

/** The new version reads a configuration. */
export const layPostgres = (box: Sandbox): void =>
  box.program(join(box.node.newBindir, 'postgres'), 'echo 100');
