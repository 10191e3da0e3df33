import { type Lab, type LabHost, quote } from './lab.ts';

/**
 * A process of root's on a host, which goes on while the test does. Its lines are the shell's; `name` is its unit's, so that
 * `systemctl stop NAME` ends it.
 */
export const background = (lab: Lab, host: LabHost, name: string, lines: string): Promise<string> =>
  lab.root(host, `systemd-run --quiet --unit=${name} sh -c ${quote(lines)}`);

/** As Puppet, monit or a colleague would: from the moment that the unit is down it is started, five times a second. */
export const startsIt = (lab: Lab, host: LabHost): Promise<string> => {
  const { unit } = lab.settings;
  return background(
    lab,
    host,
    'watchdog',
    `until [ "$(systemctl is-active ${unit})" = inactive ]; do sleep 0.05; done; while :; do systemctl start ${unit}; sleep 0.2; done`,
  );
};

/** Ends it; how often systemd has passed a start of the unit over. */
export const passedOver = async (lab: Lab, host: LabHost): Promise<number> =>
  Number(
    await lab.root(
      host,
      `systemctl stop watchdog; journalctl -q -u ${lab.settings.unit} | grep -c 'unmet condition' || true`,
    ),
  );
