// Prisma's own schema engine, the one that `prisma migrate diff` and `prisma db push` ask, as WebAssembly:
// the CLI would download a native one.

import { readFile } from 'node:fs/promises';

import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const CHAR = 18;
const TEXT = 25;

/** The catalogue has columns of the one-byte type "char", which the adapter does not know: it may read them as text. */
class CataloguePool extends pg.Pool {
  async query(...query) {
    const result = await super.query(...query);
    for (const field of result?.fields ?? []) {
      if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
    }
    return result;
  }
}

const schema = await readFile(new URL('../prisma/schema.prisma', import.meta.url), 'utf8');
const files = [{ path: 'schema.prisma', content: schema }];
const filters = { externalTables: [], externalEnums: [] };

/** Brings an empty database to the schema, as `prisma db push`. */
export async function push(url) {
  await withEngine(url, (engine) => engine.schemaPush({ force: false, schema: { files }, filters }));
}

/** What would have to change in the database, as `prisma migrate diff` puts it. */
export async function drift(url) {
  const { stdout } = await withEngine(url, (engine) =>
    engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: '.' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters,
    }),
  );
  return stdout.trim();
}

async function withEngine(url, action) {
  await load();
  const pool = new CataloguePool({ connectionString: url });
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool));
  const engine = await glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter);
  try {
    return await action(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

let loaded;

/** The package is made for bundlers: Node.js wants the module put together by hand. */
function load() {
  loaded ??= (async () => {
    const file = new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm'));
    const { instance } = await WebAssembly.instantiate(await readFile(file), { './schema_engine_bg.js': glue });
    glue.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start();
  })();
  return loaded;
}
