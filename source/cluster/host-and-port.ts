/** A host and a port as one word, an IPv6 address in brackets. Source: RFC 3986, 3.2.2; ssh(1), sshd(8) in known_hosts. */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
