/** The seam between the demo's hosts and the demo's monitor: what hosts and keepers need of the monitor's database. */
export interface SqlResult {
  readonly columns: string[];
  readonly rows: (string | null)[][];
  readonly command: string;
}

export type SqlAnswer =
  | { readonly ok: true; readonly results: SqlResult[] }
  | { readonly ok: false; readonly error: string; readonly sqlState: string };

export interface MonitorDatabase {
  start(options: { serverVersion: string; extensionVersion: string }): Promise<void>;
  stop(): Promise<void>;
  readonly running: boolean;
  readonly port: number;
  sql(text: string): Promise<SqlAnswer>;
  nodeActive(report: {
    nodeId: number;
    state: string;
    running: boolean;
    tli: number;
    lsn: string;
    syncState: string;
    systemIdentifier: string;
  }): Promise<{ assigned: string; prioritiesChanged?: boolean } | { error: string }>;
  registerNode(node: {
    name: string;
    host: string;
    port: number;
    candidatePriority: number;
    quorum: boolean;
    systemIdentifier: string;
    initialState: string;
  }): Promise<{ nodeId: number; assigned: string } | { error: string }>;
  dropNode(node: { host: string; port: number; force: boolean }): Promise<{ ok: boolean; error?: string }>;
  startMaintenance(nodeId: number): Promise<{ ok: boolean; error?: string }>;
  stopMaintenance(nodeId: number): Promise<{ ok: boolean; error?: string }>;
  onNotification(listener: (channel: 'state' | 'log', payload: string) => void): () => void;
}
