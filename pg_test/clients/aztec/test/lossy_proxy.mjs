/**
 * A proxy between a node and its server that loses one question or one answer.
 *
 * It reads just enough of Postgres' protocol (version 3, "Message Formats") to know that the server has committed: each
 * message is a type byte, a 32-bit length that counts itself, and a body. A server says ReadyForQuery (Z) after the commit.
 */
import { once } from 'node:events';
import net from 'node:net';

export class LossyProxy {
  /** In front of the server that the environment names. */
  static async start() {
    const proxy = new LossyProxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  #server = net.createServer(client => this.#accept(client));
  #sockets = new Set();
  #order;
  #held;

  /** For pg.Pool. */
  get connection() {
    return { host: '127.0.0.1', port: this.#server.address().port };
  }

  /**
   * Loses the next question that calls `functionName`: 'question' cuts the connection before the server sees it, 'answer'
   * once the server has committed. Resolves when it happened, with the rows that the client never saw.
   */
  loseNext(what, functionName) {
    return new Promise(resolve => {
      this.#order = { what, functionName, resolve };
    });
  }

  /** Connections made after the loss wait until the function this answers is called. */
  holdConnectionsAfterLoss() {
    let letGo;
    this.#order.hold = new Promise(resolve => {
      letGo = resolve;
    });
    return letGo;
  }

  async stop() {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await once(this.#server, 'close');
  }

  async #accept(client) {
    this.#track(client);
    await this.#held;
    const upstream = this.#track(net.connect(serverAddress()));
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('close', cut);
    upstream.on('close', cut);

    let asked = ''; // since the server was last ready
    let order; // what to lose on this connection
    let unread = Buffer.alloc(0);
    const rows = [];

    client.on('data', chunk => {
      asked += chunk.toString('latin1');
      if (this.#order && asked.includes(`slashguard.${this.#order.functionName}(`)) {
        order = this.#order;
        this.#order = undefined;
        this.#held = order.hold;
        if (order.what === 'question') {
          cut();
          order.resolve(rows);
          return;
        }
      }
      upstream.write(chunk);
    });

    upstream.on('data', chunk => {
      if (!order) {
        client.write(chunk);
      }
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 5 && unread.length > unread.readUInt32BE(1)) {
        const type = String.fromCharCode(unread[0]);
        const end = 1 + unread.readUInt32BE(1);
        if (type === 'D' && order) {
          rows.push(readRow(unread.subarray(5, end)));
        } else if (type === 'Z') {
          asked = '';
          if (order) {
            cut();
            order.resolve(rows);
            return;
          }
        }
        unread = unread.subarray(end);
      }
    });
  }

  #track(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // cutting connections is this proxy's work
    return socket;
  }
}

function serverAddress() {
  const host = process.env.PGHOST ?? 'localhost';
  const port = Number(process.env.PGPORT ?? 5432);
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

/** DataRow: a 16-bit count of columns, then each as a 32-bit length (-1: null) and its text. */
function readRow(body) {
  const columns = [];
  let at = 2;
  for (let remaining = body.readUInt16BE(0); remaining > 0; remaining--) {
    const length = body.readInt32BE(at);
    at += 4;
    columns.push(length < 0 ? null : body.toString('utf8', at, (at += length)));
  }
  return columns;
}
