/**
 * Secrets that no name tells: those of commands that cron jobs and archive_command are made of, and lines of password files,
 * wherever they stand. Takes time in proportion to the text: every pattern is bounded.
 */

const hidden = '****';

/** What must be in a text at all for one of these to be in it. */
export const suspiciousCommand = /\s-u|--(?:proxy-)?user|openssl|[?&](?:sig|x-amz-sig)|:(?:\d{1,5}|\*):/i;

/** `curl -u NAME:PASSWORD`; not `NAME@HOST:PATH`. Source: curl(1). */
const userOption = /(\s(?:-u|--user|--proxy-user)(?:[ \t]{1,8}|=)["']?\w[^\s:"'@/%]{0,127}:)[^\s"']+/g;
/** Source: sshpass(1), -p. */
const sshpass = /(\bsshpass[ \t]{1,8}-p[ \t]{0,8})(?:"[^"\n]{0,1024}"|'[^'\n]{0,1024}'|[^\s"']+)/g;
/** Source: openssl-enc(1), -k. */
const opensslKey = /(\bopenssl[ \t][^\n]{0,100}?[ \t]-k[ \t]{1,8})\S+/g;
/** An address that was signed lets in whoever has it: Azure's SAS, Amazon's presigned URL. */
const signature = /([?&](?:sig|x-amz-signature)=)[^\s&"'#]+/gi;

/** A whole line of a password file. Source: PostgreSQL, 34.16 The Password File. */
const passwordFileLine =
  /^([^:\s]{1,255}:(?:\d{1,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}):[^\s:](?:[^\s:]|\\:){0,1023}$/gm;
/**
 * The same as one word of a command, or indented; a backslash takes the meaning of a colon away. Names that begin with a letter, or the
 * star of a password file: `10:11:12-10:11:20` is none.
 */
const passwordFileWord =
  /^((?:\\.|[^\\:]){1,255}:(?:\d{1,5}|\*):[A-Za-z_*](?:\\.|[^\\:]){0,63}:[A-Za-z_*](?:\\.|[^\\:]){0,63}:)(?:\\.|[^\\:])+$/;
/** Five groups of an address: not a word of a password file. */
const address = /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){4}[.,;)\]]?$/i;
const word = /[^\s"']+/g;

const withoutPasswordFiles = (text: string): string =>
  /:(?:\d{1,5}|\*):/.test(text)
    ? text
        .replace(passwordFileLine, (line: string, names: string) =>
          address.test(line) ? line : `${names}:${hidden}`,
        )
        .replace(word, (one) => (address.test(one) ? one : one.replace(passwordFileWord, `$1${hidden}`)))
    : text;

/** A text without them. */
export const withoutCommandSecrets = (text: string): string =>
  withoutPasswordFiles(text)
    .replace(userOption, `$1${hidden}`)
    .replace(sshpass, `$1${hidden}`)
    .replace(opensslKey, `$1${hidden}`)
    .replace(signature, `$1${hidden}`);
