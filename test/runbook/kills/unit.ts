import { join } from 'node:path';
import type { Service } from '../../../source/cluster/facts.ts';
import type { Sandbox } from '../sandbox.ts';
import { word } from '../word.ts';

/** Root's places, below the sandbox, and a systemctl that knows of a unit what it has read last. */

export const unit: Service = {
  kind: 'systemd',
  unit: word('pgautofailover.service'),
  fragment: word('/etc/systemd/system/pgautofailover.service'),
  enabled: true,
  dropIns: [],
};
const places = ['/etc/systemd/system', '/run/systemd/system', '/run/pgaf-upgrade', '/var/lib/pgaf-upgrade'];

/** The same script, where root's places are the sandbox's. */
export const atSandbox = (box: Sandbox, text: string): string =>
  places.reduce((all, place) => all.replaceAll(place, join(box.root, place)), text);

export const unitFile = (box: Sandbox): string => join(box.root, 'etc/systemd/system/pgautofailover.service');

export const unitEnds = (box: Sandbox) => [
  box.read(unitFile(box)),
  box.mode(unitFile(box)),
  box.read(join(box.root, 'systemd/unit')),
];
export const unitIsWhole = (box: Sandbox): string | null =>
  /^\[Service\]\nExecStart=.*\/1[57]\/bin\/pg_autoctl run\n$/.test(box.read(unitFile(box)))
    ? null
    : 'the unit is not whole';

/** The unit runs the old version's pg_autoctl, is disabled, and is not active. */
export const layUnit = (box: Sandbox): void => {
  box.write(unitFile(box), `[Service]\nExecStart=${box.node.oldAutoctl} run\n`, 0o644);
  const [read, dropIn] = [
    join(box.root, 'systemd'),
    join(box.root, 'run/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf'),
  ];
  box.program(
    join(box.root, 'bin/systemctl'),
    `own=${unitFile(box)} read=${read}`,
    'case $1 in',
    `daemon-reload) mkdir -p $read; cp $own $read/unit; rm -f $read/drop-in; [ ! -e ${dropIn} ] || cp ${dropIn} $read/drop-in ;;`,
    'is-active) echo inactive; exit 3 ;;',
    'enable) mkdir -p $read; : > $read/enabled ;;',
    'disable) rm -f $read/enabled ;;',
    'show)',
    '  echo LoadState=loaded; echo ActiveState=inactive; echo MainPID=0; echo ControlGroup=',
    '  if [ -e $read/enabled ]; then echo UnitFileState=enabled; else echo UnitFileState=disabled; fi',
    '  program=$(sed -n "s/^ExecStart=\\([^ ]*\\).*/\\1/p" $read/unit)',
    '  echo "ExecStart={ path=$program ; argv[]=$program run ; ignore_errors=no }"',
    '  [ ! -e $read/drop-in ] || echo DropInPaths=/etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf ;;',
    'esac',
  );
  box.program(join(box.root, 'bin/runuser'), 'shift 3; exec "$@"');
  box.sh('systemctl daemon-reload');
};
