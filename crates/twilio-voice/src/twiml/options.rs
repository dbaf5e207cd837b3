//! Values of attributes.

use comms_http::open_enum;

open_enum! {
    /// With which HTTP method Twilio calls.
    pub enum Method {
        /// The parameters are in the query.
        Get = "GET",
        /// The parameters are in the body.
        Post = "POST",
    }
}

open_enum! {
    /// A step of a dialled leg.
    pub enum CallEvent {
        /// Twilio starts to dial.
        Initiated = "initiated",
        /// It rings.
        Ringing = "ringing",
        /// It was answered.
        Answered = "answered",
        /// It has ended, however it ended.
        Completed = "completed",
    }
}

open_enum! {
    /// What else `<Dial>` reports.
    pub enum DialEvent {
        /// Progress of the call.
        CallProgress = "call-progress-event",
    }
}

open_enum! {
    /// Whether a dialled call is recorded.
    pub enum DialRecord {
        /// No.
        DoNotRecord = "do-not-record",
        /// From the answer on, in one channel.
        FromAnswer = "record-from-answer",
        /// From ringing on, in one channel.
        FromRinging = "record-from-ringing",
        /// From the answer on, a channel for each side.
        FromAnswerDual = "record-from-answer-dual",
        /// From ringing on, a channel for each side.
        FromRingingDual = "record-from-ringing-dual",
    }
}

open_enum! {
    /// A step of a recording.
    pub enum RecordingEvent {
        /// It has started.
        InProgress = "in-progress",
        /// It can be fetched.
        Completed = "completed",
        /// There is none: nothing was heard.
        Absent = "absent",
    }
}

open_enum! {
    /// Which side of a call is recorded.
    pub enum RecordingTrack {
        /// Both sides.
        Both = "both",
        /// What Twilio receives.
        Inbound = "inbound",
        /// What Twilio sends.
        Outbound = "outbound",
    }
}

open_enum! {
    /// How many channels a recording has.
    pub enum Channels {
        /// One for both sides.
        Mono = "mono",
        /// One for each side.
        Dual = "dual",
    }
}

open_enum! {
    /// What becomes of silence at both ends of a recording.
    pub enum Trim {
        /// It is cut off.
        TrimSilence = "trim-silence",
        /// It stays.
        DoNotTrim = "do-not-trim",
    }
}

open_enum! {
    /// When a beep announces who joins or leaves a conference.
    pub enum Beep {
        /// Both times.
        Always = "true",
        /// Never.
        Never = "false",
        /// When somebody joins.
        OnEnter = "onEnter",
        /// When somebody leaves.
        OnExit = "onExit",
    }
}

open_enum! {
    /// What happens in a conference.
    pub enum ConferenceEvent {
        /// It starts.
        Start = "start",
        /// It ends.
        End = "end",
        /// Somebody joins.
        Join = "join",
        /// Somebody leaves.
        Leave = "leave",
        /// Somebody is muted or unmuted.
        Mute = "mute",
        /// Somebody is held or let go on.
        Hold = "hold",
        /// A participant is changed.
        Modify = "modify",
        /// Somebody starts or stops to speak.
        Speaker = "speaker",
        /// An announcement starts or ends.
        Announcement = "announcement",
    }
}

open_enum! {
    /// Whether a conference is recorded.
    pub enum ConferenceRecord {
        /// No.
        DoNotRecord = "do-not-record",
        /// From the start on.
        FromStart = "record-from-start",
    }
}

open_enum! {
    /// How much delay may smooth out an uneven connection.
    pub enum JitterBuffer {
        /// Much.
        Large = "large",
        /// Some.
        Medium = "medium",
        /// Little.
        Small = "small",
        /// None.
        Off = "off",
    }
}

open_enum! {
    /// A step of the call of a conversation.
    pub enum ConversationEvent {
        /// Twilio starts to dial.
        Initiated = "call-initiated",
        /// It rings.
        Ringing = "call-ringing",
        /// It was answered.
        Answered = "call-answered",
        /// It has ended.
        Completed = "call-completed",
    }
}

open_enum! {
    /// Whether the call of a conversation is recorded.
    pub enum ConversationRecord {
        /// No.
        DoNotRecord = "do-not-record",
        /// From the answer on, in one channel.
        FromAnswer = "record-from-answer",
        /// From ringing on, in one channel.
        FromRinging = "record-from-ringing",
        /// From the answer on, a channel for each side.
        FromAnswerDual = "record-from-answer-dual",
        /// From ringing on, a channel for each side.
        FromRingingDual = "record-from-ringing-dual",
        /// Yes.
        On = "true",
        /// No.
        Off = "false",
    }
}

open_enum! {
    /// What is listened for.
    pub enum GatherInput {
        /// Keys.
        Dtmf = "dtmf",
        /// Speech.
        Speech = "speech",
    }
}

open_enum! {
    /// What a caller who is refused hears.
    pub enum RejectReason {
        /// That the number is not in service.
        Rejected = "rejected",
        /// The busy tone.
        Busy = "busy",
    }
}

open_enum! {
    /// Which side of a call is sent or transcribed.
    pub enum MediaTrack {
        /// What Twilio receives.
        Inbound = "inbound_track",
        /// What Twilio sends.
        Outbound = "outbound_track",
        /// Both sides.
        Both = "both_tracks",
    }
}
