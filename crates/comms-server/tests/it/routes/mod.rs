mod adjuntos;
mod admin;
mod historial;
mod mensajes;
mod service;
mod webhook;
mod whatsapp;
