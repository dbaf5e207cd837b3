// Prisma beside the server, on one database: each sees what the other writes, and neither disturbs the other's tables.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';

import { PrismaPg } from '@prisma/adapter-pg';

import { PrismaClient } from '../generated/index.js';
import { drift } from '../lib/schema-engine.mjs';
import { required } from '../lib/environment.mjs';
import { LEAD, SELLER, call, eventually, leadWrites } from '../lib/server.mjs';

const url = required('DATABASE_URL');
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
after(() => prisma.$disconnect());

test('the migrations of the server leave no drift in the schema of Prisma', async () => {
  const [{ ours }] = await prisma.$queryRaw`SELECT to_regclass('comms.messages')::text AS ours`;
  assert.equal(ours, 'comms.messages');
  assert.equal(await drift(url), '-- This is an empty migration.');
});

test('Prisma filters what came in, and follows its relations', async () => {
  const text = `¿sigue disponible? ${randomUUID()}`;
  const row = await received(text);
  assert.equal(row.contenido, text);
  assert.equal(row.leaks.nombre, 'Lead de prueba');
  assert.equal(row.usuarios.id, SELLER);
});

test('Prisma reads a message that the server sent, and follows its state', async () => {
  // Free text is for who wrote within the last day.
  await received(`hola ${randomUUID()}`);
  const text = `buenas ${randomUUID()}`;
  await call('POST', '/whatsapp/enviar', { telefono: LEAD.phone, mensaje: text, lead_id: LEAD.id });
  const row = await eventually('the message that was read', () =>
    prisma.comunicaciones.findFirst({ where: { contenido: text, estado: 'leido' } }),
  );
  assert.equal(row.canal, 'whatsapp');
  assert.equal(row.direccion, 'saliente');
  assert.equal(row.lead_id, LEAD.id);
  assert.equal(row.usuario_id, SELLER);
  assert.match(row.sid_externo, /^wamid\./);
});

test('what Prisma writes appears in the history, also after a change', async () => {
  const row = await prisma.comunicaciones.create({
    data: {
      lead_id: LEAD.id,
      usuario_id: SELLER,
      canal: 'sms',
      direccion: 'saliente',
      destinatario: `+${LEAD.phone}`,
      contenido: `de Prisma ${randomUUID()}`,
    },
  });
  const inHistory = async () => (await call('GET', `/historial/${LEAD.id}?canal=sms`)).find(({ id }) => id === row.id);
  const found = await inHistory();
  assert.equal(found.contenido, row.contenido);
  assert.equal(found.estado, 'enviado');
  assert.equal(new Date(found.fecha_creacion).getTime(), row.fecha_creacion.getTime());

  await prisma.comunicaciones.update({ where: { id: row.id }, data: { estado: 'entregado' } });
  assert.equal((await inHistory()).estado, 'entregado');
});

/** What the lead wrote, once it is in the history, as the newest of its messages. */
async function received(text) {
  const before = new Date(Date.now() - 60_000);
  await leadWrites(text);
  return eventually('the message of the lead', async () => {
    const [newest] = await prisma.comunicaciones.findMany({
      where: { lead_id: LEAD.id, canal: 'whatsapp', direccion: 'entrante', fecha_creacion: { gte: before } },
      include: { leaks: true, usuarios: true },
      orderBy: [{ fecha_creacion: 'desc' }, { id: 'desc' }],
      take: 1,
    });
    return newest?.contenido === text && newest;
  });
}
