import type { Config, HostSettings } from '../cluster/config.ts';
import type { Result } from '../cluster/result.ts';
import type { HostAddress, RemoteHost, RemoteOptions } from '../remote/host.ts';

/** Opens the kept connection to a host; asks the operator where it must. */
export type OpenHost = (
  address: HostAddress,
  how?: Pick<RemoteOptions, 'evenIfSilent'>,
) => Promise<Result<RemoteHost>>;

/** Where a host is reached: its own ssh settings over those for all, over its name on the monitor. */
export const addressOf = (
  config: Config,
  alias: string,
  hostname: string,
  settings: HostSettings | undefined,
): HostAddress => {
  const user = settings?.ssh?.user ?? config.ssh.user;
  const port = settings?.ssh?.port ?? config.ssh.port;
  const identity = settings?.ssh?.identityFile ?? config.ssh.identityFile;
  const transport = settings?.ssh?.transport ?? config.ssh.transport;
  return {
    alias,
    host: settings?.ssh?.host ?? hostname,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(identity === undefined ? {} : { identityFiles: [identity] }),
    ...(transport === undefined ? {} : { transport }),
  };
};
