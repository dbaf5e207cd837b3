// A database as a Prisma project has it: `node database.mjs create` prints its address, `node database.mjs drop URL` removes it.
// COMMS_TEST_DATABASE_URL names the server.

import { randomBytes } from 'node:crypto';

import pg from 'pg';

import { push } from './lib/schema-engine.mjs';

const [command, address] = process.argv.slice(2);
const admin = process.env.COMMS_TEST_DATABASE_URL;

if (command === 'create') {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  await push(url.href);
  await seed(url.href);
  console.log(url.href);
} else if (command === 'drop') {
  const name = new URL(address).pathname.slice(1);
  await query(admin, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
} else {
  console.error('usage: node database.mjs create | drop URL');
  process.exitCode = 2;
}

/** A seller, and a lead of theirs. */
async function seed(url) {
  await query(url, `INSERT INTO usuarios (id, nombre) VALUES (7, 'Vendedora de prueba')`);
  await query(
    url,
    `INSERT INTO leaks (id, nombre, telefono, usuario_id) VALUES (21, 'Lead de prueba', '+16505551234', 7)`,
  );
}

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
