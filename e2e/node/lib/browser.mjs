// A headless Chromium behind a proxy of ours: what it asks of any host is answered here or written down.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The host of the pages. Whatever else is asked for has left the page. */
export const HOST = 'mail.test';

/** What the browser asks by itself, whatever it shows. */
const OWN = /(^|\.)(google|googleapis|gstatic|gvt1|chromium|chrome)\.(com|org)$/;

/**
 * Opens `http://mail.test/`. `page(path)` gives the HTML of a path, `told(path, body)` hears what pages post.
 * `outside` has what was asked of other hosts.
 */
export async function open(program, page, told) {
  const outside = [];
  const ask = (host, what) => {
    if (host && !OWN.test(host)) outside.push({ host, what });
  };
  const proxy = createServer(async (request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    if (url.hostname !== HOST) {
      ask(url.hostname, url.href);
      response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
      return;
    }
    if (request.method === 'POST') {
      let body = '';
      for await (const piece of request) body += piece;
      told(url.pathname, body);
      response.writeHead(204).end();
      return;
    }
    const html = page(url);
    // Nothing here protects the page: the sanitiser alone must.
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8', 'x-xss-protection': '0' });
    response.end(html ?? '');
  });
  proxy.on('connect', (request, socket) => {
    ask(request.url.split(':')[0], request.url);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const profile = await mkdtemp(join(tmpdir(), 'hostile-'));
  const child = spawn(
    program,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-popup-blocking',
      '--no-first-run',
      '--no-default-browser-check',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      `--proxy-server=http://127.0.0.1:${proxy.address().port}`,
      '--proxy-bypass-list=<-loopback>',
      `http://${HOST}/`,
    ],
    { stdio: 'ignore', detached: true },
  );
  return {
    outside,
    async close() {
      if (child.exitCode === null) {
        // Its own processes belong to its group.
        process.kill(-child.pid, 'SIGKILL');
        await once(child, 'exit');
      }
      proxy.closeAllConnections();
      proxy.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
