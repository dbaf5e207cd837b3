// A provider as its own description has it: a mock server that refuses what the description does not allow.
//
// The mock reads JSON bodies well and form bodies badly: it drops what it does not know, and of repeated keys all but the last. So a
// small proxy before it turns each form into JSON, with the types that the description gives, and the mock judges that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const FORM = 'application/x-www-form-urlencoded';
const METHODS = ['get', 'post', 'patch', 'delete'];
/** What the mock looks at. */
const PASSED_ON = ['authorization', 'content-type', 'on-behalf-of'];

/**
 * Starts mock and proxy. `seen` has each operation that was called, `refused` what was not allowed. `refuse` makes the answer to what is
 * not allowed, `headers` are those that the provider sends and does not describe.
 */
export async function start(file, { refuse, headers = {} }) {
  const specification = JSON.parse(await readFile(file, 'utf8'));
  const operations = list(specification);
  const strict = join(tmpdir(), `${basename(file)}-${process.pid}.json`);
  await writeFile(strict, JSON.stringify(strictly(specification)));
  const mock = await startMock(strict);
  const seen = new Set();
  const refused = [];
  const proxy = createServer((request, response) => {
    hand(request, response).catch((error) => response.writeHead(500).end(`${error.stack}`));
  });

  async function hand(request, response) {
    const url = new URL(request.url, mock.url);
    const operation = operations.find(({ method, path }) => method === request.method.toLowerCase() && path.test(url.pathname));
    if (operation) seen.add(operation.name);
    const unknown = operation ? [...url.searchParams.keys()].filter((name) => !operation.query.has(name)) : [];
    const given = await text(request);
    const passed = Object.fromEntries(PASSED_ON.filter((name) => request.headers[name]).map((name) => [name, request.headers[name]]));
    const isForm = passed['content-type']?.startsWith(FORM);
    const answer = await fetch(url, {
      method: request.method,
      headers: { ...passed, ...(isForm && { 'content-type': 'application/json' }) },
      body: isForm ? JSON.stringify(asJson(given, operation?.form)) : given || undefined,
    });
    const body = await answer.text();
    const violations = JSON.parse(answer.headers.get('sl-violations') ?? '[]').filter(({ location }) => location[0] === 'request');
    if (!operation || unknown.length || violations.length || answer.status === 415 || answer.status === 422) {
      refused.push({ call: `${request.method} ${request.url}`, given, unknown, body });
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify(refuse(`not in the description: ${unknown} ${body}`)));
      return;
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json', ...headers });
    response.end(body);
  }

  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    names: operations.map(({ name }) => name),
    seen,
    refused,
    stop() {
      proxy.close();
      mock.process.kill();
    },
  };
}

async function startMock(file) {
  const program = new URL('dist/index.js', import.meta.resolve('@stoplight/prism-cli/package.json')).pathname;
  const child = spawn(process.execPath, [program, 'mock', file, '--port', '0', '--host', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let printed = '';
    // Read to the end: a pipe that nobody empties would stop the mock.
    child.stdout.on('data', (piece) => {
      printed += piece;
      const address = printed.match(/listening on (http:\/\/[\d.:]+)/);
      if (address) resolve({ url: address[1], process: child });
    });
    child.once('exit', () => reject(new Error(`the mock server ended: ${printed}`)));
  });
}

function list({ paths }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      name: `${method} ${path}`,
      method,
      path: pattern(path),
      query: new Set((item[method].parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name)),
      form: item[method].requestBody?.content?.[FORM]?.schema.properties,
    })),
  );
}

/** An id ends before the ending of the path, where the path has one. */
function pattern(path) {
  const id = path.endsWith('.json') ? '[^/.]+' : '[^/]+';
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, id)}$`);
}

/** Forms as JSON, and no field that is not described. */
function strictly(specification) {
  for (const item of Object.values(specification.paths)) {
    for (const method of METHODS) {
      const content = item[method]?.requestBody?.content;
      if (!content?.[FORM]) continue;
      item[method].requestBody.content = { 'application/json': { schema: content[FORM].schema } };
    }
  }
  for (const item of Object.values(specification.paths)) METHODS.forEach((method) => close(item[method]?.requestBody));
  close(specification.components?.requestBodies);
  close(specification.components?.schemas);
  return specification;
}

/** Of an object whose fields are described, there are no others. */
function close(part) {
  if (part === null || typeof part !== 'object') return;
  Object.values(part).forEach(close);
  if (part.type === 'object' && part.properties && part.additionalProperties === undefined) part.additionalProperties = false;
}

/** A form as the JSON that its schema describes. What does not fit is left as text, for the mock to refuse. */
function asJson(form, properties = {}) {
  const parameters = new URLSearchParams(form);
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => {
      const values = parameters.getAll(name);
      const type = properties[name]?.type;
      if (type === 'array') return [name, values];
      return [name, values.length > 1 ? values : typed(values[0], type)];
    }),
  );
}

function typed(value, type) {
  if (type === 'boolean' && ['true', 'false'].includes(value)) return value === 'true';
  if (['integer', 'number'].includes(type) && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}

async function text(stream) {
  let whole = '';
  for await (const piece of stream) whole += piece;
  return whole;
}
