import type { Config } from '../cluster/config.ts';
import type { Ask, Connect } from '../remote/host.ts';
import type { OpenHost } from './reach.ts';

/** How hosts are reached: as the cluster file says. */
export const connector = (
  config: Config,
  connect: Connect,
  ask: Ask,
  say: (text: string) => void = () => undefined,
): OpenHost => {
  const options = {
    ask,
    say,
    become: config.become.method,
    ...(config.ssh.configFile === undefined ? {} : { sshConfigFile: config.ssh.configFile }),
    ...(config.ssh.knownHostsFile === undefined ? {} : { knownHostsFiles: [config.ssh.knownHostsFile] }),
    ...(config.ssh.agent ? {} : { agentSocket: null }),
  };
  return (address, how) => connect(address, { ...options, ...how });
};
