import type { DemoCluster } from '../cluster/cluster.ts';
import type { DemoHost } from '../cluster/host.ts';
import type { Call, ToolAnswer } from '../hosts/wire.ts';
import { autoctl } from './autoctl.ts';
import { date, mv, readlink, stat } from './files.ts';
import { pgUpgradeTool } from './pg-upgrade.ts';
import { initdb, pgConfig, pgCtlTool, pgDump, pgIsready, postgres, vacuumdb } from './postgres.ts';
import { psqlTool } from './psql.ts';
import { journalctl, systemctl } from './systemctl.ts';

/** What one stand-in says and does, on its host. */
export type Tool = (call: Call, host: DemoHost) => Promise<number>;

const silent: Tool = async () => 0;

const tools: Readonly<Record<string, Tool>> = {
  psql: psqlTool,
  postgres,
  initdb,
  pg_upgrade: pgUpgradeTool,
  pg_ctl: pgCtlTool,
  pg_dump: pgDump,
  pg_dumpall: pgDump,
  pg_restore: silent,
  pg_isready: pgIsready,
  pg_config: pgConfig,
  vacuumdb,
  pg_autoctl: autoctl,
  systemctl,
  journalctl,
  date,
  mv,
  readlink,
  stat,
};

export const answersOf =
  (cluster: DemoCluster): ToolAnswer =>
  async (call) => {
    const host = cluster.host(call.host);
    const tool = tools[call.tool];
    if (host === null || tool === undefined) {
      call.err(`${call.tool}: the demo does not know this program`);
      return 127;
    }
    // While it works it is a process of the host, and of the step that it belongs to.
    host.processes.trace(call.pid, call.tool, { directory: call.directory, job: call.job });
    try {
      return await tool(call, host);
    } finally {
      host.processes.forget(call.pid);
    }
  };
