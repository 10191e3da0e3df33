import { createSecretKey } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Client } from 'ssh2';

/** Bytes that are read from the network at once: several of SSH's packets of 32 KB. */
const readBytes = 256 * 1024;

/** A connection whose bytes are read into one buffer, over and over, as soon as nobody keeps any part of it. */
export interface FastSocket {
  readonly socket: Socket;
  /** Whether whoever hears `data` has copied what it needs when it returns. */
  reuse(allowed: boolean): void;
}

/**
 * Dials. Until `reuse` each piece that was read has memory of its own, as node's sockets do it: ssh2 keeps parts of the
 * handshake. Source: Node.js, net, `onread`.
 */
export const dialFastSocket = (host: string, port: number): FastSocket => {
  let reused = false;
  const socket: Socket = connect({
    host,
    port,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (count, buffer): boolean => {
        const piece = Buffer.from(buffer.buffer, buffer.byteOffset, count);
        if (!reused) return socket.push(Buffer.from(piece));
        socket.emit('data', piece);
        return true;
      },
    },
  });
  return {
    socket,
    reuse: (allowed) => {
      reused = allowed;
    },
  };
};

const fieldOf = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;

/** What ssh2 1.17 decrypts with; tests say when a newer one has it elsewhere. */
export const decipherOf = (client: Client): unknown => fieldOf(fieldOf(client, '_protocol'), '_decipher');

/**
 * ssh2 makes a new AES-GCM decipher for each packet and hands it the bare key, which node has to turn into one of its
 * own each time, by way of an exception: a sixth of the time that output takes. It is given one that is ready.
 * After each key exchange. Whether this is such a decipher: it copies what it decrypts, so that it can be read swiftly.
 */
export const readyKey = (client: Client): boolean => {
  const decipher = decipherOf(client);
  const key = fieldOf(decipher, '_decipherKey');
  if (typeof decipher !== 'object' || decipher === null || !Buffer.isBuffer(key)) return false;
  return Reflect.set(decipher, '_decipherKey', createSecretKey(key));
};
