// Types of the HTTP interface of comms-server, made from its OpenAPI document.
// Do not edit: `comms-server openapi --typescript` writes them.
/** What is to be changed of an account; what is absent stays. */
export type AccountBody = {
  /** Whether it is used. */
  activa?: boolean | null;
  /** The number that calls show. */
  caller_id?: string | null;
  /** Its channel; for a new one what its id says, where absent. */
  canal?: string | null;
  /** The account above it. */
  cuenta_superior?: string | null;
  /** What people call it. */
  nombre?: string | null;
  /** Messages a second instead of the channel's rate: 0.001 to 10,000; 0 takes that back. */
  por_segundo?: number | null;
  propietario_id?: Id | null;
};
/** One of our numbers. */
export type AccountRow = {
  /** Whether it is used. */
  activa: boolean;
  /** The number that calls show. */
  caller_id?: string | null;
  /** Its channel. */
  canal: string;
  /** The account above it. */
  cuenta_superior?: string | null;
  /** `<provider>:<the provider's id of it>` */
  id: string;
  /** What people call it. */
  nombre?: string | null;
  /** Its organisation. */
  organizacion_id: string;
  propietario_id?: Id | null;
  ritmo?: PaceRow | null;
};
/** A file: its bytes, or one of the history. */
export type AdjuntoBody = {
  /** A file of the history instead: `adjuntos[].id`. */
  adjunto_id?: string | null;
  /** Its bytes as base64. */
  contenido?: string | null;
  /** For an image that the HTML shows as `cid:…`: that id. */
  content_id?: string | null;
  /** What the recipient saves it as. */
  nombre?: string | null;
  /** Its media type. */
  tipo?: string | null;
};
/** How ElevenLabs is. */
export type AgentBody = {
  /** The code of what it said last. */
  code?: string | null;
  /** Since when it does not. */
  failing_since?: string | null;
  /** Whether it did what it was asked last. */
  ok: boolean;
  /** Until when it is left in peace. */
  paused_until?: string | null;
};
/** One thing. */
export type Answer_AssignedRow = {
  /** What registering an account brought about. */
  data: {
    /** The account. */
    cuenta: AccountRow;
    /** Messages that had waited for an owner and are in `comunicaciones` now. */
    filas_completadas: number;
    /** Messages among them. */
    mensajes: number;
    /** Webhooks that had waited for it and were read. */
    webhooks_procesados: number;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_Communication = {
  /** A row of the history: S0's thirteen columns, and ours. */
  data: {
    /** Its files. */
    adjuntos: AttachmentRow[];
    /** `voz sms whatsapp email messenger webchat` */
    canal: string;
    cliente_id?: Id | null;
    cola?: QueueRow | null;
    /** What it says: of more than 64 KiB the beginning. */
    contenido?: string | null;
    /** Only where `contenido` is the beginning; all of it stands in `contenido_tipado` of the message. */
    contenido_cortado?: boolean;
    contrato_id?: Id | null;
    /** The conversation. */
    conversacion_id?: string | null;
    /** The other party, whichever the direction. */
    destinatario: string;
    /** `entrante` or `saliente` */
    direccion: string;
    /** The seconds that the parties talked, for calls. */
    duracion_seg?: number | null;
    error?: Reason | null;
    /** `en_cola enviando enviado entregado leido recibido fallido desconocido expirado cancelado programado`, or a call's */
    estado: string;
    /** ISO 8601, UTC, milliseconds. */
    fecha_creacion: string;
    /** The row's number in `comunicaciones`; null while it waits for an owner. */
    id?: number | null;
    lead_id?: Id | null;
    /** Our id of the message. */
    mensaje_id: string;
    /** The provider's id. */
    sid_externo?: string | null;
    usuario_id?: Id | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_CommunicationDetail = {
  /** Everything known of one message. */
  data: Communication & {
    /** The whole content. */
    contenido_tipado?: Record<string, unknown> | null;
    /** Who or what answered a call, in the provider's words: `human`, `machine_start` … */
    contestada_por?: string | null;
    /** What else the provider said. */
    datos_proveedor?: Record<string, unknown> | null;
    /** Every report on it, oldest first; for a call those of every leg. */
    eventos: StatusRow[];
    /** When the other party wrote, by the provider's clock. */
    fecha_proveedor?: string | null;
    /** The message that it tries again. */
    reintento_de?: string | null;
    /** The provider's id of the message that it answers. */
    responde_a?: string | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ContactDetail = {
  /** A contact with their latest conversations. */
  data: ContactRow & {
    /** Their latest conversations, at most 50. */
    conversaciones: ConversationRow[];
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ContactRow = {
  /** A person: a contact and those who are joined with them. */
  data: {
    /** Leads and clients that may be them: for a person to decide. */
    candidatos: CandidateRow[];
    /** Since when they are known: ISO 8601, UTC. */
    fecha_creacion: string;
    /** The contact that stands for them. */
    id: string;
    /** The addresses under which our accounts know them. */
    identidades: IdentityRow[];
    /** Their name. */
    nombre?: string | null;
    /** The contacts that were joined with this one. */
    unidos: MergedRow[];
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ConversationDetail = {
  /** A conversation with a page of its messages. */
  data: ConversationRow & {
    /** Its messages, newest first. */
    mensajes: Communication[];
    /** The cursor of the next page of messages; null at the end. */
    siguiente?: string | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ConversationRead = {
  /** What marking a conversation as read did. */
  data: {
    /** `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told. */
    acuse: string;
    /** Whether something in it was read by nobody until now. */
    cambiado: boolean;
    /** The conversation. */
    conversacion_id: string;
    error?: Reason | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ConversationRow = {
  /** A conversation: of one contact with one of our accounts. */
  data: {
    asignado_a?: Id | null;
    /** What it is about, for e-mail: there each thread is a conversation. */
    asunto?: string | null;
    /** `voz sms whatsapp email messenger webchat` */
    canal: string;
    /** Since when it is closed. */
    cerrada_desde?: string | null;
    /** The contact that stands for the person. */
    contacto_id: string;
    /** The account. */
    cuenta: string;
    /** `abierta pendiente pospuesta cerrada` */
    estado: string;
    /** Since when it is known. */
    fecha_creacion: string;
    /** When the other party last wrote or called, by the provider's clock. */
    fecha_ultimo_entrante?: string | null;
    /** When it was stored: ISO 8601, UTC. */
    fecha_ultimo_mensaje: string;
    /** By it messages are listed, and it is read, assigned and closed. */
    id: string;
    /** Messages that the caller has not read. */
    no_leidos: number;
    /** Their name. */
    nombre?: string | null;
    /** Until when it is put away. */
    pospuesta_hasta?: string | null;
    ultimo_mensaje?: LastRow | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_CorreoDetail = {
  /** A message of the mailbox, whole. */
  data: CorreoRow & {
    /** Its files. */
    adjuntos: ArchivoRow[];
    /** What is worth knowing: `automatic`, `defects`, `blocked_images`, `notice`. */
    avisos: Record<string, unknown>;
    /** With hidden copies to whom, of messages of one's own. */
    cco: Corresponsal[];
    /** What it quotes. */
    citado?: string | null;
    /** The same as HTML, safe to be shown: no script, nothing from the network. Its own images are `cid:` of `adjuntos`. */
    html?: string | null;
    /** Its `Message-ID`. */
    message_id?: string | null;
    /** What it answers. */
    responde_a?: string | null;
    /** Where answers are to go. */
    responder_a: Corresponsal[];
    /** What its writer wrote, without what they quote. */
    texto?: string | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_Discarded = {
  /** What discarding did. */
  data: {
    /** Whether it was on the list until now. */
    cambiado: boolean;
    /** The message. */
    mensaje_id: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_DiscardedCount = {
  /** What discarding many did. */
  data: {
    /** How many were on the list until now. */
    descartados: number;
    /** Whether there are more: ask again. */
    quedan: boolean;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_EndpointRow = {
  /** An endpoint, without its key. */
  data: {
    /** The channels of whose messages it is told; empty is all. */
    canales: string[];
    /** When it was made. */
    creado: string;
    /** Everything in the event log up to here has its delivery. */
    cursor: number;
    /** When it was given up. */
    desactivado?: string | null;
    /** What people call it. */
    descripcion?: string | null;
    /** `activo`, `pausado` (by a person) or `desactivado` (given up) */
    estado: string;
    /** The first failure since something was last delivered. */
    falla_desde?: string | null;
    /** By it the endpoint is changed, tried and deleted. */
    id: string;
    /** Why it was given up: `fallos` (nothing but failures for five days) or `eliminado` (it answered 410) */
    motivo?: string | null;
    /** Until when the key before the present one signs as well. */
    secreto_anterior_hasta?: string | null;
    /** The kinds of events that it is told; empty is all. */
    tipos: string[];
    /** Where it is told. */
    url: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ErasureRow = {
  /** The erasure of a person. */
  data: {
    /** What was emptied or deleted until now. */
    borrado: ErasedRow;
    /** Who; null once it is done. */
    contacto_id?: string | null;
    /** `en_curso` or `hecho` */
    estado: string;
    /** When it was done. */
    hecho?: string | null;
    /** By it the progress is asked for. */
    id: string;
    /** Why. */
    motivo?: string | null;
    /** When it was asked for: ISO 8601, UTC. */
    solicitado: string;
    /** By whom. */
    usuario_id: Id;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_EventsTicket = {
  /** What a browser opens a stream with, since it can set no header there. */
  data: {
    /** Until when it opens streams, a minute from now: ISO 8601, UTC. What it opened lasts as long as the token. */
    expira: string;
    /** For `?ticket=` of `/api/eventos` and `/ws`; nothing else takes it. */
    ticket: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_FinRow = {
  /** What was disconnected. */
  data: {
    /** What that means for the seller. */
    aviso: string;
    /** The mailboxes. */
    desconectados: string[];
    /** Whether the permission was taken back at Google. */
    revocado: boolean;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_Info = {
  /** What this is, and where to read on. */
  data: {
    /** The channels that can send now. */
    canales: string[];
    /** A page to be read. */
    docs: string;
    /** The OpenAPI document. */
    openapi: string;
    /** The name of the service. */
    service: string;
    /** Its version. */
    version: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_InicioRow = {
  /** Where the browser goes. */
  data: {
    /** Whether the mailbox is connected already, with the permission that the other back end has. */
    conectado: boolean;
    /** Google's consent page; where `conectado`, the front end with `gmail=ok`. */
    url: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_LeidoRow = {
  /** What marking a message as read did. */
  data: {
    /** Gmail's id of it. */
    id: string;
    /** Whether it is read in the mailbox now. */
    leido: boolean;
    /** Our id of it, where the history has it. */
    mensaje_id?: string | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_NewEndpointRow = {
  /** An endpoint with its key: shown this once. */
  data: EndpointRow & {
    /** The key that signs, `whsec_…`. */
    secreto: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_NewSecretRow = {
  /** A new key: shown this once. */
  data: {
    /** The key that signs, `whsec_…`. */
    secreto: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_NewTokenRow = {
  /** A service token, with its text: shown this once. */
  data: TokenRow & {
    /** To be sent as `X-Service-Token`. */
    token: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_NoteRow = {
  /** A note: seen by users, never sent. */
  data: {
    /** When: ISO 8601, UTC. */
    fecha_creacion: string;
    /** Sets it apart from notes of the same moment. */
    id: string;
    /** What it says. */
    texto: string;
    /** Who wrote it. */
    usuario_id: Id;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_OrganizationRow = {
  /** An organisation. */
  data: {
    /** Its id, as the tokens of its users name it. */
    id: string;
    /** What people call it. */
    nombre: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_PingRow = {
  /** How a test ended. */
  data: {
    /** How long it took, in milliseconds. */
    duracion_ms: number;
    /** Whether it was taken. */
    entregado: boolean;
    /** Why it was not taken. */
    error?: string | null;
    /** The HTTP status of the answer. */
    estado_http?: number | null;
    /** The first bytes of the answer. */
    respuesta?: string | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_ReadAnswer = {
  /** What marking a message as read did. */
  data: {
    /** `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told. */
    acuse: string;
    /** Whether it was unread until now. */
    cambiado: boolean;
    error?: Reason | null;
    /** The message. */
    mensaje_id: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_RedrivenCount = {
  /** How many are told again. */
  data: {
    /** How many. */
    reintentadas: number;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_Resumed = {
  /** What resuming did. */
  data: {
    /** Whether it was stopped until now. */
    cambiado: boolean;
    /** The account. */
    cuenta_id: string;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_SmsRow = {
  /** An SMS that was sent: its row, and what it is charged as. */
  data: Communication & {
    /** `GSM-7` or `UCS-2`: one character outside of GSM-7 makes all of it UCS-2. */
    codificacion?: string | null;
    /** How many messages the text is charged as; null for one with files. */
    segmentos?: number | null;
  };
  /** Always true. */
  success: boolean;
};
/** One thing. */
export type Answer_VoiceToken = {
  /** With what a browser calls and is called. */
  data: {
    /** Until when it is valid: ISO 8601, UTC. Ask for another before. */
    expires_at: string;
    /** The browser's name at Twilio: the user's alone. */
    identity: string;
    /** For `new Device(token)` of `@twilio/voice-sdk`. */
    token: string;
  };
  /** Always true. */
  success: boolean;
};
/** A file of a message of the mailbox. */
export type ArchivoRow = {
  /** The id under which the HTML shows it. */
  content_id?: string | null;
  /** Its media type, as its sender claims. */
  mime_type?: string | null;
  /** As its sender named it. */
  nombre?: string | null;
  /** Its place in the message. */
  parte: string;
  /** Where it is fetched. */
  url: string;
};
/** Whose the account is. */
export type AssignBody = AccountBody & {
  /** Its organisation; the only one where absent. */
  organizacion_id?: string | null;
};
/** What registering an account brought about. */
export type AssignedRow = {
  /** The account. */
  cuenta: AccountRow;
  /** Messages that had waited for an owner and are in `comunicaciones` now. */
  filas_completadas: number;
  /** Messages among them. */
  mensajes: number;
  /** Webhooks that had waited for it and were read. */
  webhooks_procesados: number;
};
/** To whom a conversation is given. */
export type AssigneeBody = {
  usuario_id?: Id | null;
};
/** A file of a message. */
export type AttachmentRow = {
  /** Why it is not here. */
  error?: string | null;
  /** `pendiente disponible fallido` */
  estado: string;
  /** By it the file is fetched. */
  id: string;
  /** Its media type. */
  mime_type?: string | null;
  /** As its sender named it. */
  nombre?: string | null;
  /** Its size in bytes, once it is here. */
  tamano?: number | null;
  /** `image audio voice video document sticker` */
  tipo: string;
  /** Where it can be fetched, once it is here. */
  url?: string | null;
};
/** A mailbox and how it is. */
export type BuzonRow = {
  /** The address. */
  buzon: string;
  /** The same in a word for programs. */
  codigo?: string | null;
  /** When it was first connected. */
  creado: string;
  /** The account under which its messages are. */
  cuenta: string;
  /** Since when it is in this state. */
  desde: string;
  /** The same in Google's words. */
  detalle?: string | null;
  /** `activo`, `caducado` or `revocado`. */
  estado: string;
  /** Since when no access token can be had for a reason that may pass. */
  falla_desde?: string | null;
  /** How reading goes: `al_dia`, `espera` (it is tried again by itself) or `detenida`; null where it is not read yet. */
  lectura?: string | null;
  /** When reading last went well. */
  leido?: string | null;
  /** Why no mail is fetched or sent, for the seller; null where all is well. */
  motivo?: string | null;
  /** What was permitted. */
  permisos: string[];
  /** When it is read next, unless a push says sooner. */
  proxima_lectura?: string | null;
  /** Whether only the seller can mend it, by connecting the mailbox again. */
  reconectar: boolean;
  /** When it last gave an access token. */
  renovado?: string | null;
  /** When the permission itself ends, where Google said so. */
  termina?: string | null;
  /** The seller. */
  usuario_id: string;
};
/** A call to be placed. */
export type CallBody = {
  cliente_id?: Id | null;
  contrato_id?: Id | null;
  /** The account to call from; the user's own, else the organisation's first, where absent. */
  cuenta?: string | null;
  desde?: Id | null;
  hacia?: Id | null;
  lead_id?: Id | null;
  /** Not possible: a call is placed now. */
  programado_para?: string | null;
};
/** What became of it. */
export type CallCompletedAnswer = {
  /** Our id of the conversation; the same for the same call. */
  conversation_id: string;
  /** What went wrong, in the provider's words. */
  details?: string | null;
  /** What went wrong, where it failed. */
  error?: string | null;
  /** For a person. */
  message: string;
  /** Why it was skipped, failed or ended, in a word. */
  reason?: string | null;
  /** `message_sent`; `queued`: the first message follows; `skipped`: nobody is to be written to, `reason` says why; `failed`; `closed` and `escalated` for a call that was told of before */
  status: string;
  /** Whether it was taken, and did not fail. */
  success: boolean;
  /** The provider's id of the first message; null while there is none. */
  whatsapp_message_id?: string | null;
};
/** A call that has ended. */
export type CallCompletedBody = {
  /** The agent: required. */
  agent_id?: string | null;
  /** What people call the agent. */
  agent_name?: string | null;
  /** The batch of the call. */
  batch_id?: string | null;
  /** The batch's name. */
  batch_name?: string | null;
  /** What else is known of them: kept as it comes. */
  call_metadata?: Record<string, unknown>;
  /** The number that called, by ElevenLabs' id of it. */
  phone_number_id?: string | null;
  recipient?: CallRecipient | null;
};
/** Who was called. */
export type CallRecipient = {
  /** ElevenLabs' id of the call's conversation: required. */
  conversation_id?: string | null;
  /** When it was made. */
  created_at_unix?: number | null;
  /** The recipient in the batch. */
  id?: string | null;
  /** The number: required. */
  phone_number?: string;
  /** What became of the call: `completed voicemail failed no_answer busy cancelled`; what else it says is looked up at ElevenLabs. */
  status?: string | null;
  /** When it was changed last. */
  updated_at_unix?: number | null;
};
/** A lead or client that may be a contact. */
export type CandidateRow = {
  /** As its own table has it: a number or a text. */
  id: Id;
  /** `lead` or `cliente` */
  tipo: string;
};
/** Why a conversation is closed. */
export type CloseBody = {
  /** Why, in a word. */
  reason?: string | null;
};
/** A row of the history: S0's thirteen columns, and ours. */
export type Communication = {
  /** Its files. */
  adjuntos: AttachmentRow[];
  /** `voz sms whatsapp email messenger webchat` */
  canal: string;
  cliente_id?: Id | null;
  cola?: QueueRow | null;
  /** What it says: of more than 64 KiB the beginning. */
  contenido?: string | null;
  /** Only where `contenido` is the beginning; all of it stands in `contenido_tipado` of the message. */
  contenido_cortado?: boolean;
  contrato_id?: Id | null;
  /** The conversation. */
  conversacion_id?: string | null;
  /** The other party, whichever the direction. */
  destinatario: string;
  /** `entrante` or `saliente` */
  direccion: string;
  /** The seconds that the parties talked, for calls. */
  duracion_seg?: number | null;
  error?: Reason | null;
  /** `en_cola enviando enviado entregado leido recibido fallido desconocido expirado cancelado programado`, or a call's */
  estado: string;
  /** ISO 8601, UTC, milliseconds. */
  fecha_creacion: string;
  /** The row's number in `comunicaciones`; null while it waits for an owner. */
  id?: number | null;
  lead_id?: Id | null;
  /** Our id of the message. */
  mensaje_id: string;
  /** The provider's id. */
  sid_externo?: string | null;
  usuario_id?: Id | null;
};
/** Everything known of one message. */
export type CommunicationDetail = Communication & {
  /** The whole content. */
  contenido_tipado?: Record<string, unknown> | null;
  /** Who or what answered a call, in the provider's words: `human`, `machine_start` … */
  contestada_por?: string | null;
  /** What else the provider said. */
  datos_proveedor?: Record<string, unknown> | null;
  /** Every report on it, oldest first; for a call those of every leg. */
  eventos: StatusRow[];
  /** When the other party wrote, by the provider's clock. */
  fecha_proveedor?: string | null;
  /** The message that it tries again. */
  reintento_de?: string | null;
  /** The provider's id of the message that it answers. */
  responde_a?: string | null;
};
/** A contact with their latest conversations. */
export type ContactDetail = ContactRow & {
  /** Their latest conversations, at most 50. */
  conversaciones: ConversationRow[];
};
/** A person: a contact and those who are joined with them. */
export type ContactRow = {
  /** Leads and clients that may be them: for a person to decide. */
  candidatos: CandidateRow[];
  /** Since when they are known: ISO 8601, UTC. */
  fecha_creacion: string;
  /** The contact that stands for them. */
  id: string;
  /** The addresses under which our accounts know them. */
  identidades: IdentityRow[];
  /** Their name. */
  nombre?: string | null;
  /** The contacts that were joined with this one. */
  unidos: MergedRow[];
};
/** A conversation. */
export type ConversationAnswer = {
  /** The conversation. */
  conversation: ConversationBody;
  /** Always true. */
  success: boolean;
};
/** How a person's conversation with an agent stands: the newest, where there are several. */
export type ConversationBody = {
  /** The agent. */
  agent_id: string;
  /** The agent's name. */
  agent_name?: string | null;
  /** How long the call took. */
  call_duration_secs?: number | null;
  /** What was said in the call, in short. */
  call_summary?: string | null;
  /** The person's name, where it is known. */
  client_name?: string | null;
  /** When it ended. */
  closed_at?: string | null;
  /** ElevenLabs' id of the call. */
  elevenlabs_conversation_id: string;
  error?: ConversationProblem | null;
  /** Our id of it. */
  id: string;
  /** When the last message was stored. */
  last_message_at: string;
  /** How many messages were exchanged since the call. */
  message_count: number;
  /** The last 200 of them, the oldest first. */
  messages: ConversationMessage[];
  /** What was told of the call besides. */
  metadata: Record<string, unknown>;
  /** The person's number, in E.164. */
  phone_number?: string | null;
  /** Why it is closed or escalated, in a word. */
  reason?: string | null;
  /** When the first message was on its way; until then, when the call was told of. */
  started_at: string;
  /** `active`, `escalated` or `closed` */
  status: string;
};
/** A conversation with a page of its messages. */
export type ConversationDetail = ConversationRow & {
  /** Its messages, newest first. */
  mensajes: Communication[];
  /** The cursor of the next page of messages; null at the end. */
  siguiente?: string | null;
};
/** A message. */
export type ConversationMessage = {
  /** What it says. */
  content: string;
  /** `inbound` or `outbound` */
  direction: string;
  /** When it was stored. */
  timestamp: string;
};
/** What went wrong. */
export type ConversationProblem = {
  /** The code: the provider's own where it gave one. */
  code: string;
  /** The same in words. */
  message: string;
};
/** What marking a conversation as read did. */
export type ConversationRead = {
  /** `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told. */
  acuse: string;
  /** Whether something in it was read by nobody until now. */
  cambiado: boolean;
  /** The conversation. */
  conversacion_id: string;
  error?: Reason | null;
};
/** A conversation: of one contact with one of our accounts. */
export type ConversationRow = {
  asignado_a?: Id | null;
  /** What it is about, for e-mail: there each thread is a conversation. */
  asunto?: string | null;
  /** `voz sms whatsapp email messenger webchat` */
  canal: string;
  /** Since when it is closed. */
  cerrada_desde?: string | null;
  /** The contact that stands for the person. */
  contacto_id: string;
  /** The account. */
  cuenta: string;
  /** `abierta pendiente pospuesta cerrada` */
  estado: string;
  /** Since when it is known. */
  fecha_creacion: string;
  /** When the other party last wrote or called, by the provider's clock. */
  fecha_ultimo_entrante?: string | null;
  /** When it was stored: ISO 8601, UTC. */
  fecha_ultimo_mensaje: string;
  /** By it messages are listed, and it is read, assigned and closed. */
  id: string;
  /** Messages that the caller has not read. */
  no_leidos: number;
  /** Their name. */
  nombre?: string | null;
  /** Until when it is put away. */
  pospuesta_hasta?: string | null;
  ultimo_mensaje?: LastRow | null;
};
/** A message of the mailbox, whole. */
export type CorreoDetail = CorreoRow & {
  /** Its files. */
  adjuntos: ArchivoRow[];
  /** What is worth knowing: `automatic`, `defects`, `blocked_images`, `notice`. */
  avisos: Record<string, unknown>;
  /** With hidden copies to whom, of messages of one's own. */
  cco: Corresponsal[];
  /** What it quotes. */
  citado?: string | null;
  /** The same as HTML, safe to be shown: no script, nothing from the network. Its own images are `cid:` of `adjuntos`. */
  html?: string | null;
  /** Its `Message-ID`. */
  message_id?: string | null;
  /** What it answers. */
  responde_a?: string | null;
  /** Where answers are to go. */
  responder_a: Corresponsal[];
  /** What its writer wrote, without what they quote. */
  texto?: string | null;
};
/** A message of the mailbox. */
export type CorreoRow = {
  /** The subject. */
  asunto: string;
  /** With copies to whom. */
  cc: Corresponsal[];
  de?: Corresponsal | null;
  /** Whether the seller has sent it. */
  enviado: boolean;
  /** Gmail's labels. */
  etiquetas: string[];
  /** When Google took it: ISO 8601, UTC. */
  fecha?: string | null;
  /** Gmail's id of its thread. */
  hilo_id?: string | null;
  /** Gmail's id of it in this mailbox. */
  id: string;
  /** Whether it was read. */
  leido: boolean;
  /** Our id of it, where it was sent from here. */
  mensaje_id?: string | null;
  /** To whom. */
  para: Corresponsal[];
  /** Its beginning, as text. */
  resumen: string;
  /** Its size in bytes, about. */
  tamano?: number | null;
};
/** Somebody whom a message names. */
export type Corresponsal = {
  /** The address. */
  direccion: string;
  /** The name beside the address. Its writer chose it. */
  nombre?: string | null;
};
/** What waits. */
export type Counts = {
  /** Files to be fetched. */
  media_pending: number;
  /** For how many seconds the message that waits longest could have been sent; null where none could. */
  outbox_oldest_due_seconds?: number | null;
  /** Messages that wait for their turn or to be tried again. */
  outbox_queued: number;
  /** Messages that wait for their time. */
  outbox_scheduled: number;
  /** Messages of unknown outcome that are looked for. */
  outbox_unknown: number;
  /** Webhooks of accounts that nobody registered. */
  quarantined: number;
  /** Webhooks queued in this process. */
  queued: number;
  /** Messages whose attempt is under way. */
  sending: number;
  /** Messages without a row in `comunicaciones`, for want of an owner. */
  waiting_for_owner: number;
};
/** One event for one endpoint. */
export type DeliveryRow = {
  /** When the event was found in the log. */
  creada: string;
  /** The event's place in the log. */
  cursor: number;
  /** Why the last attempt failed. */
  error?: string | null;
  /** `pendiente entregada fallida` */
  estado: string;
  /** The HTTP status of the last answer. */
  estado_http?: number | null;
  /** Its id: `webhook-id` is `msg_` and this without its dashes, at every attempt. */
  id: string;
  /** How often it was tried. */
  intentos: number;
  /** When it is tried next; only while it waits. */
  proximo_intento?: string | null;
  /** The first bytes of the last answer. */
  respuesta?: string | null;
  /** When it was delivered or given up. */
  terminada?: string | null;
  /** The kind of event. */
  tipo: string;
  /** When it was last tried. */
  ultimo_intento?: string | null;
};
/** One address or several: `ana@example.com`, `Ana <ana@example.com>`, or several of them separated by commas. */
export type Direcciones = string | string[];
/** Which of them are to be discarded. */
export type DiscardBody = {
  /** On this channel. */
  canal?: string | null;
  /** `fallido expirado desconocido` */
  estado: string;
  /** Written before this time: ISO 8601. */
  hasta?: string | null;
};
/** What discarding did. */
export type Discarded = {
  /** Whether it was on the list until now. */
  cambiado: boolean;
  /** The message. */
  mensaje_id: string;
};
/** What discarding many did. */
export type DiscardedCount = {
  /** How many were on the list until now. */
  descartados: number;
  /** Whether there are more: ask again. */
  quedan: boolean;
};
/** An e-mail to be sent. */
export type EmailBody = {
  /** Files, at most 25, and 35 MiB with the text. */
  adjuntos?: AdjuntoBody[];
  /** The subject; that of the message that it answers where absent. */
  asunto?: string | null;
  bcc?: Direcciones | null;
  /** Not after this time, ISO 8601, at most seven days after it may go; the server's own deadline where absent. */
  caduca?: string | null;
  cc?: Direcciones | null;
  cliente_id?: Id | null;
  contrato_id?: Id | null;
  /** The account or mailbox to send from; the user's own mailbox, else the company's address, where absent. */
  cuenta?: string | null;
  /** The text of the mail; of one with HTML what is shown where HTML is not. */
  cuerpo?: string | null;
  /** Another address of the mailbox, of those that Gmail lets it send as. */
  de?: string | null;
  destinatario?: Direcciones | null;
  /** `una_vez` (where absent) or `al_menos_una_vez`: sent again where nobody knows whether it was taken, so that it may arrive twice. */
  entrega?: string | null;
  /** The same as HTML: made safe before it is sent. Without `cuerpo` a text is made of it. */
  html?: string | null;
  lead_id?: Id | null;
  /** Not before this time, ISO 8601, at most 366 days ahead; at once where absent or past. */
  programado_para?: string | null;
  /** The message that it answers: our `mensaje_id`, or Gmail's id of it. */
  responder_a?: string | null;
};
/** Where an endpoint goes on. */
export type EnableBody = {
  /** Whether it is not told of what happened meanwhile. */
  saltar?: boolean;
};
/** An endpoint, or what is to be changed of one. */
export type EndpointBody = {
  /** `voz sms whatsapp email messenger webchat`; empty is all */
  canales?: string[] | null;
  /** What people call it. */
  descripcion?: string | null;
  /** `mensaje estado grabacion archivo edicion conversacion contacto identidad consentimiento cuenta desconocido webhook`; empty is all */
  tipos?: string[] | null;
  /** `https://…`; required for a new one */
  url?: string | null;
};
/** An endpoint, without its key. */
export type EndpointRow = {
  /** The channels of whose messages it is told; empty is all. */
  canales: string[];
  /** When it was made. */
  creado: string;
  /** Everything in the event log up to here has its delivery. */
  cursor: number;
  /** When it was given up. */
  desactivado?: string | null;
  /** What people call it. */
  descripcion?: string | null;
  /** `activo`, `pausado` (by a person) or `desactivado` (given up) */
  estado: string;
  /** The first failure since something was last delivered. */
  falla_desde?: string | null;
  /** By it the endpoint is changed, tried and deleted. */
  id: string;
  /** Why it was given up: `fallos` (nothing but failures for five days) or `eliminado` (it answered 410) */
  motivo?: string | null;
  /** Until when the key before the present one signs as well. */
  secreto_anterior_hasta?: string | null;
  /** The kinds of events that it is told; empty is all. */
  tipos: string[];
  /** Where it is told. */
  url: string;
};
/** What an erasure has emptied or deleted. */
export type ErasedRow = {
  /** Files. */
  archivos: number;
  /** Opt-outs that were kept, as hashes. */
  bajas_conservadas: number;
  /** Messages that were waiting, and will not be sent. */
  cancelados: number;
  /** Contacts that were this person. */
  contactos: number;
  /** Their conversations. */
  conversaciones: number;
  /** Reports on messages. */
  estados: number;
  /** Events that were emptied. */
  eventos: number;
  /** Their addresses. */
  identidades: number;
  /** Messages that were emptied, with their rows in `comunicaciones`. */
  mensajes: number;
  /** Notes. */
  notas: number;
  /** Other updates of providers. */
  novedades: number;
  /** Raw webhooks. */
  webhooks: number;
};
/** The erasure of a person. */
export type ErasureRow = {
  /** What was emptied or deleted until now. */
  borrado: ErasedRow;
  /** Who; null once it is done. */
  contacto_id?: string | null;
  /** `en_curso` or `hecho` */
  estado: string;
  /** When it was done. */
  hecho?: string | null;
  /** By it the progress is asked for. */
  id: string;
  /** Why. */
  motivo?: string | null;
  /** When it was asked for: ISO 8601, UTC. */
  solicitado: string;
  /** By whom. */
  usuario_id: Id;
};
/** The body of every error. */
export type ErrorBody = {
  /** The stable code. */
  code: string;
  /** The field at fault, the provider's words … */
  details: unknown;
  /** A message for a person. */
  error: string;
  /** Always false. */
  success: boolean;
};
/** What a browser opens a stream with, since it can set no header there. */
export type EventsTicket = {
  /** Until when it opens streams, a minute from now: ISO 8601, UTC. What it opened lasts as long as the token. */
  expira: string;
  /** For `?ticket=` of `/api/eventos` and `/ws`; nothing else takes it. */
  ticket: string;
};
/** What was disconnected. */
export type FinRow = {
  /** What that means for the seller. */
  aviso: string;
  /** The mailboxes. */
  desconectados: string[];
  /** Whether the permission was taken back at Google. */
  revocado: boolean;
};
/** How the server is. One body for every seed that asks. */
export type HealthBody = {
  counts?: Counts | null;
  /** Each dependency: `ok`, `error`, `send_only`, `receive_only` or `not_configured`. */
  dependencies: Record<string, string>;
  mailboxes?: MailboxCounts | null;
  /** The name of the service. */
  service: string;
  /** `ok`, `degraded` where an account is stopped, `error`, or `stopping`: it was asked to stop and takes no more than what is under way */
  status: string;
  /** The accounts that are stopped: nothing is sent on them until somebody mends what is the matter. */
  stopped_accounts: StoppedRow[];
  /** Seconds since its start. */
  uptime: number;
  /** Its version. */
  version: string;
  webhooks?: HookCounts | null;
  /** What runs beside the requests. */
  workers: WorkerRow[];
};
/** How outgoing webhooks are. */
export type HookCounts = {
  /** Endpoints that were given up. */
  disabled: number;
  /** Endpoints whose last attempt failed. */
  failing: number;
  /** For how many seconds the oldest of them has waited; null where none does. */
  oldest_seconds?: number | null;
  /** Deliveries that wait. */
  pending: number;
};
/** An id of the caller's system: a number where it is one, else text. */
export type Id = number | string;
/** An address under which an account knows a person. */
export type IdentityRow = {
  cliente_id?: Id | null;
  /** The contact that it belongs to by itself. */
  contacto_id: string;
  contrato_id?: Id | null;
  /** The account. */
  cuenta: string;
  /** The address. */
  direccion: string;
  lead_id?: Id | null;
  /** How they call themselves there. */
  nombre?: string | null;
  /** `phone`, `email`, `whats_app_user` … */
  tipo: string;
  /** Their user name there. */
  usuario?: string | null;
  usuario_id?: Id | null;
};
/** What this is, and where to read on. */
export type Info = {
  /** The channels that can send now. */
  canales: string[];
  /** A page to be read. */
  docs: string;
  /** The OpenAPI document. */
  openapi: string;
  /** The name of the service. */
  service: string;
  /** Its version. */
  version: string;
};
/** Where the browser goes. */
export type InicioRow = {
  /** Whether the mailbox is connected already, with the permission that the other back end has. */
  conectado: boolean;
  /** Google's consent page; where `conectado`, the front end with `gmail=ok`. */
  url: string;
};
/** What an agent is told before it takes a call. */
export type InitiationAnswer = {
  /** What its prompt may name: `client_name agent_name call_summary prior_conversation_id chat_history last_channel last_message_at conversation_status`. All of them are always there. */
  dynamic_variables: Record<string, unknown>;
  /** Always `conversation_initiation_client_data`. */
  type: string;
};
/** Another contact. */
export type JoinBody = {
  /** The contact that is the same person. */
  con?: string;
};
/** The last message of a conversation. */
export type LastRow = {
  /** What it says. */
  contenido?: string | null;
  /** The other party. */
  destinatario: string;
  /** `entrante` or `saliente` */
  direccion: string;
  /** Its state, as in the history. */
  estado: string;
  /** By it the whole message is asked for. */
  mensaje_id: string;
};
/** What marking a message as read did. */
export type LeidoRow = {
  /** Gmail's id of it. */
  id: string;
  /** Whether it is read in the mailbox now. */
  leido: boolean;
  /** Our id of it, where the history has it. */
  mensaje_id?: string | null;
};
/** What a contact belongs to. */
export type LinkBody = {
  cliente_id?: Id | null;
  contrato_id?: Id | null;
  lead_id?: Id | null;
};
/** A page of a list, newest first. */
export type List_AccountRow = {
  /** The rows. */
  data: ({
    /** Whether it is used. */
    activa: boolean;
    /** The number that calls show. */
    caller_id?: string | null;
    /** Its channel. */
    canal: string;
    /** The account above it. */
    cuenta_superior?: string | null;
    /** `<provider>:<the provider's id of it>` */
    id: string;
    /** What people call it. */
    nombre?: string | null;
    /** Its organisation. */
    organizacion_id: string;
    propietario_id?: Id | null;
    ritmo?: PaceRow | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_BuzonRow = {
  /** The rows. */
  data: ({
    /** The address. */
    buzon: string;
    /** The same in a word for programs. */
    codigo?: string | null;
    /** When it was first connected. */
    creado: string;
    /** The account under which its messages are. */
    cuenta: string;
    /** Since when it is in this state. */
    desde: string;
    /** The same in Google's words. */
    detalle?: string | null;
    /** `activo`, `caducado` or `revocado`. */
    estado: string;
    /** Since when no access token can be had for a reason that may pass. */
    falla_desde?: string | null;
    /** How reading goes: `al_dia`, `espera` (it is tried again by itself) or `detenida`; null where it is not read yet. */
    lectura?: string | null;
    /** When reading last went well. */
    leido?: string | null;
    /** Why no mail is fetched or sent, for the seller; null where all is well. */
    motivo?: string | null;
    /** What was permitted. */
    permisos: string[];
    /** When it is read next, unless a push says sooner. */
    proxima_lectura?: string | null;
    /** Whether only the seller can mend it, by connecting the mailbox again. */
    reconectar: boolean;
    /** When it last gave an access token. */
    renovado?: string | null;
    /** When the permission itself ends, where Google said so. */
    termina?: string | null;
    /** The seller. */
    usuario_id: string;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_Communication = {
  /** The rows. */
  data: ({
    /** Its files. */
    adjuntos: AttachmentRow[];
    /** `voz sms whatsapp email messenger webchat` */
    canal: string;
    cliente_id?: Id | null;
    cola?: QueueRow | null;
    /** What it says: of more than 64 KiB the beginning. */
    contenido?: string | null;
    /** Only where `contenido` is the beginning; all of it stands in `contenido_tipado` of the message. */
    contenido_cortado?: boolean;
    contrato_id?: Id | null;
    /** The conversation. */
    conversacion_id?: string | null;
    /** The other party, whichever the direction. */
    destinatario: string;
    /** `entrante` or `saliente` */
    direccion: string;
    /** The seconds that the parties talked, for calls. */
    duracion_seg?: number | null;
    error?: Reason | null;
    /** `en_cola enviando enviado entregado leido recibido fallido desconocido expirado cancelado programado`, or a call's */
    estado: string;
    /** ISO 8601, UTC, milliseconds. */
    fecha_creacion: string;
    /** The row's number in `comunicaciones`; null while it waits for an owner. */
    id?: number | null;
    lead_id?: Id | null;
    /** Our id of the message. */
    mensaje_id: string;
    /** The provider's id. */
    sid_externo?: string | null;
    usuario_id?: Id | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_ContactRow = {
  /** The rows. */
  data: ({
    /** Leads and clients that may be them: for a person to decide. */
    candidatos: CandidateRow[];
    /** Since when they are known: ISO 8601, UTC. */
    fecha_creacion: string;
    /** The contact that stands for them. */
    id: string;
    /** The addresses under which our accounts know them. */
    identidades: IdentityRow[];
    /** Their name. */
    nombre?: string | null;
    /** The contacts that were joined with this one. */
    unidos: MergedRow[];
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_ConversationRow = {
  /** The rows. */
  data: ({
    asignado_a?: Id | null;
    /** What it is about, for e-mail: there each thread is a conversation. */
    asunto?: string | null;
    /** `voz sms whatsapp email messenger webchat` */
    canal: string;
    /** Since when it is closed. */
    cerrada_desde?: string | null;
    /** The contact that stands for the person. */
    contacto_id: string;
    /** The account. */
    cuenta: string;
    /** `abierta pendiente pospuesta cerrada` */
    estado: string;
    /** Since when it is known. */
    fecha_creacion: string;
    /** When the other party last wrote or called, by the provider's clock. */
    fecha_ultimo_entrante?: string | null;
    /** When it was stored: ISO 8601, UTC. */
    fecha_ultimo_mensaje: string;
    /** By it messages are listed, and it is read, assigned and closed. */
    id: string;
    /** Messages that the caller has not read. */
    no_leidos: number;
    /** Their name. */
    nombre?: string | null;
    /** Until when it is put away. */
    pospuesta_hasta?: string | null;
    ultimo_mensaje?: LastRow | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_CorreoRow = {
  /** The rows. */
  data: ({
    /** The subject. */
    asunto: string;
    /** With copies to whom. */
    cc: Corresponsal[];
    de?: Corresponsal | null;
    /** Whether the seller has sent it. */
    enviado: boolean;
    /** Gmail's labels. */
    etiquetas: string[];
    /** When Google took it: ISO 8601, UTC. */
    fecha?: string | null;
    /** Gmail's id of its thread. */
    hilo_id?: string | null;
    /** Gmail's id of it in this mailbox. */
    id: string;
    /** Whether it was read. */
    leido: boolean;
    /** Our id of it, where it was sent from here. */
    mensaje_id?: string | null;
    /** To whom. */
    para: Corresponsal[];
    /** Its beginning, as text. */
    resumen: string;
    /** Its size in bytes, about. */
    tamano?: number | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_DeliveryRow = {
  /** The rows. */
  data: ({
    /** When the event was found in the log. */
    creada: string;
    /** The event's place in the log. */
    cursor: number;
    /** Why the last attempt failed. */
    error?: string | null;
    /** `pendiente entregada fallida` */
    estado: string;
    /** The HTTP status of the last answer. */
    estado_http?: number | null;
    /** Its id: `webhook-id` is `msg_` and this without its dashes, at every attempt. */
    id: string;
    /** How often it was tried. */
    intentos: number;
    /** When it is tried next; only while it waits. */
    proximo_intento?: string | null;
    /** The first bytes of the last answer. */
    respuesta?: string | null;
    /** When it was delivered or given up. */
    terminada?: string | null;
    /** The kind of event. */
    tipo: string;
    /** When it was last tried. */
    ultimo_intento?: string | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_EndpointRow = {
  /** The rows. */
  data: ({
    /** The channels of whose messages it is told; empty is all. */
    canales: string[];
    /** When it was made. */
    creado: string;
    /** Everything in the event log up to here has its delivery. */
    cursor: number;
    /** When it was given up. */
    desactivado?: string | null;
    /** What people call it. */
    descripcion?: string | null;
    /** `activo`, `pausado` (by a person) or `desactivado` (given up) */
    estado: string;
    /** The first failure since something was last delivered. */
    falla_desde?: string | null;
    /** By it the endpoint is changed, tried and deleted. */
    id: string;
    /** Why it was given up: `fallos` (nothing but failures for five days) or `eliminado` (it answered 410) */
    motivo?: string | null;
    /** Until when the key before the present one signs as well. */
    secreto_anterior_hasta?: string | null;
    /** The kinds of events that it is told; empty is all. */
    tipos: string[];
    /** Where it is told. */
    url: string;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_ErasureRow = {
  /** The rows. */
  data: ({
    /** What was emptied or deleted until now. */
    borrado: ErasedRow;
    /** Who; null once it is done. */
    contacto_id?: string | null;
    /** `en_curso` or `hecho` */
    estado: string;
    /** When it was done. */
    hecho?: string | null;
    /** By it the progress is asked for. */
    id: string;
    /** Why. */
    motivo?: string | null;
    /** When it was asked for: ISO 8601, UTC. */
    solicitado: string;
    /** By whom. */
    usuario_id: Id;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_NoteRow = {
  /** The rows. */
  data: ({
    /** When: ISO 8601, UTC. */
    fecha_creacion: string;
    /** Sets it apart from notes of the same moment. */
    id: string;
    /** What it says. */
    texto: string;
    /** Who wrote it. */
    usuario_id: Id;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_OrganizationRow = {
  /** The rows. */
  data: ({
    /** Its id, as the tokens of its users name it. */
    id: string;
    /** What people call it. */
    nombre: string;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_QuarantineRow = {
  /** The rows. */
  data: ({
    /** The account as the provider names it. */
    cuenta: string;
    /** Since when. */
    desde: string;
    /** How many webhooks wait. */
    webhooks: number;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_RedrivenRow = {
  /** The rows. */
  data: ({
    /** The code of why it was not. */
    code?: string | null;
    /** The state of the new one. */
    estado?: string | null;
    /** The message. */
    mensaje_id: string;
    /** The new one, where it was tried again. */
    nuevo_mensaje_id?: string | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_TemplateRow = {
  /** The rows. */
  data: ({
    /** Meta's category. */
    categoria: string;
    /** Its language. */
    idioma: string;
    /** The name to send it by. */
    nombre: string;
    /** The text with its placeholders. */
    texto: string;
    /** The values that it takes, in their order. */
    variables: VariableRow[];
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** A page of a list, newest first. */
export type List_TokenRow = {
  /** The rows. */
  data: ({
    /** When it was made. */
    creado: string;
    /** By it the token is revoked. */
    id: string;
    /** What it is for. */
    nombre: string;
    /** Since when it is void. */
    revocado?: string | null;
  })[];
  /** The cursor of the next page; null at the end. */
  siguiente?: string | null;
  /** Always true. */
  success: boolean;
};
/** How the mailboxes are. */
export type MailboxCounts = {
  /** Those that are connected. */
  active: number;
  /** Those that must be connected again. */
  ended: number;
  /** Those among them that give no access at present. */
  failing: number;
  /** Those that stand still, the longest first: the first twenty, without their addresses. */
  still: StillRow[];
};
/** One address or several. */
export type MediaUrls = string | string[];
/** A contact that was joined to another. */
export type MergedRow = {
  /** When: ISO 8601, UTC. */
  fecha: string;
  /** Its id: what `separar` takes. */
  id: string;
  /** What a user here named it, else what the provider said. */
  nombre?: string | null;
  /** The contact that it was joined to. */
  unido_a: string;
  /** By whom. */
  usuario_id: Id;
};
/** A contact's name. */
export type NameBody = {
  /** The name; null = as they call themselves. */
  nombre?: string | null;
};
/** An endpoint with its key: shown this once. */
export type NewEndpointRow = EndpointRow & {
  /** The key that signs, `whsec_…`. */
  secreto: string;
};
/** A new key: shown this once. */
export type NewSecretRow = {
  /** The key that signs, `whsec_…`. */
  secreto: string;
};
/** A service token, with its text: shown this once. */
export type NewTokenRow = TokenRow & {
  /** To be sent as `X-Service-Token`. */
  token: string;
};
/** What is to be noted. */
export type NoteBody = {
  /** The text, at most 10,000 characters. */
  texto?: string;
};
/** A note: seen by users, never sent. */
export type NoteRow = {
  /** When: ISO 8601, UTC. */
  fecha_creacion: string;
  /** Sets it apart from notes of the same moment. */
  id: string;
  /** What it says. */
  texto: string;
  /** Who wrote it. */
  usuario_id: Id;
};
/** The name of an organisation. */
export type OrganizationBody = {
  /** What people call it; may be changed at any time. */
  nombre: string;
};
/** An organisation. */
export type OrganizationRow = {
  /** Its id, as the tokens of its users name it. */
  id: string;
  /** What people call it. */
  nombre: string;
};
/** How fast an account is sent on, and whether it is. */
export type PaceRow = {
  /** The provider's code, or the kind of the error. */
  codigo?: string | null;
  /** Since when it is stopped. */
  desde?: string | null;
  /** `activa`, `pausada` (the provider asks for silence) or `detenida` (sending would be in vain) */
  estado: string;
  /** Until when it is paused, or when one message shows whether it works again. */
  hasta?: string | null;
  /** Why it is paused or stopped. */
  motivo?: string | null;
  /** Messages a second in the long run; null = no limit. */
  por_segundo?: number | null;
  /** Whether the operator has set that. */
  propio: boolean;
};
/** How a test ended. */
export type PingRow = {
  /** How long it took, in milliseconds. */
  duracion_ms: number;
  /** Whether it was taken. */
  entregado: boolean;
  /** Why it was not taken. */
  error?: string | null;
  /** The HTTP status of the answer. */
  estado_http?: number | null;
  /** The first bytes of the answer. */
  respuesta?: string | null;
};
/** An account that nobody registered, and what waits for it. */
export type QuarantineRow = {
  /** The account as the provider names it. */
  cuenta: string;
  /** Since when. */
  desde: string;
  /** How many webhooks wait. */
  webhooks: number;
};
/** First messages and answers of agents. */
export type QueueBody = {
  /** Those that are under way. */
  active: number;
  /** Those that were done today. */
  completed: number;
  /** Those that were given up today. */
  failed: number;
  /** Those that wait. */
  waiting: number;
};
/** How a message stands in the queue. */
export type QueueRow = {
  /** Not sent after this. */
  caduca?: string | null;
  /** `una_vez` or `al_menos_una_vez` */
  entrega: string;
  /** How often it was tried. */
  intentos: number;
  /** Not sent before this: ISO 8601, UTC. */
  proximo_intento: string;
};
/** What marking a message as read did. */
export type ReadAnswer = {
  /** `enviado`, `no_necesario`, `no_admitido` or `fallido`: whether the other party was told. */
  acuse: string;
  /** Whether it was unread until now. */
  cambiado: boolean;
  error?: Reason | null;
  /** The message. */
  mensaje_id: string;
};
/** Whether the webhooks of a channel are taken. */
export type Ready = {
  /** The channel of the path: `voip`, `sms`, `whatsapp` or `email`. */
  channel: string;
  /** Whether its webhooks are taken. */
  configured: boolean;
  /** Always true. */
  success: boolean;
};
/** What a stream says of itself. */
export type RealtimeControl = {
  /** The cursor to come back with: everything wanted up to here has been told. */
  cursor: number;
  /** Why: `cursor_vencido` with `reinicio`. Why it ends: `lento` (events came faster than they were taken), `parada` (the server restarts), `caducado` (the permission has ended: bring a new token or ticket), `no_disponible` (the database is away). */
  motivo?: string | null;
  /** How long to wait before coming back, in milliseconds. */
  reintentar_ms?: number | null;
  /** `reinicio`: the log begins later than where the client stood, read what you show anew. `listo`: everything up to now has been told. `latido`: a sign of life. `fin`: the stream ends, come back. */
  tipo: string;
};
/** Something that happened. Enough to bring a list up to date without asking for more. */
export type RealtimeEvent = {
  /** What changed of a conversation: `leida estado reabierta despertada asignada nota continuada escalada agente_terminado`, or of a contact: `creado nombrado unido separado vinculado`, or of a mailbox that is read: `detenida reanudada` (reading it); null for other events. */
  cambio?: string | null;
  /** `voz sms whatsapp email messenger webchat`; null where it concerns no message */
  canal?: string | null;
  cliente_id?: Id | null;
  /** Why, in a word for programs, where a mailbox is not read any more (`cambio` `detenida`). */
  codigo?: string | null;
  /** The contact that an event of a contact is about. */
  contacto_id?: string | null;
  contrato_id?: Id | null;
  /** The conversation. */
  conversacion_id?: string | null;
  /** The account that an event of an account (`cuenta`) is about. */
  cuenta?: string | null;
  /** Its place in the log: greater than that of every event before it. Come back with it after a break. */
  cursor: number;
  /** `entrante` or `saliente` */
  direccion?: string | null;
  /** The state of the message now, which never goes back. */
  estado?: string | null;
  /** The state that this event reports; may be behind `estado`. */
  estado_informado?: string | null;
  /** When it was stored: ISO 8601, UTC, milliseconds. */
  fecha: string;
  fila?: Communication | null;
  /** The row's number in `comunicaciones`. */
  id?: number | null;
  lead_id?: Id | null;
  /** The message. */
  mensaje_id?: string | null;
  /** `mensaje estado grabacion archivo edicion conversacion contacto identidad consentimiento cuenta desconocido`; expect others too */
  tipo: string;
  usuario_id?: Id | null;
};
/** Why something failed. */
export type Reason = {
  /** The provider's code. */
  codigo: string;
  /** What it says. */
  mensaje: string;
  /** How it is classified, for instance `window_closed`. */
  tipo: string;
};
/** What is to be tried again. */
export type RedriveBody = {
  /** `fallido` or `expirado`; both where absent. */
  estado?: string | null;
};
/** Since when. */
export type RedriveSinceBody = {
  /** Events found since this time: ISO 8601. */
  desde: string;
};
/** How many are told again. */
export type RedrivenCount = {
  /** How many. */
  reintentadas: number;
};
/** A message that was tried again, or why not. */
export type RedrivenRow = {
  /** The code of why it was not. */
  code?: string | null;
  /** The state of the new one. */
  estado?: string | null;
  /** The message. */
  mensaje_id: string;
  /** The new one, where it was tried again. */
  nuevo_mensaje_id?: string | null;
};
/** An answer: `mensaje` (with `media_urls`), or `template`, or `contenido`. */
export type ReplyBody = {
  /** Any other content, by its `type`, as in `/whatsapp/enviar`. */
  contenido?: Record<string, unknown> | null;
  /** The template's language; `es` where absent. */
  idioma?: string | null;
  /** Public addresses of files. */
  media_urls?: string[];
  /** Plain text. */
  mensaje?: string | null;
  /** The template's values: a list in their order, or an object by name. */
  params?: Record<string, unknown> | null;
  /** Our id of the message that it quotes. */
  responde_a?: string | null;
  /** The name of a template. */
  template?: string | null;
};
/** What resuming did. */
export type Resumed = {
  /** Whether it was stopped until now. */
  cambiado: boolean;
  /** The account. */
  cuenta_id: string;
};
/** A message to be sent: `mensaje`, or `template`, or `contenido`. */
export type SendBody = {
  /** Not after this time, ISO 8601, at most seven days after it may go; the server's own deadline where absent. */
  caduca?: string | null;
  cliente_id?: Id | null;
  /** Any other content, by its `type`: `text media template interactive reaction location contacts native`. */
  contenido?: Record<string, unknown> | null;
  contrato_id?: Id | null;
  /** The account to send from; the user's own, else the organisation's first, where absent. */
  cuenta?: string | null;
  /** `una_vez` (where absent) or `al_menos_una_vez`: sent again where nobody knows whether it was taken, so that it may arrive twice. */
  entrega?: string | null;
  /** The template's language; found out where absent. */
  idioma?: string | null;
  lead_id?: Id | null;
  /** Plain text, at most 4,096 characters. */
  mensaje?: string | null;
  /** The template's values: a list in their order, or an object by name. */
  params?: Record<string, unknown> | null;
  /** Not before this time, ISO 8601, at most 366 days ahead; at once where absent or past. */
  programado_para?: string | null;
  /** Our id of the message that it answers. */
  responde_a?: string | null;
  telefono?: Id | null;
  /** The name of a template. */
  template?: string | null;
};
/** An SMS, or an MMS where it has files. */
export type SmsBody = {
  /** Not after this time, ISO 8601, at most seven days after it may go; the server's own deadline where absent. */
  caduca?: string | null;
  cliente_id?: Id | null;
  contrato_id?: Id | null;
  /** The account to send from; the user's own, else the organisation's first, where absent. */
  cuenta?: string | null;
  /** `una_vez` (where absent) or `al_menos_una_vez`: sent again where nobody knows whether it was taken, so that it may arrive twice. */
  entrega?: string | null;
  hacia?: Id | null;
  lead_id?: Id | null;
  /** Public addresses of files, at most ten. */
  media_urls?: string[];
  /** The text, at most 1,600 characters. */
  mensaje?: string | null;
  /** Not before this time, ISO 8601, at most 366 days ahead; at once where absent or past. */
  programado_para?: string | null;
};
/** An SMS that was sent: its row, and what it is charged as. */
export type SmsRow = Communication & {
  /** `GSM-7` or `UCS-2`: one character outside of GSM-7 makes all of it UCS-2. */
  codificacion?: string | null;
  /** How many messages the text is charged as; null for one with files. */
  segmentos?: number | null;
};
/** The state of a conversation. */
export type StateBody = {
  /** `abierta pendiente pospuesta cerrada` */
  estado?: string;
  /** Until when, for `pospuesta`: ISO 8601, in the future. */
  hasta?: string | null;
};
/** The figures. */
export type StatsAnswer = {
  /** The figures of the organisation. `docs/api.md` says how each is counted. */
  stats: StatsBody;
  /** Always true. */
  success: boolean;
};
/** The figures of an organisation. */
export type StatsBody = {
  /** Conversations whose agent answers at this moment. */
  active_conversations: number;
  agent?: AgentBody | null;
  /** From the last message of a burst to the agent's answer, on average of today; 0 where none was answered. */
  avg_response_time_seconds: number;
  /** Messages that people wrote today in these conversations. */
  messages_received_today: number;
  /** Messages that agents sent today, first messages among them. */
  messages_sent_today: number;
  /** The steps: first messages and answers. */
  queue: QueueBody;
  /** Of the conversations of today, in how many of a hundred the person has written. */
  response_rate: number;
  /** When today began. */
  since: string;
  /** In which time zone. */
  time_zone: string;
  /** Conversations whose first message was on its way today. */
  total_conversations_today: number;
};
/** One report on a message. */
export type StatusRow = {
  /** Who or what answered, by its word. */
  contestada_por?: string | null;
  /** What else the provider said. */
  datos_proveedor?: Record<string, unknown> | null;
  /** The seconds that it tells of, for calls. */
  duracion_seg?: number | null;
  error?: Reason | null;
  /** What it means; null for a word that is not understood. */
  estado?: string | null;
  /** The provider's word. */
  estado_proveedor: string;
  /** When, by the provider's clock. */
  fecha: string;
  /** When it was stored. */
  registrado: string;
};
/** A mailbox that stands still. */
export type StillRow = {
  /** Its id; `comms-server credentials list` and an administrator's list show the address. */
  id: string;
  /** Why, in a word. */
  reason?: string | null;
  /** Since when. */
  since: string;
  /** `active`, `expired` or `revoked`. */
  state: string;
};
/** An account that is stopped. */
export type StoppedRow = {
  /** Which. */
  account: string;
  /** When it is tried again. */
  next_try?: string | null;
  /** The provider's code, or the kind of the error. */
  reason?: string | null;
  /** Since when. */
  since?: string | null;
};
/** A template that can be used now. */
export type TemplateRow = {
  /** Meta's category. */
  categoria: string;
  /** Its language. */
  idioma: string;
  /** The name to send it by. */
  nombre: string;
  /** The text with its placeholders. */
  texto: string;
  /** The values that it takes, in their order. */
  variables: VariableRow[];
};
/** What a token is for. */
export type TokenBody = {
  /** What it is for. */
  nombre: string;
};
/** A service token, without its text. */
export type TokenRow = {
  /** When it was made. */
  creado: string;
  /** By it the token is revoked. */
  id: string;
  /** What it is for. */
  nombre: string;
  /** Since when it is void. */
  revocado?: string | null;
};
/** A message to be sent. */
export type TwilioBody = {
  mediaUrl?: MediaUrls | null;
  /** The text, at most 1,600 characters; may be absent beside a file. */
  message?: string | null;
  to?: Id | null;
};
/** How Twilio's channel is. */
export type TwilioHealth = {
  /** Always `twilio`. */
  channel: string;
  /** What it sends: `voice sms whatsapp`. */
  channels: string[];
  /** `ok`, `send_only`, `receive_only` or `not_configured`, as in `/health` */
  status: string;
  /** Whether it sends and receives. */
  success: boolean;
  /** ISO 8601, UTC. */
  timestamp: string;
};
/** A message that was sent. */
export type TwilioSent = {
  /** Our id of it. */
  messageId: string;
  /** Twilio's id of it: `SM…` or `MM…`; null while not known. */
  sid?: string | null;
  /** `accepted sent delivered read failed unknown` */
  status: string;
  /** Always true. */
  success: boolean;
  /** The recipient. */
  to: string;
};
/** How a message fares. */
export type TwilioStatus = {
  /** When it was stored: ISO 8601, UTC. */
  dateCreated: string;
  /** Whether it came from the other party. */
  direction: string;
  /** Twilio's code of why it failed. */
  errorCode?: string | null;
  /** Why it failed. */
  errorMessage?: string | null;
  /** Our id of it. */
  messageId: string;
  /** Twilio's id of it. */
  sid?: string | null;
  /** `accepted sent delivered read received failed unknown`, for calls `initiated ringing answered completed busy no-answer failed canceled` */
  status: string;
  /** Always true. */
  success: boolean;
  /** The other party. */
  to: string;
};
/** A value that a template takes. */
export type VariableRow = {
  /** `header`, `body` or `button:<index>`. */
  componente: string;
  /** An example. */
  ejemplo?: string | null;
  /** `text image video document location` */
  formato: string;
  /** Its number or name. */
  nombre: string;
};
/** With what a browser calls and is called. */
export type VoiceToken = {
  /** Until when it is valid: ISO 8601, UTC. Ask for another before. */
  expires_at: string;
  /** The browser's name at Twilio: the user's alone. */
  identity: string;
  /** For `new Device(token)` of `@twilio/voice-sdk`. */
  token: string;
};
/** How a worker is. */
export type WorkerRow = {
  /** Whether it runs. */
  alive: boolean;
  /** Since when every round has failed. */
  failing_since?: string | null;
  /** What the worker does, as in `outbox`. */
  name: string;
};
