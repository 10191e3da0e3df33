/** What a scenario makes happen: asked at the places where it can. Everything in it happens at most once. */
export interface Stage {
  /** pg_upgrade on the primary, before its line `at`; true: it fails there, as on a view that 17 does not know. */
  readonly upgradeLine: (host: string, at: number) => boolean;
  /** A base backup on this host has come so far, in percent. */
  readonly baseBackup: (host: string, percent: number) => void;
}

export const quiet: Stage = { upgradeLine: () => false, baseBackup: () => undefined };
