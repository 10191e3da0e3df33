/** Where one SSH connection goes, after ~/.ssh/config has been asked. */
export interface Hop {
  /** The alias that the screen shows; for a jump host the name that ProxyJump gave. */
  readonly alias: string;
  readonly host: string;
  /** As the cluster file, or ProxyJump, names it: what a Host line of ssh_config is compared with. */
  readonly name?: string;
  readonly port: number;
  readonly user: string;
  /** The name to look up in known_hosts when HostKeyAlias is set. */
  readonly hostKeyAlias?: string;
  readonly identityFiles: readonly string[];
  /** Whether the identity files were named by somebody, so that their absence is worth a word. */
  readonly identitiesNamed: boolean;
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | null;
  readonly knownHostsFiles: readonly string[];
  /** StrictHostKeyChecking yes: an unknown key is refused without a question. Absent: asked. */
  readonly strict?: true;
  /** RevokedHostKeys; absent: none. */
  readonly revokedKeysFile?: string;
  /** What HostKeyAlgorithms leaves; absent: all of ours. */
  readonly hostKeyAlgorithms?: readonly string[];
  /** CertificateFile: named where a login is refused. */
  readonly certificateFiles?: readonly string[];
  /** ProxyCommand, its tokens filled in: what carries the connection instead of a socket of ours. */
  readonly proxyCommand?: string;
  /** A setting that only OpenSSH itself can honor, as the configuration has it. */
  readonly beyondSsh2?: string;
  /** It makes the connection safer: without it no connection is made. */
  readonly wouldBeLost?: true;
  /** Milliseconds until an unanswered connection attempt is given up. */
  readonly timeoutMs: number;
}

/** The jump hosts in order, then the target: the last hop. */
export type SshRoute = readonly [Hop, ...Hop[]];
