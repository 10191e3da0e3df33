/** What a scenario makes happen: asked at the places where it can. */
export interface ScenarioHooks {
  /** pg_upgrade on this host has come so far, 0 to 1; true, where it restores the schemas: it fails there, as on a view that 17 does not know. */
  readonly upgradeLine: (host: string, at: number, restoring: boolean) => boolean;
  /** pg_upgrade has failed on this host, as `upgradeLine` said. */
  readonly upgradeFailed: (host: string) => void;
  /** A base backup goes on on this host; `receiving` once it copies. */
  readonly baseBackup: (host: string, receiving: boolean) => void;
}
