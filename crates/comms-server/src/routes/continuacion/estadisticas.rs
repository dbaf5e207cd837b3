//! The figures of the calls that go on.

use actix_web::{HttpResponse, web};
use comms_engine::AgentHealth;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::{
    app::State,
    auth::Reader,
    errors::{ApiError, ErrorBody},
};

/// The figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsAnswer {
    /// Always true.
    pub success: bool,
    /// The figures of the organisation. `docs/api.md` says how each is counted.
    pub stats: StatsBody,
}

/// The figures of an organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsBody {
    /// Conversations whose agent answers at this moment.
    pub active_conversations: i64,
    /// Conversations whose first message was on its way today.
    pub total_conversations_today: i64,
    /// Messages that agents sent today, first messages among them.
    pub messages_sent_today: i64,
    /// Messages that people wrote today in these conversations.
    pub messages_received_today: i64,
    /// Of the conversations of today, in how many of a hundred the person has written.
    pub response_rate: f64,
    /// From the last message of a burst to the agent's answer, on average of today; 0 where none was answered.
    pub avg_response_time_seconds: f64,
    /// The steps: first messages and answers.
    pub queue: QueueBody,
    /// When today began.
    #[schema(format = DateTime)]
    pub since: String,
    /// In which time zone.
    #[schema(example = "America/Bogota")]
    pub time_zone: String,
    /// How ElevenLabs is, as this process sees it; null where there is no key.
    pub agent: Option<AgentBody>,
}

/// First messages and answers of agents.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueBody {
    /// Those that wait.
    pub waiting: i64,
    /// Those that are under way.
    pub active: i64,
    /// Those that were done today.
    pub completed: i64,
    /// Those that were given up today.
    pub failed: i64,
}

/// How ElevenLabs is.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentBody {
    /// Whether it did what it was asked last.
    pub ok: bool,
    /// Since when it does not.
    #[schema(format = DateTime)]
    pub failing_since: Option<String>,
    /// The code of what it said last.
    #[schema(example = "invalid_api_key")]
    pub code: Option<String>,
    /// Until when it is left in peace.
    #[schema(format = DateTime)]
    pub paused_until: Option<String>,
}

impl From<AgentHealth> for AgentBody {
    fn from(health: AgentHealth) -> Self {
        Self {
            ok: health.is_ok(),
            failing_since: health.failing_since.map(moment),
            code: health.problem.map(|problem| problem.code),
            paused_until: health.paused_until.map(moment),
        }
    }
}

/// The figures of the calls that go on, of the caller's organisation.
///
/// # Errors
/// 401 without a token.
#[utoipa::path(get, path = "/api/stats", tag = "continuacion", responses((status = 200, body = StatsAnswer), (status = 401, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn stats(Reader(scope): Reader, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let elevenlabs = &state.settings.elevenlabs;
    let since = elevenlabs.day_began(state.clock.now());
    let figures = state.engine.continuation_figures(&scope.organization, since).await?;
    let stats = StatsBody {
        active_conversations: figures.active_conversations,
        total_conversations_today: figures.total_conversations_today,
        messages_sent_today: figures.messages_sent_today,
        messages_received_today: figures.messages_received_today,
        response_rate: figures.response_rate,
        avg_response_time_seconds: figures.avg_response_time_seconds,
        queue: QueueBody {
            waiting: figures.queue.waiting,
            active: figures.queue.active,
            completed: figures.queue.completed,
            failed: figures.queue.failed,
        },
        since: moment(since),
        time_zone: elevenlabs.time_zone.clone(),
        agent: state.engine.agent_health().map(Into::into),
    };
    Ok(HttpResponse::Ok().json(StatsAnswer { success: true, stats }))
}
