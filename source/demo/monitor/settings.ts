import { sqlLiteral } from '../../cluster/quote.ts';

/** 150020 for 15.20. Source: PostgreSQL, server_version_num. */
const versionNumber = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 10_000 + minor;
};

/** What the server calls itself from now on, and what its programs bring; the first programs' extension is the installed one. */
export const settingsSql = (serverVersion: string, extensionVersion: string): string => {
  const settings = {
    server_version: serverVersion,
    server_version_num: String(versionNumber(serverVersion)),
    shared_preload_libraries: 'pgautofailover',
  };
  const values = Object.entries(settings).map(
    ([name, value]) => `(${sqlLiteral(name)}, ${sqlLiteral(value)})`,
  );
  const version = sqlLiteral(extensionVersion);
  return [
    `insert into demo.setting values ${values.join(', ')} on conflict (name) do update set setting = excluded.setting`,
    `insert into demo.extension select ${version}, ${version} where not exists (select from demo.extension)`,
    `update demo.extension set available = ${version}`,
    'update demo.pg_autoctl set listening = false',
  ].join('; ');
};
