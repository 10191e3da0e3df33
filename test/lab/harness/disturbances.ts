import { type Lab, type LabHost, quote } from './lab.ts';

/** What goes wrong while a step runs; `ask`: nothing, but that a rollback is asked for. */
export const kinds = ['kill', 'line', 'disk', 'reboot', 'ask'] as const;
export type Kind = (typeof kinds)[number];

/** No packet between the console and a host any more; the cluster and its applications go on. */
export const cutConsole = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(
    host,
    `set -e; ssh=${lab.settings.sshPort}
ip rule add pref 10 lookup local; ip rule del pref 0
ip rule add pref 1 ipproto tcp dport $ssh blackhole; ip rule add pref 2 ipproto tcp sport $ssh blackhole`,
  );

export const healConsole = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(
    host,
    'ip rule add pref 0 lookup local 2>/dev/null; for at in 1 2 10; do ip rule del pref $at 2>/dev/null; done; true',
  );

const disk = '/mnt/small';

/** Everything that postgres and the login write lies on a small file system of its own from here on. The servers are stopped for it, and started again. */
export const onSmallDisks = async (lab: Lab, primary: LabHost): Promise<void> => {
  const { unit } = lab.settings;
  const others = lab.nodes.filter((node) => node !== primary);
  const moved = `set -e; mkdir -p ${disk}; mount -t tmpfs -o size=6g,mode=755 small ${disk}
for one in $(getent passwd postgres | cut -d: -f6) $(getent passwd dba | cut -d: -f6); do
  to=${disk}/\${one##*/}; cp -a "$one" "$to"; mount --bind "$to" "$one"
done`;
  for (const host of [...others, primary, 'monitor' as const]) await lab.root(host, `systemctl stop ${unit}`);
  await Promise.all(lab.hosts.map((host) => lab.root(host, moved)));
  for (const host of ['monitor' as const, primary, ...others])
    await lab.root(host, `systemctl start ${unit}`);
};

/** Not a byte is left. */
export const fillDisk = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(
    host,
    `mount -o remount,size=$(df -k --output=used ${disk} | tail -n 1 | tr -d ' ')k ${disk} || mount -o remount,size=$(($(df -k --output=used ${disk} | tail -n 1) + 4))k ${disk}; df -h ${quote(disk)} | tail -n 1`,
  );

export const freeDisk = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(host, `mount -o remount,size=6g ${disk}`);
