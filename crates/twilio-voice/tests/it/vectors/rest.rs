//! Answers about calls, recordings and streams: read without loss.

use std::{env, fs, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use twilio_voice::model::{call::Call, recording::Recording, stream::MediaStream};

use super::{file, report};

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    status: u16,
    request: Request,
}

#[derive(Deserialize)]
struct Request {
    path: String,
}

#[test]
fn rest() {
    let Some(manifest) = file::<Manifest>("rest/manifest.json") else { return };
    let ours = manifest.files.iter().filter(|case| case.status < 300 && !case.file.ends_with(".txt"));
    let about = ["/Calls", "/Recordings"];
    let ours = ours.filter(|case| about.iter().any(|part| case.request.path.contains(part)));
    let ours = ours.filter(|case| !case.file.starts_with("error_"));
    report("rest answers of calls", ours.map(|case| (case.file.as_str(), case)), |case: &Case| {
        let path = PathBuf::from(env::var_os("COMMS_VECTORS").unwrap()).join("twilio/rest").join(&case.file);
        let value: Value = serde_json::from_slice(&fs::read(path).unwrap()).map_err(|error| error.to_string())?;
        let path = case.request.path.as_str();
        let list = |key: &str| value[key].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        if path.contains("/Streams") {
            same::<MediaStream>(&value)
        } else if path.contains("/Recordings") {
            list("recordings").iter().try_for_each(same::<Recording>)
        } else if path.contains("/Events") {
            // Handed on as they come.
            Ok(())
        } else {
            list("calls").iter().try_for_each(same::<Call>)
        }
    });
}

/// Read and written again it is the same, but for what was `null`; and every field of the examples has one of its own.
fn same<T: DeserializeOwned + Serialize + HasExtra>(value: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let fields = value.as_object().into_iter().flatten();
    let wanted: Value =
        fields.filter(|(_, field)| !field.is_null()).map(|(name, field)| (name.clone(), field.clone())).collect();
    if without_nulls(&written) != wanted {
        return Err(format!("read {wanted}, wrote {written}"));
    }
    let unknown: Vec<_> = read.extra().keys().filter(|name| !value[name.as_str()].is_null()).collect();
    if unknown.is_empty() { Ok(()) } else { Err(format!("without a field of their own: {unknown:?}")) }
}

fn without_nulls(value: &Value) -> Value {
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(_, field)| !field.is_null()).map(|(name, field)| (name.clone(), field.clone())).collect()
}

trait HasExtra {
    fn extra(&self) -> &twilio_voice::model::Extra;
}

macro_rules! has_extra {
    ($($type:ty),+) => { $(
        impl HasExtra for $type {
            fn extra(&self) -> &twilio_voice::model::Extra {
                &self.extra
            }
        }
    )+ };
}

has_extra!(Call, Recording, MediaStream);
