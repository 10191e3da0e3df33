import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DemoLayout, HostPaths } from '../layout.ts';

/** pg_autoctl.cfg of a host, setting by setting. */
export const readSetting = (paths: HostPaths, name: string): string => {
  const { configFile } = paths;
  if (!existsSync(configFile)) return '';
  return new RegExp(`^${name} *= *(.*)$`, 'm').exec(readFileSync(configFile, 'utf8'))?.[1]?.trim() ?? '';
};

export const writeSetting = (paths: HostPaths, name: string, value: string): void => {
  const { configFile } = paths;
  const text = readFileSync(configFile, 'utf8');
  writeFileSync(
    configFile,
    text.replace(new RegExp(`^${name} *=.*$`, 'm'), () => `${name} = ${value}`),
  );
};

/** The file as pg_autoctl writes it; of the monitor's where there is no node. */
export const writeSettings = (
  layout: DemoLayout,
  host: string,
  pgCtl: string,
  monitor: string | null,
): void => {
  const { data, configFile, backupDirectory } = layout.host(host);
  const text = [
    '[pg_autoctl]',
    ...(monitor === null
      ? ['role = monitor', `hostname = ${host}`]
      : [
          'role = keeper',
          `monitor = ${monitor}`,
          'formation = default',
          'group = 0',
          `name = ${host}`,
          `hostname = ${host}`,
          'nodekind = standalone',
        ]),
    '',
    '[postgresql]',
    `pgdata = ${data}`,
    `pg_ctl = ${pgCtl}`,
    ...(monitor === null
      ? ['username = autoctl_node', 'dbname = pg_auto_failover']
      : ['username = postgres', 'dbname = postgres']),
    'port = 5432',
    ...(monitor === null ? [] : ['proxyport = 0']),
    'listen_addresses = *',
    'auth_method = trust',
    ...(monitor === null ? [] : ['hba_level = minimal']),
    '',
    '[ssl]',
    'active = 1',
    'sslmode = require',
    `cert_file = ${data}/server.crt`,
    `key_file = ${data}/server.key`,
    '',
    ...(monitor === null
      ? []
      : ['[replication]', 'maximum_backup_rate = 100M', `backup_directory = ${backupDirectory}`, '']),
  ];
  mkdirSync(dirname(configFile), { recursive: true });
  writeFileSync(configFile, text.join('\n'));
};
