import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type HandedFile, handedFileOf } from '../../source/runbook/shell/private-units.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { back, there } from '../../source/runbook/steps/online/cut-over.ts';
import { makeReadyLines, readyLines } from '../../source/runbook/steps/online/making-ready.ts';
import { serveFile } from '../../source/runbook/steps/online/names.ts';
import type { ChangeOfPlaces } from '../../source/runbook/steps/online/places.ts';
import { recordedBytes } from '../cluster/recorded.ts';
import { labCluster } from './clusters.ts';
import { OnlineModel } from './online-model.ts';
import { type Ran, Sandbox } from './sandbox.ts';

type Which = 'there' | 'back';

/** The primary's host before a change of places: both clusters, and servers that only pretend. What has happened to them are files in its home: `silent`, `never`, `other`, `schema` … */
export class PlacesHost extends Sandbox {
  constructor() {
    super(labCluster({ method: 'online' }));
    const { node } = this;
    this.cluster(node.data, 15, { 'postgresql.conf': 'port = 5432\n', rows: 'of 15' });
    this.marked(node.newData, 17, { 'postgresql.conf': 'old\n', rows: 'of 17' });
    for (const bindir of [node.oldBindir, node.newBindir]) {
      this.program(
        join(bindir, 'psql'),
        'for last; do :; done',
        'case $last in',
        `  "select oid ||"*) [ -e "${node.home}/nothing" ] || printf "16384\\tapp\\n" ;;`,
        '  "select exists"*) echo t ;;',
        '  "select redo_lsn"*) echo "0/1000028 1" ;;',
        `  *leave.sql) printf '%s\\n' "$*" >>"${node.home}/left"; echo "2026-11-27 01:00:00+00" ;;`,
        `  *arrive.sql | *turn.sql) [ ! -e "${node.home}/killed" ] || kill -9 $PPID; [ ! -e "${node.home}/never" ] || { echo "has not come" >&2; exit 3; } ;;`,
        `  *backend_xid*) cat "${node.home}/open" 2>/dev/null || true ;;`,
        `  "select x from"*) case $* in *"/$(cat "${node.home}/other" 2>/dev/null || echo none) "*) echo "role late" ;; esac ;;`,
        `  *schema.sql) case $* in *"/$(cat "${node.home}/schema" 2>/dev/null || echo none) "*) echo "table public.late" ;; esac ;;`,
        'esac',
      );
      this.program(join(bindir, 'pg_isready'), `[ ! -e "${node.home}/silent" ]`);
      this.program(join(bindir, 'postgres'), `cat "${node.home}/names" 2>/dev/null || true`);
    }
    this.write(node.configFile, 'pg_ctl = of 15\n');
    this.program(
      node.newAutoctl,
      `if [ -e "${node.home}/slow" ]; then sleep 0.5; fi`,
      `printf '%s\\n' "$*" >>"${node.home}/autoctl"; [ ! -e "${node.home}/full" ] || { : >"${node.configFile}"; exit 1; }`,
      `printf 'pg_ctl = %s\\n' "$4" >"${node.configFile}"`,
    );
    const state = Buffer.from(recordedBytes('pg_auto_failover-2.0/node1.state'));
    this.write(serveFile(node, 'new'), 'follows');
    state.writeBigUInt64LE(BigInt(this.facts.systemIdentifier), 16);
    this.write(node.stateFile, state);
  }

  way(which: Which): ChangeOfPlaces {
    const model = new OnlineModel(this.facts);
    for (const step of ['upgrade-copy', 'start-follower']) model.run(step);
    const made = (which === 'there' ? there : back)(this.facts, model.world());
    if (made === null) throw new Error('the new version has an identifier');
    return made;
  }

  /** The step of its own before a change of places. */
  makeReady(which: Which): Ran {
    return this.sh(script(makeReadyLines(this.way(which))).text);
  }

  /** What the change of places does before its stop. */
  ready(which: Which): Ran {
    return this.sh(script(readyLines(this.facts, this.way(which))).text);
  }

  /** The same, its host restarted: nobody serves. */
  restarted(which: Which): Ran {
    this.write(join(this.node.home, 'silent'), 'x');
    const ran = this.ready(which);
    rmSync(join(this.node.home, 'silent'));
    return ran;
  }

  handed(file: HandedFile): Ran {
    return this.sh(`sh '${handedFileOf(this.node.workDir, file).replaceAll("'", "'\\''")}'`);
  }

  stands(): readonly string[] {
    return [this.node.data, this.node.backupData, this.node.newData].map((at) =>
      this.has(at) ? this.read(join(at, 'rows')) : '-',
    );
  }

  /** psql's options of each look at the sequences: whose moment it is, and which were looked at. */
  looks(): readonly string[] {
    const left = join(this.node.home, 'left');
    if (!this.has(left)) return [];
    return this.read(left)
      .trim()
      .split('\n')
      .map((line) => `${/ what=(\S+)/.exec(line)?.[1]}: ${/ moved=(.*?) ?-v/.exec(line)?.[1]}`);
  }
}
